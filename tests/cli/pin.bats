# SPDX-License-Identifier: MIT
# nsx-pin: add, rm, ls, identify, pids, mv, gc.
load ../lib/common
load ../lib/pins

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  cd "$BATS_TEST_TMPDIR" || return
}

@test "add: a network namespace, kept as by ip netns, with lo up" {
  run -0 in_own_run '
    nsx-pin add blue
    type_of /run/netns/blue
    findmnt -n -o PROPAGATION /run/netns | tail -n 1
    nsx-pin exec blue -- sh -c "stat -L -c %i /proc/self/ns/net; cat /sys/class/net/lo/operstate"
    inode_of /run/netns/blue
    umount /run/netns/blue
    stat -c "%a %s" /run/netns/blue'
  [ "${lines[0]} ${lines[1]}" = "nsfs shared" ]
  [ "${lines[2]}" = "${lines[4]}" ]
  [ "${lines[3]}" = unknown ]
  [ "${lines[5]}" = "0 0" ]
}

# bats test_tags=slow
@test "add --no-lo leaves it down" {
  run -0 in_own_run 'nsx-pin add --no-lo blue; nsx-pin exec blue -- cat /sys/class/net/lo/operstate'
  [ "$output" = down ]
}

@test "add: stays in its namespaces, also without the right to return to its network" {
  # Root in a user namespace that does not own its network namespace.
  run -0 in_own_run '
    mkdir /run/pins
    unshare --user --map-root-user --mount sh -c "
      nsx-pin add --dir=/run/pins blue
      nsx-pin exec --dir=/run/pins blue -- ip -br link
      nsx-pin exec --dir=/run/pins blue -- readlink /proc/self/ns/net
      readlink /proc/self/ns/net
      nsx-pin rm --dir=/run/pins blue"
    readlink /proc/self/ns/net'
  [[ "${lines[0]}" = "lo "*"<LOOPBACK,UP,LOWER_UP>"* ]]
  [ "${lines[1]}" != "${lines[2]}" ]
  [ "${lines[2]}" = "${lines[3]}" ]
}

@test "add: exec enters namespaces of every kind, alone and together" {
  run -0 in_own_run '
    for kind in '"$(all_kinds | tr '\n' ' ')"'; do
      nsx-pin add "one-$kind" --$kind
      [ "$(type_of /run/${kind}ns/one-$kind)" = nsfs ]
      found=$(nsx-pin exec "one-$kind" --preserve-credentials -- stat -L -c %i /proc/self/ns/$kind)
      [ "$found" = "$(inode_of /run/${kind}ns/one-$kind)" ]
      [ "$found" != "$(inode_of /proc/self/ns/$kind)" ]
    done
    nsx-pin add some -iu
    nsx-pin exec some -- sh -c "stat -L -c %i /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/net" >found
    cat /dev/null >wanted
    for file in /run/ipcns/some /run/utsns/some /proc/self/ns/net; do inode_of $file >>wanted; done
    cmp found wanted
    nsx-pin rm --all
    find /run -type f; grep -c nsfs /proc/self/mountinfo || true'
  [ "$output" = 0 ] || [ "${lines[-1]}" = "$(grep -c nsfs /proc/self/mountinfo)" ]
}

# bats test_tags=any-kernel
@test "add --all: a program sets it up, an init stays until rm" {
  run -0 in_own_run '
    nsx-pin add web --all -- hostname inside
    nsx-pin exec web -- sh -c "hostname; cat /proc/1/comm; id -u"
    nsx-pin ls -n -o KIND,STATE | xargs
    fails no_live_init
    nsx-pin rm web
    no_live_init
    find /run -type f'
  [ "${lines[0]} ${lines[1]} ${lines[2]}" = "inside nsx-pin-init 0" ]
  [ "${lines[3]}" = "$(all_kinds | sed 's/$/ live/' | xargs)" ]
  [ "${#lines[@]}" = 4 ]
}

# bats test_tags=slow
@test "add: a failing program leaves no pin" {
  run -0 in_own_run '
    before=$(grep " /run" /proc/self/mountinfo)
    nsx-pin add blue -nup -- sh -c "exit 7" || echo "status $?"
    nsx-pin add blue -- nsx-no-such-program || echo "status $?"
    nsx-pin add blue -- sh -c "kill -TERM \$\$" || echo "status $?"
    [ "$before" = "$(grep " /run" /proc/self/mountinfo)" ]
    find /run -type f
    inits_end'
  [[ "${lines[0]}" = *"cannot pin blue: sh exited with status 7" ]]
  [ "${lines[1]}" = "status 7" ]
  [[ "${lines[2]}" = *"cannot execute nsx-no-such-program: No such file or directory" ]]
  [ "${lines[3]}" = "status 1" ]
  [ "${lines[5]}" = "status 143" ]
  [ "${#lines[@]}" = 6 ]
}

# bats test_tags=any-kernel
@test "add -t, and attach: the namespaces of a process" {
  spawn_in net unshare --net --uts
  export pid
  run -0 in_own_run '
    nsx-pin add -t $pid blue
    nsx-pin attach red $pid --uts --net
    inode_of /run/netns/blue
    inode_of /run/netns/red
    inode_of /run/utsns/red
    ls /run
    fails nsx-pin add blue -t $pid -- true
    fails nsx-pin add blue -t 4194305'
  [ "${lines[0]} ${lines[1]} ${lines[2]}" = "$(ns_of "$pid" net) $(ns_of "$pid" net) $(ns_of "$pid" uts)" ]
  [ "${lines[3]} ${lines[4]}" = "netns utsns" ]
}

spawn_in() {
  local kind=$1
  shift
  spawn "$@" sleep 300
  wait_until has_left "$pid" "$kind"
}

# bats test_tags=slow
@test "add: all kinds or none, if one already has the name" {
  run -0 in_own_run '
    nsx-pin add blue --uts
    before=$(find /run | sort; grep " /run" /proc/self/mountinfo)
    nsx-pin add blue -niu -- touch "$BATS_TEST_TMPDIR/made" || echo "status $?"
    [ "$before" = "$(find /run | sort; grep " /run" /proc/self/mountinfo)" ]'
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
  [ "${lines[0]}" = "nsx-pin add: cannot pin /run/utsns/blue: File exists" ]
  [ "${lines[1]}" = "hint: choose another name, or run 'nsx-pin rm blue'" ]
  [ "${lines[2]}" = "status 1" ]
}

# bats test_tags=slow
@test "invalid names" {
  for name in "" . .. a/b ../../tmp/x "$(printf 'x%.0s' {1..256})" $'a\nb' $'\033[2J' $'a\x7f'; do
    for command in add rm exec pids; do
      with=()
      if [ "$command" = exec ]; then with=(-- touch "$BATS_TEST_TMPDIR/ran"); fi
      run -1 nsx-pin "$command" --dir="$BATS_TEST_TMPDIR" "$name" "${with[@]}"
      # A pin that `ip netns` could have made may exist.
      [[ "$output" == *"invalid pin name "* || "$output" == *"no pin named "* ]]
      [[ "$output" != *$'\033'* ]]
    done
  done
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
  [ -z "$(ls "$BATS_TEST_TMPDIR")" ]
}

# bats test_tags=any-kernel
@test "rm: pins mounted more than once, or in other mount namespaces" {
  run -0 in_own_run '
    nsx-pin add blue
    mount --bind /run/netns/blue /run/netns/blue
    mount --bind /proc/self/ns/net /run/netns/blue
    # A copy that receives no propagation.
    unshare -m --propagation=private sleep 300 & copy=$!
    until [ "$(inode_of /proc/$copy/ns/mnt)" != "$(inode_of /proc/self/ns/mnt)" ]; do sleep 0.02; done
    lines_with /run/netns/blue /proc/$copy/mountinfo
    nsx-pin rm blue
    ls /run/netns
    lines_with /run/netns/blue /proc/self/mountinfo
    lines_with /run/netns/blue /proc/$copy/mountinfo
    kill $copy'
  [ "${lines[*]}" = "4 0 0" ]
}

@test "ls: the topmost mount of a pin, by its mount and by the file itself" {
  run -0 in_own_run '
    nsx-pin add blue
    nsx-pin add green
    blue=$(stat -L -c %i /run/netns/blue) green=$(stat -L -c %i /run/netns/green)
    # A mount on one of them must not appear on the others.
    mount --make-rprivate /run
    # Another namespace on it, a file on it, one of another kind, and a link to it.
    mount --bind /run/netns/green /run/netns/blue
    touch /run/file /run/netns/file /run/netns/uts
    mount --bind /run/netns/blue /run/netns/file
    mount --bind /run/file /run/netns/file
    mount --bind /proc/self/ns/uts /run/netns/uts
    ln -s green /run/netns/link
    nsx-pin ls -n -o NAME,NS,STATE |
      sed "s/$blue/BLUE/; s/$green/GREEN/; s/$(stat -L -c %i /proc/self/ns/uts)/UTS/"
    umount /run/netns/blue
    nsx-pin ls -n -o NS blue | sed "s/$blue/BLUE/"'
  [ "$(words ${lines[0]})" = "blue GREEN live" ]
  [ "$(words ${lines[1]})" = "file shadowed" ]
  [ "$(words ${lines[2]})" = "green GREEN live" ]
  [ "$(words ${lines[3]})" = "link GREEN live" ]
  [ "$(words ${lines[4]})" = "uts UTS stale" ]
  [ "$(words ${lines[5]})" = "BLUE" ]
}

# bats test_tags=slow
@test "rm: a pin hidden by a second mount of the directory" {
  run -0 in_own_run '
    nsx-pin add blue
    # As another mount namespace propagates it.
    mount --bind /run/netns /run/netns
    nsx-pin ls -n -o NAME,STATE
    fails ip netns del blue 2>/dev/null
    nsx-pin exec blue -- true || echo "status $?"
    nsx-pin rm blue
    ls /run/netns
    lines_with /run/netns/blue /proc/self/mountinfo
    nsx-pin add blue
    nsx-pin exec blue -- true'
  [ "${lines[0]}" = "blue shadowed" ]
  [[ "${lines[1]}" = *"no namespace is mounted on it" ]]
  [ "${lines[2]}" = "hint: run 'nsx-pin ls' to see whether it is stale, shadowed or half-made" ]
  [ "${lines[3]} ${lines[4]}" = "status 1 0" ]
  [ "${#lines[@]}" = 5 ]
}

# bats test_tags=any-kernel
@test "rm: reports who still uses the namespace, waits for them, or kills them" {
  run -0 in_own_run '
    nsx-pin add blue
    nsx-pin exec blue -- sleep 300 & user=$!
    until grep -qsx sleep /proc/$user/comm; do sleep 0.02; done
    exec 7</run/netns/blue
    nsx-pin pids blue | sed "s/^$user\$/PID/"
    nsx-pin pids -a blue >/run/holders; wc -l </run/holders
    nsx-pin rm blue 2>/run/note; sed "s/$user/PID/; s/ $$)/ SHELL)/" /run/note
    exec 7<&-
    nsx-pin add -t $user blue
    nsx-pin rm blue --wait=0.1 2>&1 | sed "s/$user/PID/"
    nsx-pin add -t $user blue
    nsx-pin rm --kill blue
    ls /run/netns
    wait $user || echo "status $?"'
  [ "${lines[0]} ${lines[1]}" = "PID 2" ]
  [ "${lines[2]}" = "nsx-pin rm: note: removed blue, but its net namespace is still used by 1 process (sleep PID), 1 process holding it open (bash SHELL)" ]
  [ "${lines[3]}" = "nsx-pin rm: timed out waiting for pin 'blue': its net namespace is still used by 1 process (sleep PID)" ]
  [ "${lines[-1]}" = "status 137" ]
}

# bats test_tags=any-kernel
@test "rm: a process that reads the namespace only for a moment does not use it" {
  run -0 in_own_run '
    nsx-pin add blue
    mkfifo /run/never
    (
      exec 7</run/netns/blue
      : >/run/looks
      while [ -e /run/netns/blue ]; do read -r -t 0.005 <>/run/never || :; done
      read -r -t 0.02 <>/run/never || :
    ) &
    until [ -e /run/looks ]; do :; done
    nsx-pin rm blue
    wait'
  [ -z "$output" ]
}

# bats test_tags=slow
@test "rm --kill spares processes in the caller's namespaces" {
  run -0 in_own_run '
    nsx-pin add -t $$ blue
    nsx-pin rm --kill blue || echo "status $?"
    nsx-pin rm blue; ls /run/netns'
  [[ "${lines[0]}" = *"its net namespace is your own" ]]
  [ "${lines[1]}" = "status 1" ]
}

# bats test_tags=slow
@test "rm: a missing pin, and several at once" {
  run -0 in_own_run '
    nsx-pin rm blue || echo "status $?"
    nsx-pin add a; nsx-pin add b; nsx-pin add c --uts
    nsx-pin rm a nowhere b || echo "status $?"
    nsx-pin ls -n -o NAME
    nsx-pin rm --all; nsx-pin ls'
  [ "${lines[0]}" = "nsx-pin rm: no pin named 'blue'" ]
  [ "${lines[1]}" = "hint: run 'nsx-pin ls' to list the pins" ]
  [ "${lines[2]} ${lines[5]} ${lines[6]}" = "status 1 status 1 c" ]
  [ "${#lines[@]}" = 7 ]
  run -2 nsx-pin rm
  run -2 nsx-pin rm --all blue
}

# bats test_tags=slow
@test "ls: columns, filter, JSON; files that are no pins" {
  run -0 in_own_run '
    nsx-pin add blue; nsx-pin add blue --uts; nsx-pin add red
    touch /run/netns/stale; mkdir /run/netns/directory
    ln -s /nowhere /run/netns/link
    touch /run/utsns/wrong; mount --bind /proc/self/ns/net /run/utsns/wrong
    nsx-pin ls -n -o NAME,KIND,STATE | tr -s " "
    echo; nsx-pin ls -n -o NAME -Q "KIND == \"net\" and STATE == \"live\"" | xargs
    nsx-pin ls -n -t uts -o NAME blue
    nsx-pin ls -J -o NAME,NS,PROCS blue -t net
    nsx-pin ls -n -r -o NS red; inode_of /run/netns/red
    nsx-pin ls nowhere || echo "status $?"'
  [ "${lines[*]:0:7}" = "blue net live blue uts live directory net stale link net stale red net live stale net stale wrong uts stale" ]
  [ "${lines[7]}" = "blue red" ]
  [ "${lines[8]}" = blue ]
  grep -q '"procs":0' <<<"$output"
  [[ "$output" = *"nsx-pin ls: no pin named 'nowhere'"*"status 1" ]]
  run -2 nsx-pin ls -o COLOUR
  [[ "$output" = *"unknown column 'COLOUR': expected one of "* ]]
}

# bats test_tags=slow
@test "identify: every name, of any kind" {
  run -0 in_own_run '
    nsx-pin add blue
    nsx-pin add -t pin:blue green
    nsx-pin add other
    nsx-pin exec blue -- nsx-pin identify | xargs
    nsx-pin identify
    nsx-pin identify pin:other
    fails nsx-pin identify 4194305 2>/dev/null'
  [ "${lines[*]}" = "blue green other" ]
}

# bats test_tags=slow
@test "mv: the name changes, the namespace stays" {
  run -0 in_own_run '
    nsx-pin add old -nu
    before=$(inode_of /run/netns/old)
    nsx-pin mv old new
    [ "$before" = "$(inode_of /run/netns/new)" ]
    find /run -type f | sort
    nsx-pin add old; nsx-pin mv old new || echo "status $?"
    [ "$before" = "$(inode_of /run/netns/new)" ]
    nsx-pin ls -n -o NAME,KIND,STATE old | tr -s " "
    nsx-pin mv nowhere x || echo "status $?"'
  [ "${lines[0]} ${lines[1]}" = "/run/netns/new /run/utsns/new" ]
  [[ "${lines[2]}" = *"File exists"* ]]
  [ "${lines[3]}" = "hint: choose another name, or run 'nsx-pin rm new'" ]
  [ "${lines[4]} ${lines[5]} ${lines[7]}" = "status 1 old net live status 1" ]
}

# bats test_tags=slow
@test "gc: stale files and interrupted adds only" {
  run -0 in_own_run '
    nsx-pin add blue; nsx-pin add half -nu
    touch /run/netns/stale; echo text >/run/netns/text; mkdir /run/netns/directory
    # As a killed command leaves it.
    mkdir /run/nsx-pin; touch /run/nsx-pin/half
    nsx-pin ls -n -o NAME,KIND,STATE half | tr -s " "
    nsx-pin exec half -- true || echo "status $?"
    nsx-pin gc --dry-run
    [ -e /run/netns/stale ] && [ -e /run/netns/half ]
    nsx-pin gc | wc -l
    find /run -type f | sort | xargs
    nsx-pin add half -nu; nsx-pin exec half -- true
    ls /run | xargs'
  [ "${lines[*]:0:2}" = "half net half-made half uts half-made" ]
  [[ "${lines[2]}" = *"cannot use the pin half: it is being made or removed, or that was interrupted" ]]
  [ "${lines[3]}" = "hint: if it was interrupted, run 'nsx-pin gc'" ]
  [ "${lines[4]}" = "status 1" ]
  [ "${lines[*]:5:3}" = "/run/netns/half (half-made) /run/utsns/half (half-made) /run/netns/stale (stale)" ]
  [ "${lines[8]}" = 3 ]
  [ "${lines[9]}" = "/run/netns/blue /run/netns/text" ]
}

# bats test_tags=any-kernel
@test "a new add takes over an interrupted one" {
  run -0 in_own_run '
    nsx-pin add half -nu; mkdir -p /run/nsx-pin; touch /run/nsx-pin/half
    nsx-pin add half -nui
    nsx-pin exec half -- true
    nsx-pin ls -n -o STATE | xargs; ls /run | xargs'
  [ "${lines[0]}" = "live live live" ]
  [ "${lines[1]}" = "ipcns netns utsns" ]
}

# bats test_tags=slow
@test "a directory that belongs to another user, or that others can write to, is not used" {
  run -0 in_own_run '
    nsx-pin add blue
    chown 65534 /run/netns
    for command in "add red" "rm blue" "exec blue -- true" "mv blue red"; do
      nsx-pin $command || echo "status $?"
    done
    chown 0 /run/netns; chmod o+w /run/netns
    nsx-pin exec blue -- true || echo "status $?"
    chmod o-w /run/netns
    nsx-pin exec blue -- echo ran'
  [ "$(grep -c 'it belongs to UID 65534' <<<"$output")" = 4 ]
  [ "$(grep -c 'other users can write to it' <<<"$output")" = 1 ]
  [ "$(grep -c 'status 1' <<<"$output")" = 5 ]
  [ "${lines[-1]}" = ran ]
}

# bats test_tags=slow
@test "a full or read-only /run leaves all unchanged" {
  run -0 in_own_run '
    nsx-pin add blue -nu
    mount -o remount,ro /run
    before=$(find /run | sort; grep " /run" /proc/self/mountinfo)
    for command in "add red" "add red -nui" "rm blue" "mv blue red" "gc"; do
      nsx-pin $command || echo "status $?"
    done
    [ "$before" = "$(find /run | sort; grep " /run" /proc/self/mountinfo)" ]
    nsx-pin exec blue -- echo ran
    umount -l /run
    mount -t tmpfs -o size=4k,nr_inodes=2 full /run
    nsx-pin add red || echo "status $?"
    nsx-pin add red -nu || echo "status $?"
    find /run -mindepth 1 | xargs'
  [ "$(grep -c 'Read-only file system' <<<"$output")" = 4 ]
  grep -qx ran <<<"$output"
  [ "$(grep -c 'No space left on device' <<<"$output")" = 2 ]
}

# bats test_tags=slow
@test "--dir and NSX_PIN_DIR choose another root" {
  run -0 in_own_run '
    mkdir /run/a /run/b
    nsx-pin add --dir /run/a blue
    NSX_PIN_DIR=/run/b nsx-pin add red
    cd /run; nsx-pin ls --dir a -n -o NAME,PATH | tr -s " "
    NSX_PIN_DIR=/run/b nsx-pin exec red -- echo ran
    NSX_PIN_DIR=/run/b nsx-pin ls --dir=/run/a -n -o NAME
    nsx-pin ls
    nsx-pin ls --dir=/run/nowhere || echo "status $?"'
  [ "${lines[*]:0:3}" = "blue /run/a/netns/blue ran blue" ]
  [[ "${lines[3]}" = *"/run/nowhere: No such file or directory" ]]
  [ "${lines[4]}" = "status 1" ]
}

@test "rm: a pid namespace with processes stays, with the others of the name" {
  run -0 in_own_run '
    nsx-pin add web -np
    nsx-pin exec web -- sh -c "sleep 300 & sleep 301" & runner=$!
    until [ "$(nsx-pin pids web | wc -l)" -gt 4 ]; do sleep 0.02; done
    fails nsx-pin rm web 2>&1 | sed -E "s/(sh|sleep) [0-9]+/\1 PID/g"
    fails nsx-pin rm --wait=0.1 web 2>&1 | sed -E "s/(sh|sleep) [0-9]+/\1 PID/g"
    fails nsx-pin rm --all 2>/dev/null
    nsx-pin ls -n -o STATE web | xargs
    nsx-pin rm --kill web
    wait $runner 2>/dev/null || echo "status $?"
    nsx-pin ls; no_live_init'
  [ "${lines[0]}" = "nsx-pin rm: cannot remove the pin web: this would kill 3 processes in its PID namespace (sh PID, sleep PID, sleep PID)" ]
  [ "${lines[1]}" = "hint: nsx-pin rm --kill web" ]
  [ "${lines[2]} ${lines[3]}" = "${lines[0]} ${lines[1]}" ]
  [ "${lines[4]} ${lines[-1]}" = "live live status 137" ]
}

@test "rm: a process in a descendant pid namespace counts, an exited one does not" {
  run -0 in_own_run '
    nsx-pin add web -p
    nsx-pin exec web -- unshare --pid --fork --kill-child sleep 300 & runner=$!
    # The init and unshare; the init is not counted.
    until [ "$(nsx-pin pids web | wc -l)" = 2 ]; do sleep 0.02; done
    inside=$(nsx-pin pids web | tail -n 1)
    until below=$(cat "/proc/$inside/task/$inside/children") && grep -qsx sleep "/proc/${below% }/comm"; do
      sleep 0.02
    done
    fails nsx-pin rm web 2>&1 | grep -o "kill [0-9]* processes"
    kill -KILL "$inside"; wait $runner || true
    nsx-pin rm --wait web
    nsx-pin ls; no_live_init'
  [ "${lines[0]}" = "kill 2 processes" ]
}

@test "rm: a pid namespace with another name, or with an init of its own, is removed" {
  spawn unshare --pid --fork --kill-child sleep 300
  wait_until has_child "$pid" sleep
  export child
  run -0 in_own_run '
    nsx-pin add web -p
    nsx-pin add -t pin:web --pid again
    nsx-pin exec web -- sleep 300 & runner=$!
    until [ "$(nsx-pin pids web | wc -l)" = 2 ]; do sleep 0.02; done
    nsx-pin rm web 2>/dev/null
    kill -0 $runner
    fails nsx-pin rm again 2>/dev/null
    nsx-pin rm --kill again
    wait $runner 2>/dev/null || echo "status $?"
    nsx-pin add -t $child --pid theirs; nsx-pin rm theirs 2>&1 | grep -o "removed theirs"
    kill -0 $child'
  [ "${lines[*]: -2}" = "status 137 removed theirs" ]
}

@test "add: with a shared /run, each pin is mounted once, in other mount namespaces as well" {
  run -0 in_own_run '
    mount --make-shared /run
    for propagation in shared slave; do
      unshare -m --propagation=$propagation sleep 300 & others+=($!)
    done
    trap "kill ${others[*]}; end_inits" EXIT
    for other in "${others[@]}"; do
      until [ "$(inode_of /proc/$other/ns/mnt)" != "$(inode_of /proc/self/ns/mnt)" ]; do sleep 0.02; done
    done
    for state in new kept; do
      nsx-pin add blue
      for pid in self "${others[@]}"; do lines_with " /run/netns/blue " /proc/$pid/mountinfo; done
      [ "$(nsx-enter -m -t ${others[1]} nsx-pin ls -n -o STATE)" = live ]
      nsx-pin rm blue
      for pid in self "${others[@]}"; do lines_with " /run/netns/blue " /proc/$pid/mountinfo; done
    done
    nsx-enter -m -t ${others[0]} nsx-pin add back
    nsx-pin ls -n -o STATE'
  [ "${lines[*]}" = "1 1 1 0 0 0 1 1 1 0 0 0 live" ]
}

@test "--dir and NSX_PIN_DIR apply to targets" {
  run -0 in_own_run '
    mkdir pins; nsx-pin add --dir=pins blue 2>/dev/null; nsx-pin add blue; nsx-pin add only
    there=$(inode_of pins/netns/blue) here=$(inode_of /run/netns/blue)
    names() { sed "s/$there/THERE/; s/$here/HERE/"; }
    nsx-pin add --dir=pins -t pin:blue again 2>/dev/null; inode_of pins/netns/again | names
    nsx-pin identify --dir=pins pin:blue | xargs
    nsx-pin identify pin:blue
    nsx-enter -t pin:blue stat -L -c %i /proc/self/ns/net | names
    export NSX_PIN_DIR=$PWD/pins
    nsx-enter -t pin:blue stat -L -c %i /proc/self/ns/net | names
    nsx-enter -t blue stat -L -c %i /proc/self/ns/net | names
    NSX_PIN_DIR=pins nsx-enter -t pin:blue stat -L -c %i /proc/self/ns/net | names
    nsx-pin identify --dir=/run pin:blue
    fails nsx-enter -t pin:only true 2>&1
    nsx-enter --list-targets | grep -o "^pin:[a-z]*" | xargs
    umount -R pins/netns'
  [ "${lines[0]}" = THERE ]
  [ "${lines[1]}" = "again blue" ]
  [ "${lines[2]} ${lines[3]} ${lines[4]} ${lines[5]} ${lines[6]} ${lines[7]}" = "blue HERE THERE THERE THERE blue" ]
  [ "${lines[8]}" = "nsx-enter: no pin named 'only'" ]
  [ "${lines[-1]}" = "pin:again pin:blue" ]
}

@test "rm: with one read-only directory, nothing of the name is unmounted, and no init ends" {
  run -0 in_own_run '
    nsx-pin add web -nup
    mount --bind /run/utsns /run/utsns; mount -o remount,bind,ro /run/utsns
    before=$(grep " /run" /proc/self/mountinfo)
    nsx-pin rm web || echo "status $?"
    [ "$before" = "$(grep " /run" /proc/self/mountinfo)" ]
    umount /run/utsns
    nsx-pin exec web true
    mount --bind /run/pidns /run/pidns; mount -o remount,bind,ro /run/pidns
    nsx-pin rm --kill web || echo "status $?"
    [ -n "$(live_inits)" ]
    umount /run/pidns
    nsx-pin exec web true
    nsx-pin rm web'
  [ "${lines[0]}" = "nsx-pin rm: cannot remove pins in /run/utsns: Read-only file system" ]
  [ "${lines[1]}" = "status 1" ]
  [ "${lines[2]}" = "nsx-pin rm: cannot remove pins in /run/pidns: Read-only file system" ]
  [ "${lines[3]}" = "status 1" ]
}

@test "dead: a pid namespace whose init has exited; gc removes only that" {
  run -0 in_own_run '
    nsx-pin add web -np; nsx-pin add live -p
    kill -KILL "$(nsx-pin pids web)"; inits_gone() { [ "$(live_inits | wc -l)" = 1 ]; }
    until inits_gone; do sleep 0.02; done
    until nsx-pin ls -n -o STATE web | grep -qx dead; do sleep 0.02; done
    nsx-pin ls -n -o NAME,KIND,STATE | tr -s " "
    nsx-pin gc --dry-run
    nsx-pin gc
    nsx-pin ls -n -o NAME,KIND,STATE | tr -s " "
    # From inside, where that cannot be determined.
    nsx-pin exec live -- nsx-pin ls -n -o STATE live
    nsx-pin rm live'
  [ "${lines[*]:0:3}" = "live pid live web net live web pid dead" ]
  [ "${lines[*]:3:2}" = "/run/pidns/web (dead) /run/pidns/web (dead)" ]
  [ "${lines[*]:5}" = "live pid live web net live live" ]
}

# bats test_tags=one-kernel

@test "gc --dry-run lists exactly what gc removes" {
  run -0 in_own_run '
    prepare() {
      nsx-pin add half -nu; nsx-pin add dead -p; mkdir -p /run/nsx-pin; touch /run/nsx-pin/half
      touch /run/netns/stale /run/utsns/fresh; ln -s /nowhere /run/netns/link; mkfifo /run/netns/fifo
      echo text >/run/netns/text; mkdir /run/netns/directory
      touch /run/utsns/wrong; mount --bind /proc/self/ns/net /run/utsns/wrong
      kill -KILL "$(nsx-pin pids dead 2>/dev/null)"
      until nsx-pin ls -n -o STATE dead | grep -qx dead; do sleep 0.02; done
    }
    prepare
    nsx-pin gc --dry-run >dry; find /run -type f | sort >before
    nsx-pin gc >wet; find /run -type f | sort >after
    cmp dry wet; cat dry
    # The journal is not a pin.
    comm -23 before after | grep -vx /run/nsx-pin/half | cmp - <(sed "s/ (.*//" dry | sort)
    umount /run/utsns/wrong'
  [ "${lines[*]}" = "/run/netns/half (half-made) /run/utsns/half (half-made) /run/pidns/dead (dead) /run/utsns/fresh (stale) /run/netns/stale (stale)" ]
}

@test "add: of two that add a name at the same time, one runs its program" {
  run -0 in_own_run '
    setup="echo ran >>runs; until [ -e go ]; do sleep 0.02; done"
    nsx-pin add blue -nu -- sh -c "$setup" & first=$!
    until [ -e runs ]; do sleep 0.02; done
    nsx-pin exec blue true || echo "status $?"
    nsx-pin gc
    nsx-pin add blue -- sh -c "$setup" & second=$!
    until [ "$(wc -l <runs)" = 2 ] || grep -q -e "-> FLOCK .* $second " /proc/locks; do sleep 0.02; done
    touch go
    wait $first; wait $second || echo "status $?"
    cat runs
    nsx-pin exec blue true
    # After one has failed, another may run.
    rm go runs
    nsx-pin add red -- sh -c "$setup; exit 3" & first=$!
    until [ -e runs ]; do sleep 0.02; done
    nsx-pin add red -- sh -c "$setup" & second=$!
    until [ "$(wc -l <runs)" = 2 ] || grep -q -e "-> FLOCK .* $second " /proc/locks; do sleep 0.02; done
    touch go
    wait $first || echo "status $?"
    wait $second; nsx-pin exec red true
    nsx-pin rm --all; find /run -type f' 2>&1
  [[ ${lines[0]} == *"cannot use the pin blue: it is being made or removed"* ]]
  [ "${lines[1]} ${lines[2]}" = "hint: if it was interrupted, run 'nsx-pin gc' status 1" ]
  [ "${lines[3]}" = "nsx-pin add: cannot pin the net namespace on /run/netns/blue: File exists" ]
  [ "${lines[4]}" = "hint: choose another name, or run 'nsx-pin rm blue'" ]
  [ "${lines[*]:5:2}" = "status 1 ran" ]
  [ "${lines[8]}" = "status 3" ]
  [ "${#lines[@]}" = 9 ]
}

@test "add: killed while its program runs, the name is free again" {
  run -0 in_own_run '
    nsx-pin add blue -nup -- sh -c "touch started; exec sleep 300" & first=$!
    until [ -e started ]; do sleep 0.02; done
    kill -KILL $first
    wait $first 2>/dev/null || true
    inits_end
    nsx-pin add blue -- true
    nsx-pin exec blue true
    nsx-pin rm blue
    find /run -type f'
  if grep -v -e Killed -e '^$' <<<"$output"; then return 1; fi
}

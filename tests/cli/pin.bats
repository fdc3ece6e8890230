# nsx-pin: add, rm, ls, identify, pids, mv, gc.
load ../lib/common
load ../lib/pins

setup() {
  # shellcheck disable=SC2034 # of common.bash
  spawned=()
  cd "$BATS_TEST_TMPDIR" || return
}

@test "add: a network namespace, kept as ip netns keeps it, with lo up" {
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

@test "add: stays where it is, also without the right to come back to a network of its own" {
  # Root in a user namespace that does not own the network that this is in.
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

@test "add: every kind, alone and together, is where exec leads" {
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
@test "add: a program that fails, and nothing is pinned" {
  run -0 in_own_run '
    before=$(grep " /run" /proc/self/mountinfo)
    nsx-pin add blue -nup -- sh -c "exit 7" || echo "status $?"
    nsx-pin add blue -- nsx-no-such-program || echo "status $?"
    nsx-pin add blue -- sh -c "kill -TERM \$\$" || echo "status $?"
    [ "$before" = "$(grep " /run" /proc/self/mountinfo)" ]
    find /run -type f
    inits_end'
  [[ "${lines[0]}" = *"cannot run sh: it ended with status 7 (nothing is pinned)" ]]
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
@test "add: all kinds or none, if one has the name already" {
  run -0 in_own_run '
    nsx-pin add blue --uts
    before=$(find /run | sort; grep " /run" /proc/self/mountinfo)
    nsx-pin add blue -niu -- touch "$BATS_TEST_TMPDIR/made" || echo "status $?"
    [ "$before" = "$(find /run | sort; grep " /run" /proc/self/mountinfo)" ]'
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
  [[ "${lines[0]}" = "nsx-pin add: cannot pin /run/utsns/blue: File exists (there is a pin of this name"* ]]
  [ "${lines[1]}" = "status 1" ]
}

# bats test_tags=slow
@test "names that are none" {
  for name in "" . .. a/b ../../tmp/x "$(printf 'x%.0s' {1..256})" $'a\nb' $'\033[2J' $'a\x7f'; do
    for command in add rm exec pids; do
      with=()
      if [ "$command" = exec ]; then with=(-- touch "$BATS_TEST_TMPDIR/ran"); fi
      run -1 nsx-pin "$command" --dir="$BATS_TEST_TMPDIR" -- "$name" "${with[@]:1}"
      [[ "$output" != *$'\033'* ]]
    done
  done
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
  [ -z "$(ls "$BATS_TEST_TMPDIR")" ]
}

# bats test_tags=any-kernel
@test "rm: also what is mounted more than once, or in other mount namespaces" {
  run -0 in_own_run '
    nsx-pin add blue
    mount --bind /run/netns/blue /run/netns/blue
    mount --bind /proc/self/ns/net /run/netns/blue
    # A copy that nothing is propagated to.
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

@test "ls: what lies uppermost on a pin, by what its mount and the file itself tell" {
  run -0 in_own_run '
    nsx-pin add blue
    nsx-pin add green
    blue=$(stat -L -c %i /run/netns/blue) green=$(stat -L -c %i /run/netns/green)
    # What is mounted on one is not to show on the others that are the same.
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
@test "rm: a pin that a second mount of the directory hides" {
  run -0 in_own_run '
    nsx-pin add blue
    # As another mount namespace leads to it, by propagation.
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
  [[ "${lines[1]}" = *"it has no namespace"* ]]
  [ "${lines[2]} ${lines[3]}" = "status 1 0" ]
  [ "${#lines[@]}" = 4 ]
}

# bats test_tags=any-kernel
@test "rm: says who still uses the namespace, waits for them, or kills them" {
  run -0 in_own_run '
    nsx-pin add blue
    nsx-pin exec blue -- sleep 300 & user=$!
    until grep -qx sleep /proc/$user/comm; do sleep 0.02; done
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
  [ "${lines[2]}" = "nsx-pin rm: note: blue is removed; its net namespace lives on: 1 process (sleep PID), 1 holder of a descriptor (bash SHELL)" ]
  [ "${lines[3]}" = "nsx-pin rm: cannot end what uses the pin blue: its net namespace lives on: 1 process (sleep PID)" ]
  [ "${lines[-1]}" = "status 137" ]
}

# bats test_tags=any-kernel
@test "rm: who looks at the namespace only for a moment does not use it" {
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
@test "rm --kill leaves alone who is where we are" {
  run -0 in_own_run '
    nsx-pin add -t $$ blue
    nsx-pin rm --kill blue || echo "status $?"
    nsx-pin rm blue; ls /run/netns'
  [[ "${lines[0]}" = *"its net namespace is your own" ]]
  [ "${lines[1]}" = "status 1" ]
}

# bats test_tags=slow
@test "rm: there is none, or several at once" {
  run -0 in_own_run '
    nsx-pin rm blue || echo "status $?"
    nsx-pin add a; nsx-pin add b; nsx-pin add c --uts
    nsx-pin rm a nowhere b || echo "status $?"
    nsx-pin ls -n -o NAME
    nsx-pin rm --all; nsx-pin ls'
  [ "${lines[0]}" = "nsx-pin rm: cannot remove the pin blue: there is none of this name (nsx-pin ls lists them)" ]
  [ "${lines[1]} ${lines[3]} ${lines[4]}" = "status 1 status 1 c" ]
  [ "${#lines[@]}" = 5 ]
  run -1 nsx-pin rm
  run -1 nsx-pin rm --all blue
}

# bats test_tags=slow
@test "ls: columns, filter, JSON; what is no pin" {
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
  grep -q '"procs": 0' <<<"$output"
  [[ "$output" = *"nsx-pin ls: cannot find the pin nowhere: there is none of this name"*"status 1" ]]
  run -2 nsx-pin ls -o COLOUR
  [[ "$output" = *"cannot show the column 'COLOUR'"* ]]
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
@test "mv: the namespace keeps, the name changes" {
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
  [ "${lines[3]} ${lines[4]} ${lines[6]}" = "status 1 old net live status 1" ]
}

# bats test_tags=slow
@test "gc: stale files, and what was broken off; nothing else" {
  run -0 in_own_run '
    nsx-pin add blue; nsx-pin add half -nu
    touch /run/netns/stale; echo text >/run/netns/text; mkdir /run/netns/directory
    # As a command leaves it that was killed.
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
  [[ "${lines[2]}" = *"cannot use the pin half: it is being made or removed, or that was broken off"* ]]
  [ "${lines[3]}" = "status 1" ]
  [ "${lines[*]:4:3}" = "/run/netns/half (half-made) /run/utsns/half (half-made) /run/netns/stale (stale)" ]
  [ "${lines[7]}" = 3 ]
  [ "${lines[8]}" = "/run/netns/blue /run/netns/text" ]
}

# bats test_tags=any-kernel
@test "a new add takes over what was broken off" {
  run -0 in_own_run '
    nsx-pin add half -nu; mkdir -p /run/nsx-pin; touch /run/nsx-pin/half
    nsx-pin add half -nui
    nsx-pin exec half -- true
    nsx-pin ls -n -o STATE | xargs; ls /run | xargs'
  [ "${lines[0]}" = "live live live" ]
  [ "${lines[1]}" = "ipcns netns utsns" ]
}

# bats test_tags=slow
@test "a directory of somebody else's, or that others can write to, is not used" {
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
  [ "$(grep -c 'others can write to it' <<<"$output")" = 1 ]
  [ "$(grep -c 'status 1' <<<"$output")" = 5 ]
  [ "${lines[-1]}" = ran ]
}

# bats test_tags=slow
@test "a full /run, and one that is only to be read, leave all as it was" {
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

# SPDX-License-Identifier: MIT
# What nsx-enter -t accepts besides a PID.
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
load ../lib/common

# All names made here contain it, and all cgroups are in one of this name.
mine=$own_name

# Kills spawned processes, and removes their cgroups.
teardown() {
  local each
  if command -v runc >/dev/null; then
    for each in /run/runc/"$mine"* /run/runc/"${hex_id:-none}"; do
      # runc would wait for a FIFO forever.
      [ ! -f "$each/state.json" ] || runc delete --force "$(basename "$each")" >/dev/null 2>&1 || true
      rm -rf "$each"
    done
  fi
  end_spawned
  for each in /run/*ns/"$mine"; do
    [ -e "$each" ] || continue
    umount "$each" 2>/dev/null || true
    rm -f "$each"
  done
  rmdir --ignore-fail-on-non-empty /run/{mnt,uts,ipc}ns /run/runc 2>/dev/null || true
  # A cgroup becomes empty a moment after its last process was reaped.
  for each in $(cgroup_roots); do
    [ ! -d "$each/$mine" ] || wait_until remove_cgroups "$each/$mine"
  done
}

remove_cgroups() {
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
  [ ! -e "$1" ]
}

# Where cgroups are mounted, v2 first. runc also uses those of v1.
cgroup_roots() {
  findmnt -n -r -t cgroup2 -o TARGET
  findmnt -n -r -t cgroup -o TARGET
}

v2_root() {
  findmnt -n -r -t cgroup2 -o TARGET | head -n 1
}

# Makes a cgroup below our own: $cgroup is its directory. make_cgroup PATH
make_cgroup() {
  cgroup=$(v2_root)/$mine/$1
  mkdir -p "$cgroup"
}

# Spawns `sleep` with its own UTS namespace in a cgroup. sleeper_in CGROUP
sleeper_in() {
  spawn unshare --uts sh -c "hostname $mine; exec sleep 300"
  wait_until has_left "$pid" uts
  echo "$pid" >"$1/cgroup.procs"
}

# The inode of the UTS namespace that these options enter.
entered_uts() {
  nsx-enter "$@" -u stat -L -c %i /proc/self/ns/uts
}

# Checks that a target leads to the UTS namespace of a process: leads_to PID TARGET
leads_to() {
  local entered
  entered=$(entered_uts -t "$2")
  [ "$entered" = "$(ns_of "$1" uts)" ] || {
    echo "-t $2 does not lead to PID $1"
    return 1
  }
}

# Fails with status 1 and this message: refused MESSAGE OPTIONS...
refused() {
  local message=$1
  shift
  run -1 --separate-stderr nsx-enter "$@"
  [ "$stderr" = "nsx-enter: $message" ] || {
    echo "wanted: nsx-enter: $message"
    echo "got:    $stderr"
    return 1
  }
}

# --- PIDs ----------------------------------------------------------------------------------------

# The inode number of a process's pidfd.
pidfd_inode() {
  perl -e 'my $fd = syscall(434, $ARGV[0] + 0, 0); open(my $file, "<&=", $fd) or die; print +(stat $file)[1]' "$1"
}

@test "PID:INODE is only the process with that pidfd" {
  spawn_in uts --uts
  first=$(pidfd_inode "$pid")
  second=$(pidfd_inode $$)
  if [ "$first" = "$second" ]; then # before Linux 6.9
    refused "cannot get the pidfd's inode number of PID $pid: it needs Linux 6.9" \
      -t "$pid:$first" true
    return
  fi
  leads_to "$pid" "$pid:$first"
  refused "cannot find PID $pid with the pidfd inode $second: another process has this PID now, with the pidfd inode $first" \
    -t "$pid:$second" true
}

# bats test_tags=slow,rootless
@test "invalid targets" {
  refused "invalid PID '0': expected a number above 0" -t 0 true
  refused "invalid PID '99999999999': it is larger than any PID"$'\n'"hint: for a container ID, use container:99999999999" -t 99999999999 true
  refused "cannot find PID 4194305: No such process" -t 4194305 true
  refused "invalid namespace number 'red': expected an inode number or a 64-bit ID"$'\n'"hint: run 'nsx-ls' to list namespaces" \
    -t ns:red true
}

# --- Pins ----------------------------------------------------------------------------------------

# Pins a namespace of a process beside /run/netns: pin KIND PID
pin() {
  mkdir -p "/run/${1}ns"
  touch "/run/${1}ns/$mine"
  mount --bind "/proc/$2/ns/$1" "/run/${1}ns/$mine"
}

# bats test_tags=any-kernel
@test "pin:NAME is everything of this name, and has no process" {
  spawn_in net --net --uts --ipc
  net=$(ns_of "$pid" net) uts=$(ns_of "$pid" uts)
  pin net "$pid"
  pin uts "$pid"
  end_spawned
  run -0 nsx-enter -t "pin:$mine" stat -L -c %i /proc/self/ns/net /proc/self/ns/uts /proc/self/ns/ipc
  [ "$(words $output)" = "$net $uts $(ns_of $$ ipc)" ]
  run -0 nsx-enter -t "$mine" -n stat -L -c %i /proc/self/ns/net
  [ "$output" = "$net" ]
  run -1 nsx-enter -t "pin:$mine" -i true
  run -1 nsx-enter -t "pin:$mine" -n --root true
}

# bats test_tags=any-kernel
@test "names of ip netns are pins, and stale ones are reported" {
  ip netns add "$mine"
  run -0 nsx-enter -t "pin:$mine" stat -L -c %i /proc/self/ns/net
  [ "$output" = "$(stat -c %i "/run/netns/$mine")" ]
  umount "/run/netns/$mine"
  refused "cannot use /run/netns/$mine as a namespace: no namespace is mounted on it"$'\n'"hint: run 'nsx-pin ls' to see whether it is stale, shadowed or half-made" \
    -t "pin:$mine" true
  rm "/run/netns/$mine"
  refused "no pin named '$mine'" -t "pin:$mine" true
  refused "invalid pin name '': it is empty" -t pin: true
  for name in . ..; do
    refused "invalid pin name '$name': it is a directory" -t "pin:$name" true
  done
  for name in a/b ../netns/x; do
    refused "invalid pin name '$name': it contains a slash" -t "pin:$name" true
  done
}

# --- Cgroups and units ---------------------------------------------------------------------------

# bats test_tags=any-kernel
@test "cgroup:PATH is the oldest process in it and its descendants" {
  make_cgroup a/below
  sleeper_in "$cgroup"
  oldest=$pid
  sleep 0.05 # a clock tick, in which ages are counted, and more
  sleeper_in "$cgroup/.."
  sleeper_in "$cgroup/.."
  leads_to "$oldest" "cgroup:/$mine/a"
  leads_to "$oldest" "cgroup:$(v2_root)/$mine"
  leads_to "$oldest" "$mine"
  kill "$oldest"
  wait "$oldest" || true
  leads_to "${spawned[1]}" "cgroup:$mine/a"
  refused "cannot enter cgroup:/$mine/a/below: it has no processes" -t "cgroup:/$mine/a/below" true
  refused "no cgroup named '/$mine/b'" -t "cgroup:/$mine/b" true
  refused "invalid cgroup path '/$mine/../x': expected a path like /system.slice/cron.service, without '..'" \
    -t "cgroup:/$mine/../x" true
}

# bats test_tags=slow
@test "unit:NAME is found by its cgroup" {
  make_cgroup "system.slice/$mine-a.service/control"
  sleeper_in "$cgroup"
  leads_to "$pid" "unit:$mine-a.service"
  leads_to "$pid" "unit:$mine-a"
  leads_to "$pid" "$mine-a"
  make_cgroup "$mine-idle.service"
  refused "cannot enter unit:$mine-idle.service: it has no running process" -t "unit:$mine-idle" true
  make_cgroup "user.slice/$mine-a.service"
  sleeper_in "$cgroup"
  refused "ambiguous name '$mine-a': could be cgroup:/$mine/system.slice/$mine-a.service, cgroup:/$mine/user.slice/$mine-a.service" \
    -t "unit:$mine-a" true
}

# --- Namespaces ----------------------------------------------------------------------------------

@test "ns:INODE is a namespace of a process" {
  spawn_in uts --uts
  leads_to "$pid" "ns:$(ns_of "$pid" uts)"
  run -0 nsx-enter -t "ns:$(ns_of "$pid" uts)" stat -L -c %i /proc/self/ns/uts
  [ "$output" = "$(ns_of "$pid" uts)" ]
  run -1 nsx-enter -t "ns:$(ns_of "$pid" uts)" -n true
}

@test "ns:INODE is a namespace that is only mounted" {
  spawn_in uts --uts
  uts=$(ns_of "$pid" uts)
  pin uts "$pid"
  end_spawned
  run -0 entered_uts -t "ns:$uts"
  [ "$output" = "$uts" ]
  umount "/run/utsns/$mine"
  run -1 --separate-stderr nsx-enter -t "ns:$uts" true
  [ "$stderr" = "nsx-enter: no namespace that you can see has the inode number or ID $uts: searched processes, threads, descriptors, sockets and mounts" ]
}

# The parent of a process's user namespace: 0 if it is not visible.
parent_of_user() {
  nsx-ls -t user -n -o NS,PNS | awk -v ns="$(ns_of "$1" user)" '$1 == ns { print $2 }'
}

has_parent_that_is_not_ours() {
  parent=$(parent_of_user "$1")
  [ "${parent:-0}" != 0 ] && [ "$parent" != "$(ns_of $$ user)" ]
}

# bats test_tags=rootless
@test "ns:INODE is a user namespace without a process that has children" {
  spawn as_user unshare --user --map-root-user unshare --user --map-root-user sleep 300
  wait_until has_parent_that_is_not_ours "$pid"
  run -0 nsx-enter -t "ns:$parent" --preserve-credentials stat -L -c %i /proc/self/ns/user
  [ "$output" = "$parent" ]
}

@test "ns:ID is a namespace by its 64-bit id" {
  spawn_in uts --uts
  id=$(nsx-ls -t uts -n -o NS,ID | awk -v ns="$(ns_of "$pid" uts)" '$1 == ns { print $2 }')
  if [ -z "$id" ]; then # before Linux 6.18
    nsx-ls --features | grep -qx 'ns-id no'
    return
  fi
  leads_to "$pid" "ns:$id"
  NSX_KERNEL_FEATURES=-ns-handle leads_to "$pid" "ns:$id"
  NSX_KERNEL_FEATURES=-ns-handle,-pidfd-ns leads_to "$pid" "ns:$id"
}

# bats test_tags=slow,rootless
@test "ns:INODE as an ordinary user" {
  spawn as_user unshare --user --map-root-user --uts sleep 300
  wait_until has_left "$pid" uts
  run -0 as_user nsx-enter -t "ns:$(ns_of "$pid" user)" --preserve-credentials stat -L -c %i /proc/self/ns/user
  [ "$output" = "$(ns_of "$pid" user)" ]
}

# --- Containers ----------------------------------------------------------------------------------

# Starts a runc container with busybox in the background: $pid is its first process.
# run_container NAME
run_container() {
  local bundle=$BATS_TEST_TMPDIR/$1
  command -v runc busybox >/dev/null || cannot "find runc and busybox"
  mkdir -p "$bundle/rootfs/bin" "$bundle/rootfs/proc"
  cp "$(command -v busybox)" "$bundle/rootfs/bin"
  runc spec --bundle "$bundle"
  jq --arg name "$1" --arg cgroup "/$mine/$1" '.process.terminal = false
    | .process.args = ["/bin/busybox", "sleep", "300"] | .hostname = $name
    | .linux.cgroupsPath = $cgroup' "$bundle/config.json" >"$bundle/new"
  mv "$bundle/new" "$bundle/config.json"
  # Without pivot_root(2), which cannot leave an initramfs as root.
  runc run --no-pivot --detach --bundle "$bundle" "$1" </dev/null >"$BATS_TEST_TMPDIR/runc" 2>&1 3>&- || {
    cat "$BATS_TEST_TMPDIR/runc"
    return 1
  }
  pid=$(jq .init_process_pid "/run/runc/$1/state.json")
}

# bats test_tags=slow
@test "a target without -t, as other commands take it, is never run on the host" {
  spawn_in uts -u -n
  run -0 nsx-enter "$pid" sh -c 'stat -L -c %i /proc/self/ns/uts'
  [ "$output" = "$(ns_of "$pid" uts)" ]
  run -0 nsx-enter "pid:$pid" -- stat -L -c %i /proc/self/ns/uts
  [ "$output" = "$(ns_of "$pid" uts)" ]
  run -0 nsx-enter -S 0 "$pid" stat -L -c %i /proc/self/ns/uts
  [ "$output" = "$(ns_of "$pid" uts)" ]
  run -1 nsx-enter true
  [[ "$output" = "nsx-enter: no container, pin, unit or cgroup named 'true'"* ]]
  cd "$BATS_TEST_TMPDIR"
  run -1 nsx-enter -it "$pid" sh
  [ "${lines[0]}" = "nsx-enter: invalid argument 't' for --ipc: expected a namespace file" ]
  [ "${lines[1]}" = "hint: leave out -it: the program gets the terminal anyway" ]
  # A file of the caller is accepted as intended.
  run -0 nsx-enter --uts="/proc/$pid/ns/uts" stat -L -c %i /proc/self/ns/uts
  [ "$output" = "$(ns_of "$pid" uts)" ]
  # Nothing runs under the name nsenter, either.
  ln -s "$(command -v nsx-enter)" nsenter
  run -1 ./nsenter echo ran
  [ "${lines[0]}" = "nsx-enter: no namespace specified" ]
  [ "${lines[1]}" = "hint: use --all to enter all namespaces of the target" ]
}

@test "container:NAME is a runc container" {
  run_container "$mine"
  for target in "container:$mine" "$mine"; do
    run -0 nsx-enter -t "$target" /bin/busybox hostname
    [ "$output" = "$mine" ]
  done
  leads_to "$pid" "cgroup:/$mine/$mine"
  run -0 nsx-enter -t "container:$mine" --plan true
  [[ $output == *"of container $mine (PID $pid)"* ]]
  # A message lists what an ordinary user could not search.
  run -1 --separate-stderr as_user nsx-enter -t "container:$mine" true
  [[ $stderr == "nsx-enter: no container named '$mine': cannot read "*/run/runc* ]]
}

# bats test_tags=any-kernel
@test "container:ID-PREFIX is a runc container" {
  hex_id=$(printf 'a%063x' $$ | tr 0 e)
  run_container "$hex_id"
  run -0 nsx-enter -t "container:${hex_id:0:12}" /bin/busybox hostname
  [ "$output" = "$hex_id" ]
  # Without its state, as for an ordinary user, it is found by the names of cgroups.
  mv "/run/runc/$hex_id/state.json" "/run/runc/$hex_id/hidden"
  run -0 nsx-enter -t "container:${hex_id:0:12}" /bin/busybox hostname
  [ "$output" = "$hex_id" ]
  mv "/run/runc/$hex_id/hidden" "/run/runc/$hex_id/state.json"
}

# bats test_tags=slow
@test "a container that has ended is not running" {
  run_container "$mine"
  runc kill "$mine" KILL
  wait_until is_gone "$pid"
  refused "cannot enter container:$mine: it is not running: runc recorded PID $pid, which has exited" \
    -t "container:$mine" true
  # Another process that has reused the PID is not mistaken for it.
  spawn sleep 300
  sed -i "s/\"init_process_pid\":[0-9]*/\"init_process_pid\":$pid/" "/run/runc/$mine/state.json"
  refused "cannot enter container:$mine: it is not running: runc recorded PID $pid, which is another process now" \
    -t "$mine" true
}

# bats test_tags=slow
@test "hostile container state is an error, and never blocks" {
  mkdir -p "/run/runc/$mine-a" "/run/runc/$mine-b" "/run/runc/$mine-c"
  mkfifo "/run/runc/$mine-a/state.json"
  ln -s /dev/zero "/run/runc/$mine-b/state.json"
  head -c 100000 /dev/zero | tr '\0' '[' >"/run/runc/$mine-c/state.json"
  refused "cannot read /run/runc/$mine-a/state.json: not a regular file" -t "container:$mine-a" true
  refused "cannot read /run/runc/$mine-b/state.json: it is a symbolic link" -t "container:$mine-b" true
  refused "cannot read /run/runc/$mine-c/state.json: it is not the state of a container" \
    -t "container:$mine-c" true
}

# bats test_tags=any-kernel
@test "an ordinary user finds their container by the name of its cgroup" {
  id=$(printf 'a%063x' $$)
  make_cgroup "docker-$id.scope"
  spawn as_user unshare --user --map-root-user --uts sleep 300
  wait_until has_left "$pid" uts
  echo "$pid" >"$cgroup/cgroup.procs"
  run -0 as_user nsx-enter -t "container:$id" stat -L -c %i /proc/self/ns/uts
  [ "$output" = "$(ns_of "$pid" uts)" ]
  run -0 as_user nsx-enter -t "$id" stat -L -c %i /proc/self/ns/uts
  [ "$output" = "$(ns_of "$pid" uts)" ]
}

# A crun record for the process $pid, below a directory that belongs to a UID: own_engine DIRECTORY UID
own_engine() {
  install -d -m 700 "$1/crun/$mine"
  printf '{"pid":%s,"process-start-time":%s,"bundle":"/x"}' "$pid" "$(cut -d' ' -f22 "/proc/$pid/stat")" \
    >"$1/crun/$mine/status"
  chown -R "$2:$2" "$1"
}

@test "the caller's containers are found in XDG_RUNTIME_DIR, if that is the caller's" {
  local own=/run/$mine.own uid as
  for uid in 0 "$ordinary_uid"; do
    as=()
    [ "$uid" = 0 ] || as=("${become_user[@]}")
    spawn "${as[@]}" unshare --user --map-root-user --uts sleep 300
    wait_until has_left "$pid" uts
    own_engine "$own" "$uid"
    run -1 "${as[@]}" nsx-enter -t "container:$mine" true
    run -0 "${as[@]}" env XDG_RUNTIME_DIR="$own" nsx-enter -t "container:$mine" stat -L -c %i /proc/self/ns/uts
    [ "$output" = "$(ns_of "$pid" uts)" ]
    run -0 "${as[@]}" env XDG_RUNTIME_DIR="$own" nsx-ls -l -n -t uts -o NS,CONTAINER
    grep -qx " *$(ns_of "$pid" uts)  *$mine" <<<"$output"
    run -0 "${as[@]}" nsx-ls -l -n -t uts -o NS,CONTAINER
    run ! grep -q "$mine" <<<"$output"
    # A link, a directory that others can write to, and one of another user are not searched.
    ln -s "$own" "$own.link"
    run -1 "${as[@]}" env XDG_RUNTIME_DIR="$own.link" nsx-enter -t "container:$mine" true
    chmod 777 "$own"
    run -1 "${as[@]}" env XDG_RUNTIME_DIR="$own" nsx-enter -t "container:$mine" true
    chmod 755 "$own"
    chown 4242 "$own"
    run -1 "${as[@]}" env XDG_RUNTIME_DIR="$own" nsx-enter -t "container:$mine" true
    rm -r "$own" "$own.link"
  done
}

@test "a note tells root which other users' engines are not searched" {
  spawn "${become_user[@]}" sleep 300
  own_engine "/run/user/$ordinary_uid" "$ordinary_uid"
  for target in "$mine" "container:$mine"; do
    run -1 nsx-enter -t "$target" true
    [[ $output = *"hint: for a container of another user (UID $ordinary_uid), use its PID or its container ID" ]]
  done
  run -0 "${become_user[@]}" nsx-enter -t "container:$mine" --plan true
  rm -r "/run/user/$ordinary_uid"
}

# --- Any word ------------------------------------------------------------------------------------

# bats test_tags=slow
@test "an ambiguous word is rejected" {
  ip netns add "$mine"
  make_cgroup "$mine.service"
  sleeper_in "$cgroup"
  refused "ambiguous name '$mine': could be pin:$mine, unit:$mine.service" -t "$mine" true
  leads_to "$pid" "unit:$mine"
  refused "no container, pin, unit or cgroup named 'elsewhere'" -t elsewhere true
}

# bats test_tags=slow
@test "--list-targets lists the names that -t takes" {
  ip netns add "$mine"
  make_cgroup "$mine.service"
  sleeper_in "$cgroup"
  run -0 nsx-enter --list-targets
  printf '%s\n' "${lines[@]}" | grep -qx "pin:$mine	net"
  printf '%s\n' "${lines[@]}" | grep -qx "cgroup:/$mine/$mine.service"
  printf '%s\n' "${lines[@]}" | grep -qx "unit:$mine.service"
  # A name that would disturb a terminal or a reader of lines is left out.
  make_cgroup "x$(printf '\033\n')y"
  nsx-enter --list-targets >"$BATS_TEST_TMPDIR/list"
  run ! grep -q "$(printf '\033')" "$BATS_TEST_TMPDIR/list"
  run -1 grep -xc y "$BATS_TEST_TMPDIR/list"
}

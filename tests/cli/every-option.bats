# SPDX-License-Identifier: MIT
# bats file_tags=slow
# Every option of the two runners works, as root and as an ordinary user. The other files test the options in
# detail.
load ../lib/common
load ../lib/containers

setup() {
  spawned=()
  tried=()
  cgroup=
  root=
}

teardown() {
  end_spawned
  [ -z "$cgroup" ] || rmdir "$cgroup/mine" "$cgroup/inner" 2>/dev/null || true
  leave_cgroup
  [ -z "$root" ] || rm -r "$root"
}

# Runs a test's body for root and for an ordinary user; "${as[@]}" is the prefix of commands as the user.
for_each_user() {
  for who in root user; do
    as=()
    if [ $who = user ]; then as=("${become_user[@]}"); fi
    "$1"
    every_option_was_tried
    tried=()
    end_spawned
  done
}

# Runs a command and checks its status and that its output matches a pattern.
# tries OPTION STATUS PATTERN COMMAND...
tries() {
  local option=$1 wanted_status=$2 pattern=$3
  shift 3
  tried+=("--$option")
  run --separate-stderr "$@"
  # shellcheck disable=SC2053 # it is a pattern
  if [ "$status" != "$wanted_status" ] || [[ ${output//$'\r'/} != $pattern ]]; then
    printf '%s\n' "--$option as $who: $*" "status $status, not $wanted_status" "expected: $pattern" \
      "found: $output" "stderr: $stderr"
    return 1
  fi
}

# The same for the tool, which succeeds: shows OPTION PATTERN ARGUMENTS...
shows() {
  local option=$1 pattern=$2
  shift 2
  tries "$option" 0 "$pattern" "${as[@]}" "$tool" "$@"
}

# New options have to be added here.
every_option_was_tried() {
  diff <("$tool" --help | sed -nE 's/^  (-.,|   ) (--[a-z-]+).*/\2/p' | LC_ALL=C sort) \
    <(printf '%s\n' "${tried[@]}" | LC_ALL=C sort -u)
}

kills_the_child() {
  tried+=(--kill-child)
  spawn "${as[@]}" "$tool" "$@" --kill-child -- sleep 300
  local parent=$pid
  wait_until has_child "$parent" sleep
  spawned+=("$child")
  kill -KILL "$parent"
  wait_until is_gone "$child"
}

# Sends the tool a signal and reports that it arrived.
signal_parent='trap "echo got it; exit" USR1; (kill -USR1 $PPID) & while :; do sleep 0.01; done'

inode='stat -L -c %i /proc/self/ns'

# --into-cgroup and --cgroup-limits, from a cgroup of the user.
takes_cgroups() {
  local from below path
  make_cgroup
  mkdir "$cgroup/inner" "$cgroup/mine"
  chown -R $ordinary_uid "$cgroup"
  from=(sh -c 'echo $$ >"$0"; exec "$@"' "$cgroup/mine/cgroup.procs" "${as[@]}" "$tool" "$@")
  path=/${cgroup##*/}/inner
  below="grep ^0:: /proc/self/cgroup"
  tries into-cgroup 0 "0::*$path" "${from[@]}" --into-cgroup="$path" -- $below
  tries cgroup-limits 0 "0::*$path/nsx-*" "${from[@]}" --into-cgroup="$path" \
    --cgroup-limits=cgroup.max.depth=3 -- $below
  wait_until rmdir "$cgroup/inner"
  wait_until rmdir "$cgroup/mine"
  leave_cgroup
  cgroup=
}

# --- nsx-enter ---

enters() {
  tool=nsx-enter
  local target their kind long outside inside user own_pid

  # An ordinary user's container, with its own socket as descriptor 9.
  spawn "${become_user[@]}" env --chdir=/usr/share NSX_WHOSE=target \
    nsx-unshare -rmuinpCT --lo --kill-child -- bash -c 'exec 9<>/dev/udp/127.0.0.1/9 sleep 300'
  wait_until has_child "$pid" sleep
  target=$child
  export NSX_WHOSE=caller
  their="-t $target"
  user=$(ns_of "$target" user)

  shows target "$(ns_of "$target" uts)" $their -- $inode/uts
  shows all "$(ns_of "$target" uts)"$'\n'"$(ns_of "$target" net)" $their --all -- $inode/uts /proc/self/ns/net
  for kind in "${kernel_kinds[@]}"; do
    long=$kind
    [ $kind != mnt ] || long=mount
    shows $long "$(ns_of "$target" $kind)" $their --$long -- $inode/$kind
  done
  shows net-socket "$(ns_of "$target" net)" $their --net-socket=9 -- $inode/net
  shows user-parent "$user" $their -n --user-parent --preserve-credentials -- $inode/user
  # The caller is root outside, which the container does not map.
  outside=65534 inside=0
  shows setuid $inside $their -U --setuid=0 -- id -u
  shows setgid $inside $their -U --setgid=0 -- id -g
  shows as "0 /root" $their -U --as=root -- sh -c 'echo $(id -u) $HOME'
  [ $who = user ] || inside=$outside
  shows preserve-credentials $inside $their -U --preserve-credentials -- id -u
  shows keep-caps "CapAmb:*[1-9a-f]*" $their -U --keep-caps -- grep CapAmb /proc/self/status
  shows root / $their -U --root -- pwd
  shows wd /usr/share $their -U --wd -- pwd
  shows wdns /usr/lib $their -U --wdns=/usr/lib -- pwd
  shows env target $their -U --env -- sh -c 'echo $NSX_WHOSE'
  shows follow-context "" $their -U --follow-context -- true
  shows tools /target $their --tools -- ls -d /target
  shows tools-rw writable $their --tools --tools-rw -- sh -c 'grep " /usr ro," /proc/self/mountinfo || echo writable'
  shows target-at /inside $their --tools --target-at=/inside -- ls -d /inside
  shows target-path "*:/target/*" $their --tools --target-path -- sh -c 'echo $PATH'
  shows tmpfs "" $their --tmpfs=/mnt
  shows mkdir "" $their --mkdir --tmpfs=/mnt/made
  shows force "" $their --force --unbind=/mnt/made
  shows unbind "" $their --unbind=/mnt
  shows bind "" $their --bind=/etc:/mnt:ro
  shows mount-proc sleep $their -p --mount-proc -- cat /proc/1/comm
  shows mount-sys lo $their -n --mount-sys -- ls /sys/class/net
  own_pid=$(ns_of $$ pid)
  shows no-fork "$own_pid"$'\n'"$(ns_of "$target" pid)" $their -p --no-fork -- \
    $inode/pid /proc/self/ns/pid_for_children
  shows forward-signals "got it" $their -U --kill-child --forward-signals=USR1 -- sh -c "$signal_parent"
  kills_the_child $their -U
  shows pty "a terminal" $their -U --pty -- sh -c 'test -t 1 && echo a terminal' </dev/null
  shows no-pty "here" $their -U --no-pty -- echo here
  shows keep-fds "kept" $their -U --keep-fds=5 -- sh -c 'cat <&5' 5<<<kept
  shows status-fd '{"event":"started",*{"event":"ended",*' $their -U --status-fd=1 -- true
  shows get "root:*" $their --get=/etc/passwd:-
  root=$(mktemp -d /tmp/nsx-put.XXXXXX)
  chmod 777 "$root"
  shows put "" $their --put=/etc/passwd:"$root/put"
  cmp /etc/passwd "$root/put"
  rm -r "$root"
  root=
  shows plan "1. *run true" $their --plan -- true
  shows json '{"steps":\[*' $their --plan --json -- true
  shows help "Usage: nsx-enter *" --help
  shows version "nsx-enter *" --version
  takes_cgroups $their --uts --user

  # From a sibling of the target's cgroup, below one of the user.
  make_cgroup
  mkdir "$cgroup/inner" "$cgroup/mine"
  chown -R $ordinary_uid "$cgroup"
  echo "$target" >"$cgroup/inner/cgroup.procs"
  tries join-cgroup 0 "0::*/${cgroup##*/}/inner" sh -c 'echo $$ >"$0"; exec "$@"' "$cgroup/mine/cgroup.procs" \
    "${as[@]}" nsx-enter $their -U --join-cgroup -- grep ^0:: /proc/self/cgroup
  tries as-container 0 "0 target /usr/share */${cgroup##*/}/inner*" sh -c 'echo $$ >"$0"; exec "$@"' \
    "$cgroup/mine/cgroup.procs" "${as[@]}" nsx-enter $their --as-container -- \
    sh -c 'echo $(id -u) $NSX_WHOSE $PWD $(grep ^0:: /proc/self/cgroup)'
  shows list-targets "*cgroup:*${cgroup##*/}/inner*" --list-targets
  end_spawned
  wait_until rmdir "$cgroup/inner"
  wait_until rmdir "$cgroup/mine"
  leave_cgroup
  cgroup=
}

# bats test_tags=slow
@test "nsx-enter: every option, as root and as an ordinary user" {
  for_each_user enters
}

# --- nsx-unshare ---

creates() {
  tool=nsx-unshare
  local may kind long ids
  # Gives an ordinary user the rights.
  may=
  [ $who = root ] || may=-r

  for kind in "${kernel_kinds[@]}"; do
    long=$kind
    [ $kind != mnt ] || long=mount
    shows $long "made !($(ns_of $$ $kind))" $may --$long --fork -- stat -L -c "made %i" /proc/self/ns/$kind
  done
  shows all "2 0" --all -- sh -c 'echo $$ $(id -u)'
  shows fork nsx-unshare --fork -- sh -c 'cat /proc/$PPID/comm'
  shows init 2 $may --init -- sh -c 'echo $$'
  shows no-init 1 --all --no-init -- sh -c 'echo $$'
  kills_the_child
  shows forward-signals "got it" --forward-signals=USR1 -- sh -c "$signal_parent"
  shows pty "a terminal" --pty -- sh -c 'test -t 1 && echo a terminal' </dev/null
  shows status-fd '{"event":"started",*{"event":"ended",*' --status-fd=1 -- true

  shows map-root-user 0 --map-root-user -- id -u
  shows map-current-user "$("${as[@]}" id -u)" --map-current-user -- id -u
  shows map-user 5 --map-user=5 -- id -u
  shows map-group 7 --map-group=7 -- id -g
  ids='cat /proc/self/uid_map /proc/self/gid_map'
  with_sub_ids map-users "*0*200000*4*" --map-users=0:200000:4 -- $ids
  with_sub_ids map-groups "*0*200000*4*" --map-groups=0:200000:4 -- $ids
  with_sub_ids map-auto "*0*200000*9*0*200000*9*" --map-auto -- $ids
  with_sub_ids map-subids "*200000*200000*9*200000*200000*9*" --map-subids -- $ids
  shows setgroups deny -U --setgroups=deny -- cat /proc/self/setgroups
  shows keep-caps "CapAmb:*[1-9a-f]*" -c --keep-caps -- grep CapAmb /proc/self/status
  if [ $who = root ]; then
    shows setuid 5 --setuid=5 -- id -u
    shows setgid 7 --setgid=7 -- id -g
    shows owner "$ordinary_uid" --owner=$ordinary_uid:$ordinary_uid -c -- id -u
    tries pin 0 kept unshare -m sh -c 'mount -t tmpfs none /run && exec "$@"' - \
      nsx-unshare -n --pin=blue -- sh -c 'test -e /run/netns/blue && echo kept'
  else
    shows setuid 0 -r --setuid=0 -- id -u
    shows setgid 0 -r --setgid=0 -- id -g
    tries owner 1 "" as_user nsx-unshare --owner=0:0 -r -- echo wrong
    tries pin 1 "" as_user nsx-unshare -rn --pin=$own_name -- echo wrong
  fi

  shows monotonic "monotonic * 1000 *" $may -T --monotonic=1000 -- cat /proc/self/timens_offsets
  shows boottime "*boottime * 1000 *" $may -T --boottime=1000 -- cat /proc/self/timens_offsets
  shows hostname blue $may --hostname=blue -- uname -n
  shows lo "*LOOPBACK,UP*" $may --lo -- ip -o link show lo
  shows mount-proc /proc/1 $may -p --fork --mount-proc -- sh -c 'echo /proc/[0-9]*'
  shows mount-sys lo $may -n --mount-sys -- ls /sys/class/net
  if "${as[@]}" unshare -r -m mount -t binfmt_misc none /mnt 2>/dev/null; then
    shows mount-binfmt $'register\nstatus' -r --mount-binfmt=/mnt -- ls /mnt
    shows load-interp "*nsx-test*" -r -p --fork --load-interp=":nsx-test:M::NSXTEST::/bin/cat:" -- \
      ls /proc/sys/fs/binfmt_misc
  else
    # Before Linux 6.7 only the refusal can be tested.
    tries mount-binfmt 1 "" "${as[@]}" nsx-unshare -r --mount-binfmt=/mnt -- echo wrong
    tries load-interp 1 "" "${as[@]}" nsx-unshare -r -p --fork -l x -- echo wrong
  fi
  shows propagation "[1-9]*" $may -m --propagation=shared -- grep -c shared: /proc/self/mountinfo
  shows root here $may --root="$root" -- sh -c 'test -d /inside && echo here'
  shows wd /usr/share --wd=/usr/share -- pwd
  shows clear-env "" --clear-env -- /usr/bin/env
  shows whitelist-env "NSX_A=1" --whitelist-env=NSX_A -- /usr/bin/env
  shows no-pty "here" -U --no-pty -- echo here
  shows keep-fds "kept" -U --keep-fds=5 -- sh -c 'cat <&5' 5<<<kept
  shows plan "1. *run true" -u --plan -- true
  shows json '{"steps":\[*' -u --plan --json -- true
  shows help "Usage: nsx-unshare *" --help
  shows version "nsx-unshare *" --version
  takes_cgroups --user
}

# What `shows` checks, where both users have subordinate ids.
with_sub_ids() {
  local option=$1 pattern=$2
  shift 2
  tries "$option" 0 "$pattern" unshare -m sh -c \
    'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@"' \
    "$sub_ids" "${as[@]}" nsx-unshare "$@"
}

# bats test_tags=slow
@test "nsx-unshare: every option, as root and as an ordinary user" {
  export NSX_A=1
  sub_ids=$BATS_TEST_TMPDIR/sub-ids
  printf '%s:200000:9\n' root "$(id -un $ordinary_uid)" >"$sub_ids"
  for file in /etc/subuid /etc/subgid; do [ -e $file ] || : >$file; done
  root=$(mktemp -d /tmp/nsx-root.XXXXXX)
  make_root "$root" sh
  for_each_user creates
}

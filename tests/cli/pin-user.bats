# SPDX-License-Identifier: MIT
# nsx-pin for an ordinary user: pins in a mount namespace of that user.
load ../lib/common
load ../lib/pins

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  cd / || return
  # A directory that the user can reach.
  export XDG_RUNTIME_DIR
  XDG_RUNTIME_DIR=$(mktemp -d /tmp/nsx-runtime.XXXXXX)
  chown "$ordinary_uid:$ordinary_uid" "$XDG_RUNTIME_DIR"
}

teardown() {
  as_user nsx-pin rm --all --kill >/dev/null 2>&1 || true
  rm -rf "$XDG_RUNTIME_DIR"
  end_spawned
}

# The PID of the holder, which has the lock of its file, or nothing.
holder() {
  local inode
  inode=$(stat -c %i "$XDG_RUNTIME_DIR/nsx-pin-holder" 2>/dev/null) || return 0
  awk -v inode=":$inode" '$2 == "POSIX" && substr($6, length($6) - length(inode) + 1) == inode { print $5 }' \
    /proc/locks
}

holder_is_there() {
  [ -n "$(holder)" ]
}

# bats test_tags=rootless
@test "add, ls, exec, pids, identify, mv, rm: as for root" {
  as_user nsx-pin add blue
  run -0 as_user nsx-pin ls -n -o NAME,KIND,STATE blue
  [ "$(words $output)" = "blue net live" ]
  run -0 as_user nsx-pin exec blue -- sh -c 'id -u; cat /sys/class/net/lo/operstate; ip link set lo down && echo set'
  [ "${lines[0]}" = 0 ]
  [ "${lines[1]}" = unknown ]
  [ "${lines[2]}" = set ]
  spawn as_user nsx-pin exec blue -- sleep 300
  wait_until grep -qsx sleep "/proc/$pid/comm"
  run -0 as_user nsx-pin pids blue
  [ "$output" = "$pid" ]
  run -0 as_user nsx-pin identify "$pid"
  [ "$output" = blue ]
  run -0 as_user nsx-enter -t pin:blue -- stat -L -c %i /proc/self/ns/net
  [ "$output" = "$(ns_of "$pid" net)" ]
  as_user nsx-pin mv blue green
  run -0 as_user nsx-pin exec green -- stat -L -c %i /proc/self/ns/net
  [ "$output" = "$(ns_of "$pid" net)" ]
  run -0 as_user nsx-pin rm --kill green
  run -1 as_user nsx-pin ls -n green
}

# bats test_tags=any-kernel,rootless
@test "the holder can be joined as soon as it is visible" {
  # Its prctl(2)s set a name, hide it, and open it to the user's processes: strace holds it before the last.
  spawn as_user strace -f -qq -o /dev/null -e trace=prctl -e inject=prctl:delay_enter=1s:when=3 nsx-pin add blue
  wait_until holder_is_there
  run -0 as_user nsx-pin add green
  wait_until test -e "$XDG_RUNTIME_DIR/netns/blue"
  run -0 as_user nsx-pin rm --all
}

# bats test_tags=slow,rootless
@test "nothing shows outside" {
  before=$(cat /proc/self/mountinfo)
  as_user nsx-pin add blue
  [ "$before" = "$(cat /proc/self/mountinfo)" ]
  [ "$(stat -f -c %T "$XDG_RUNTIME_DIR/netns/blue")" != nsfs ]
}

# bats test_tags=slow,rootless
@test "all kinds; a program sets them up" {
  as_user nsx-pin add web -nuipCT -- hostname inside
  run -0 as_user nsx-pin exec web -- sh -c 'hostname; id -u'
  [ "${lines[*]}" = "inside 0" ]
  run -0 as_user nsx-pin rm web
  wait_until is_gone_or_dead "$(holder)"
}

# bats test_tags=slow,rootless
@test "many start at once, and there is one holder; it ends with the last pin" {
  for i in 1 2 3 4; do
    spawn as_user nsx-pin add "pin$i"
  done
  for i in 1 2 3 4; do wait "${spawned[i - 1]}"; done
  run -0 as_user nsx-pin ls -n -o NAME,STATE pin1 pin2 pin3 pin4
  [ "$(words $output)" = "pin1 live pin2 live pin3 live pin4 live" ]
  first=$(holder)
  [ "$(wc -w <<<"$first")" = 1 ]
  as_user nsx-pin rm pin1 pin2 pin3
  [ "$(holder)" = "$first" ]
  as_user nsx-pin rm pin4
  wait_until is_gone_or_dead "$first"
  [ ! -e "$XDG_RUNTIME_DIR/nsx-pin-holder" ]
}

is_gone_or_dead() {
  [ -z "$1" ] || [ -z "$(state_of "$1")" ] || [ "$(state_of "$1")" = Z ]
}

# bats test_tags=any-kernel,rootless
@test "pins of a killed holder are stale, and gc removes them" {
  as_user nsx-pin add blue
  first=$(holder)
  kill -KILL "$first"
  wait_until is_gone_or_dead "$first"
  run -0 as_user nsx-pin ls -n -o NAME,STATE blue
  [ "$(words $output)" = "blue stale" ]
  run -1 as_user nsx-pin exec blue -- true
  run -0 as_user nsx-pin gc
  as_user nsx-pin add blue
  as_user nsx-pin exec blue -- true
}

# bats test_tags=slow
@test "another user's directory is not used" {
  chown 0 "$XDG_RUNTIME_DIR"
  chmod 755 "$XDG_RUNTIME_DIR"
  run -1 as_user nsx-pin add blue
  [[ "$output" = *"cannot use the directory for your pins $XDG_RUNTIME_DIR: it is not yours"* ]]
}

# With root's pins in a private /run: a script for the user inside.
beside_roots() {
  export -f as_user
  unshare -m --propagation=slave bash -c "
    mount -t tmpfs -o mode=755 run /run
    nsx-pin add roots; nsx-pin add blue; touch /run/netns/stale
    become_user=(${become_user[*]})
    $1"
}

@test "root's pins are listed, read-only" {
  run -0 beside_roots '
    as_user nsx-pin add own; as_user nsx-pin add blue
    as_user nsx-pin ls -n -o NAME,STATE,PATH | tr -s " " | sed "s,$XDG_RUNTIME_DIR,OWN,"
    echo ==; as_user nsx-pin ls -n -o NAME roots
    nsx-pin exec roots -- sleep 300 & user=$!
    until grep -qsx sleep /proc/$user/comm; do sleep 0.02; done
    as_user nsx-pin identify pin:roots; as_user nsx-pin identify pin:blue
    # Others may not see which processes are in it.
    as_user nsx-pin pids roots
    kill $user
    for command in "exec roots -- true" "rm roots" "rm own roots" "mv roots mine"; do
      as_user nsx-pin $command || echo "status $?"
    done
    as_user nsx-pin add roots; as_user nsx-pin rm --all --kill
    nsx-pin ls -n -o NAME,STATE | tr -s " "' 2>&1
  [ "${lines[0]}" = "blue live OWN/netns/blue" ]
  [ "${lines[1]}" = "blue live /run/netns/blue" ]
  [ "${lines[2]}" = "own live OWN/netns/own" ]
  [ "${lines[3]}" = "roots live /run/netns/roots" ]
  [ "${lines[4]}" = "stale stale /run/netns/stale" ]
  [ "${lines[*]:5:4}" = "== roots roots blue" ]
  [ "${lines[9]}" = "nsx-pin exec: cannot enter the pin roots: it belongs to root" ]
  [ "${lines[12]}" = "nsx-pin rm: cannot remove the pin roots: it belongs to root" ]
  [ "${lines[15]}" = "${lines[12]}" ]
  [ "${lines[18]}" = "nsx-pin mv: cannot rename the pin roots: it belongs to root" ]
  for i in 9 12 15 18; do [ "${lines[i + 1]} ${lines[i + 2]}" = "hint: run as root status 1" ]; done
  [ "${lines[*]:21}" = "blue live roots live stale stale" ]
}

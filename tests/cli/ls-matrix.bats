# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # set by bats and the loaded file
# bats file_tags=slow
load ../lib/common
load ../lib/containers

# Everything happens in a PID namespace of the test's own, so that PID 1 there is readable, and no other
# processes are there.

setup() {
  spawned=()
  spawn unshare -pf --mount-proc --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  init=$child
  containers=()
}

teardown() {
  for each in "${containers[@]}"; do rm -r "/run/runc/$each"; done
  rmdir /run/runc 2>/dev/null || true
  end_spawned
}

inside() {
  nsenter -t "$init" -p -m -- "$@"
}

# Starts a process there by a command that runs `sleep 300` in other namespaces: $outer is its PID outside,
# $inner its PID there.
put() {
  spawn nsenter -t "$init" -p -m -- "$@" sleep 300
  wait_until has_child "$pid" sleep
  outer=$child
  inner=$(awk '/^NSpid:/ { print $NF }' "/proc/$outer/status")
}

# Makes a process there the container of this name, by the state that runc would store.
name_container() {
  containers+=("$1")
  record_of_runc "$1" "$inner" "$outer"
}

# The row of a PID, with single spaces between cells: row PID.
row() {
  tr -s ' ' <<<"$output" | sed 's/^ //' | grep -E "(^| )$1 "
}

@test "processes that share nothing of their own are left out, except with --all" {
  put env
  run -0 inside nsx-ls --matrix
  [ -z "$output" ] || [ "${#lines[@]}" = 1 ]
  run -0 inside nsx-ls --matrix --all
  [ "$(words ${lines[0]})" = "PID cgroup ipc mnt net pid time user uts COMMAND" ]
  [ "$(row 1)" = "1 - - - - - - - - sleep 300" ]
  [ "$(row "$inner")" = "$inner - - - - - - - - sleep 300" ]
}

@test "a number is a process's own namespace, = a member of the same" {
  put unshare -n -i
  first=$inner net=$(ns_of "$outer" net) ipc=$(ns_of "$outer" ipc)
  put nsenter -t "$first" -n -- unshare -u
  run -0 inside nsx-ls --matrix
  [ "$(row "$first")" = "$first - $ipc - $net - - - - sleep 300" ]
  [ "$(row "$inner")" = "$inner - - - =$first - - - $(ns_of "$outer" uts) sleep 300" ]
  [ "${#lines[@]}" = 3 ]
  # Other kinds do not count then.
  run -0 inside nsx-ls --matrix=process -n -t uts -t mnt
  [ "$(words $output)" = "$inner - $(ns_of "$outer" uts) sleep 300" ]
}

@test "-p: the kinds of a process, and with whom each is shared" {
  put unshare -n -i
  first=$inner net=$(ns_of "$outer" net) ipc=$(ns_of "$outer" ipc)
  put nsenter -t "$first" -n -- env
  run -0 inside nsx-ls --matrix -p "$first"
  [ "$(words ${lines[0]})" = "TYPE NS SHARED-WITH" ]
  [ "$(row net)" = "net $net $inner" ]
  [ "$(row ipc)" = "ipc $ipc nobody" ]
  [ "$(row uts)" = "uts $(ns_of "$init" uts) PID 1" ]
  for _ in 1 2 3; do put nsenter -t "$first" -n -- env; done
  run -0 inside nsx-ls --matrix -n -t net --task "$first"
  [[ "$(words $output)" =~ ^net\ $net\ [0-9]+,\ [0-9]+,\ [0-9]+\ and\ 1\ more$ ]]
  run -1 inside nsx-ls --matrix -p 4194305
  [ "$output" = "nsx-ls: cannot find PID 4194305: No such process" ]
}

@test "=container: by name, with the names of those that share" {
  put unshare -n
  name_container "$own_name-a"
  a=$inner net=$(ns_of "$outer" net)
  put nsenter -t "$a" -n -- unshare -u
  name_container "$own_name-b"
  b=$inner uts=$(ns_of "$outer" uts)
  put env
  name_container "$own_name-c"
  put unshare -n # none
  run -0 inside nsx-ls --matrix=container -t net -t uts
  [ "$(words ${lines[0]})" = "CONTAINER PID net uts COMMAND" ]
  [ "$(row "$a")" = "$own_name-a $a $net - sleep 300" ]
  [ "$(row "$b")" = "$own_name-b $b =$own_name-a $uts sleep 300" ]
  grep "^$own_name-c .* -  *-  " <<<"$output"
  [ "${#lines[@]}" = 4 ]
}

@test "=unit: by name" {
  tree=$(cgroup_mount)
  [ -w "$tree/cgroup.procs" ] || cannot "move a process into a cgroup"
  put unshare -n
  mkdir "$tree/$own_name.service"
  echo "$outer" >"$tree/$own_name.service/cgroup.procs"
  run -0 inside nsx-ls --matrix=unit -t net
  end_spawned
  gone() { rmdir "$tree/$own_name.service" 2>/dev/null; }
  wait_until gone
  [ "$(words ${lines[0]})" = "UNIT PID net COMMAND" ]
  [[ "$(row "$inner")" = "$own_name.service $inner 40265"*" sleep 300" ]]
}

@test "--json: each kind, whether it is shared with PID 1, and with whom" {
  put unshare -n
  a=$inner net=$(ns_of "$outer" net)
  name_container "$own_name-a"
  put nsenter -t "$a" -n -- env
  name_container "$own_name-b"
  run -0 inside nsx-ls --json --matrix=container
  jq -e ".matrix[] | select(.name == \"$own_name-a\") | .pid == $a and .command == \"sleep 300\" and
    (.namespaces | length) == ${#kernel_kinds[@]} and
    (.namespaces.net | .ns == $net and .shared_with_init == false and .nprocs == 2 and
      .shared_with == [\"$own_name-b\"]) and
    (.namespaces.uts | .shared_with_init and (has(\"shared_with\") | not))" <<<"$output"
  run -0 inside nsx-ls --json --matrix -p "$a"
  jq -e "(.matrix | length) == 1 and .matrix[0].namespaces.net.shared_with == [$inner]" <<<"$output"
  run -0 inside nsx-ls --json --matrix
  jq -e "[.matrix[].pid] == [$a, $inner]" <<<"$output"
}

@test "without the right to see PID 1, the caller is compared with instead, and a note says so" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  run -0 --separate-stderr as_user nsx-ls --matrix --verbose
  [[ "$stderr" = *"nsx-ls: note: cannot read the namespaces of PID 1: comparing with nsx-ls's own instead"* ]]
  [[ "$(row "$pid")" = "$pid - - - $(ns_of "$pid" net) - - $(ns_of "$pid" user) - sleep 300" ]]
  run -0 --separate-stderr as_user nsx-ls --json --matrix -p "$pid"
  jq -e '.matrix[0].namespaces.uts.shared_with_caller' <<<"$output"
}

@test "incompatible options" {
  for options in --matrix=frob "--matrix x" "--matrix -l" "--matrix -o NS" "--matrix=unit -p 1" \
    "--matrix --all -p 1" --all "--matrix --limits" "--matrix -J -r"; do
    run -2 nsx-ls $options
    [[ "$output" = "nsx-ls: "*"Try 'nsx-ls --help'." ]]
  done
}

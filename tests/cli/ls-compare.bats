# SPDX-License-Identifier: MIT
# bats file_tags=slow
load ../lib/common

teardown() {
  if [ -e "/run/netns/$own_name" ]; then ip netns del "$own_name"; fi
  end_spawned
}

# Two processes: one with its own UTS and net namespaces, and one without.
two_processes() {
  spawn sleep 300
  plain=$pid
  spawn_in uts -u -n
}

@test "a row for each kind, with both numbers; 1 if something differs" {
  two_processes
  run -1 nsx-ls --compare "$plain" "$pid"
  [ "$(words ${lines[0]})" = "TYPE RESULT $plain $pid" ]
  while read -r kind inode; do
    result=same
    if [ "$kind" = uts ] || [ "$kind" = net ]; then result=different; fi
    row=$(grep "^$kind " <<<"$output")
    [ "$(words $row)" = "$kind $result $(ns_of "$plain" "$kind") $inode" ]
  done < <(namespaces "$pid")
  [ "${#lines[@]}" = $((${#kernel_kinds[@]} + 1)) ]
}

@test "0 if all are the same, with and without -t" {
  two_processes
  run -0 nsx-ls --compare "$plain" $$
  [[ "$output" != *different* ]]
  run -0 nsx-ls -t ipc --compare "$plain" --type mnt "$pid"
  [ "$(awk 'NR > 1 { print $1, $2 }' <<<"$output" | tr '\n' ' ')" = "ipc same mnt same " ]
  run -1 nsx-ls --compare -t net "$plain" "$pid"
  [ "${#lines[@]}" = 2 ]
}

@test "of more than two targets, one that differs is enough" {
  two_processes
  run -0 nsx-ls -n --compare -t uts "$plain" $$ "$plain"
  run -1 nsx-ls -n --compare -t uts "$plain" $$ "$pid"
  here=$(ns_of $$ uts)
  [ "$(words $output)" = "uts different $here $here $(ns_of "$pid" uts)" ]
}

@test "any target: a pin is compared in the kinds that it has" {
  two_processes
  ip netns attach "$own_name" "$pid"
  run -0 nsx-ls -n --compare "pin:$own_name" "$pid" "ns:$(ns_of "$pid" net)"
  [ "$(words ${output% *} | cut -d ' ' -f 1,2)" = "net same" ]
  [ "${#lines[@]}" = 1 ]
  run -1 nsx-ls -n --compare "$own_name" "$plain"
  # The requested namespace has to exist.
  run -2 nsx-ls --compare -t uts "pin:$own_name" "$pid"
  [ "$output" = "nsx-ls: pin $own_name has no uts namespace" ]
  run -2 nsx-ls --compare "pin:$own_name" "ns:$(ns_of "$pid" uts)"
  [[ "$output" = *"the targets have no kind of namespace in common" ]]
}

@test "unreadable targets are an error, not an answer" {
  two_processes
  run -2 nsx-ls --compare "$plain" 4194305
  [ "$output" = "nsx-ls: cannot find PID 4194305: No such process" ]
  run -2 as_user nsx-ls --compare -t net "$plain" "$pid"
  [[ "$output" = "nsx-ls: cannot open the net namespace of PID $plain: Permission denied"* ]]
  run -2 bash -c "nsx-ls --compare -t net $plain $pid >/dev/full"
}

# bats test_tags=rootless
@test "an ordinary user compares their own processes" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  first=$pid
  spawn as_user sleep 300
  wait_until grep -qsx sleep "/proc/$pid/comm"
  run -1 as_user nsx-ls --compare -n -t net -t uts "$first" "$pid"
  [ "$(awk '{ print $1, $2 }' <<<"$output" | tr '\n' ' ')" = "net different uts same " ]
}

# bats test_tags=rootless
@test "fewer than two targets, or options of other views: 2 and nothing done" {
  for options in "" "1" "1 1 -l" "1 1 --tree" "1 1 -o NS" "1 1 -p 1" "1 1 --limits"; do
    run -2 --separate-stderr nsx-ls --compare $options
    [ -z "$output" ]
    # shellcheck disable=SC2154 # run sets it
    [[ "$stderr" = "nsx-ls: "*"Try 'nsx-ls --help'." ]]
  done
}

@test "--json: numbers, and the answer" {
  two_processes
  run -1 nsx-ls --compare --json "$plain" "$pid"
  jq -e ".compare | .same == false and
    .targets == [{target: \"$plain\", pid: $plain}, {target: \"$pid\", pid: $pid}] and
    (.types[] | select(.type == \"uts\") | .same) == false and
    (.types[] | select(.type == \"mnt\")) ==
      {type: \"mnt\", same: true, ns: [$(ns_of $$ mnt), $(ns_of $$ mnt)]}" <<<"$output"
  run -0 nsx-ls --compare --json -t net "ns:$(ns_of "$pid" net)" "$pid"
  jq -e '.compare | .same and (.targets[0] | has("pid") | not)' <<<"$output"
}

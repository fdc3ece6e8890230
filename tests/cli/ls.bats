# SPDX-License-Identifier: MIT
load ../lib/common

# The row of a namespace in a listing without headings: row INODE OPTIONS...
row() {
  local inode=$1
  shift
  nsx-ls -l -n "$@" 2>/dev/null | grep -w "^ *$inode"
}

# The headings of a list, without CONTAINER, which appears if the machine has one.
headings() {
  words ${lines[0]/ CONTAINER/}
}

# Whether stderr is empty.
no_complaint() {
  [ -z "$stderr" ]
}

# bats test_tags=slow
@test "the default columns, with a heading" {
  spawn_in uts -u
  run -0 --separate-stderr nsx-ls
  [ "$(headings)" = "NS TYPE NPROCS PID USER COMMAND" ]
  run -0 row "$(ns_of "$pid" uts)"
  [ "$(words $output)" = "$(ns_of "$pid" uts) uts 1 $pid root sleep 300" ]
}

# bats test_tags=rootless
@test "a namespace of every kind is listed, with all its processes and the lowest PID" {
  spawn unshare -muinCTU -pf -r --kill-child -- sh -c 'sleep 300 & sleep 300'
  top=$pid
  wait_until has_child "$top" sh
  shell=$child
  two() { [ "$(pgrep -c -P "$shell" -x sleep)" = 2 ]; }
  wait_until two
  run -0 --separate-stderr nsx-ls -l -n -r -o NS,TYPE,NPROCS,PID
  while read -r kind inode; do
    first=$top count=4
    # The process that called unshare is not in its pid and time namespaces: those are for children.
    if [ "$kind" = pid ] || [ "$kind" = time ]; then first=$shell count=3; fi
    grep -x "$inode $kind $count $first" <<<"$output"
  done < <(namespaces "$shell")
}

# bats test_tags=slow,rootless
@test "-o: these columns, in this order, in any case" {
  run -0 --separate-stderr nsx-ls -o type,NS
  [ "$(words ${lines[0]})" = "TYPE NS" ]
  run -0 --separate-stderr nsx-ls --output=PID,Command
  [ "$(words ${lines[0]})" = "PID COMMAND" ]
}

# bats test_tags=slow,rootless
@test "-o +: appends to the default columns" {
  run -0 --separate-stderr nsx-ls -o +PNS,ONS
  [ "$(headings)" = "NS TYPE NPROCS PID USER COMMAND PNS ONS" ]
}

# bats test_tags=any-kernel
@test "every column" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  net=$(ns_of "$pid" net) user=$(ns_of "$pid" user)
  run -0 row "$net" -o NS,TYPE,PATH,NPROCS,PID,PPID,UID,USER,NETNSID,PNS,ONS,COMMAND
  [ "$(words $output)" = \
    "$net net /proc/$pid/ns/net 1 $pid $$ $ordinary_uid nobody unassigned 0 $user sleep 300" ]
  run -0 row "$user" -o NS,PNS,ONS
  [ "$(words $output)" = "$user $(ns_of $$ user) $(ns_of $$ user)" ]
}

@test "ID: the number that the kernel never reuses, if it has one" {
  run -0 --separate-stderr nsx-ls --features
  spawn_in net -n
  if [[ "$output" = *"ns-id yes"* ]]; then
    first=$(row "$(ns_of "$pid" net)" -o NS,ID | awk '{ print $2 }')
    [ "$first" -gt 0 ]
    end_spawned
    spawn_in net -n
    second=$(row "$(ns_of "$pid" net)" -o NS,ID | awk '{ print $2 }')
    [ "$second" != "$first" ]
  else
    run -0 row "$(ns_of "$pid" net)" -o NS,ID
    [ "$(words $output)" = "$(ns_of "$pid" net)" ]
  fi
}

@test "NSFS and NETNSID: where a net namespace is mounted, and its number" {
  spawn_in net -n
  net=$(ns_of "$pid" net)
  touch "$BATS_TEST_TMPDIR/a pin" "$BATS_TEST_TMPDIR/another"
  # In namespaces of the test's own: mounts and numbers of the machine stay unchanged.
  run -0 unshare -mn -- bash -c "
    mount --bind /proc/$pid/ns/net '$BATS_TEST_TMPDIR/a pin'
    mount --bind /proc/$pid/ns/net '$BATS_TEST_TMPDIR/another'
    exec 2>/dev/null
    nsx-ls -n -r -t net -o NS,NETNSID,NSFS | grep '^$net '
    ip link add nsx-test-a type veth peer name nsx-test-b netns $pid || exit 77
    nsx-ls -n -r -t net -o NS,NETNSID | grep '^$net '"
  [ "${lines[0]}" = "$net unassigned $BATS_TEST_TMPDIR/a\\x20pin,$BATS_TEST_TMPDIR/another" ]
  [ "${lines[1]}" = "$net 0" ]
}

# bats test_tags=slow,rootless
@test "-t: only these kinds" {
  run -0 --separate-stderr nsx-ls -n -t uts -o TYPE
  [ "$(printf '%s\n' "${lines[@]}" | sort -u)" = uts ]
  run -0 --separate-stderr nsx-ls -n -l --type=uts -t mnt -o TYPE
  [ "$(printf '%s\n' "${lines[@]}" | sort -u | tr '\n' ' ')" = "mnt uts " ]
  # As in lsns, net adds two columns.
  run -0 --separate-stderr nsx-ls -t net
  [ "$(headings)" = "NS TYPE NPROCS PID USER NETNSID NSFS COMMAND" ]
}

# bats test_tags=any-kernel
@test "-p: the namespaces of a process, counted with all their processes" {
  spawn_in uts -u -n
  run -0 --separate-stderr nsx-ls -n -l -p "$pid" -o NS,TYPE
  while read -r kind inode; do
    [[ "$(words $output) " = *"$inode $kind "* ]]
  done < <(namespaces "$pid")
  [ "${#lines[@]}" = "${#kernel_kinds[@]}" ]
  run -0 --separate-stderr nsx-ls -n -l --task="$pid" -t mnt -o NPROCS
  [ "$output" -gt 1 ]
}

# bats test_tags=slow,rootless
@test "-n, --noheadings" {
  for option in -n --noheadings; do
    run -0 --separate-stderr nsx-ls $option -o TYPE
    [[ "$output" != *TYPE* ]]
  done
}

# bats test_tags=slow,rootless
@test "-l is flat, -r is raw" {
  run -0 --separate-stderr nsx-ls -l
  [[ "$output" != *─* ]] && [[ "$output" != *'`-'* ]]
  run -0 --separate-stderr nsx-ls -r -n -p $$ -o TYPE,COMMAND
  [[ "$output" != *"  "* ]]
}

# bats test_tags=slow
@test "-J: valid JSON; numbers are numbers, lists are lists" {
  spawn_in net -n
  net=$(ns_of "$pid" net)
  run -0 --separate-stderr nsx-ls --json -l -o NS,TYPE,NPROCS,PID,PPID,UID,USER,COMMAND,PNS,ONS,NSFS,PATH
  jq -e ".namespaces[] | select(.ns == $net) | .type == \"net\" and .nprocs == 1 and
    .pid == $pid and .ppid == $$ and .uid == 0 and .user == \"root\" and .pns == 0 and
    .command == \"sleep 300\" and .nsfs == [] and .path == \"/proc/$pid/ns/net\" and
    .ons == $(ns_of $$ user)" <<<"$output"
}

# bats test_tags=slow,rootless
@test "-J with a tree nests children" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  run -0 --separate-stderr nsx-ls -J --tree=owner -o NS,TYPE
  jq -e ".namespaces[] | select(.ns == $(ns_of $$ user)).children[] |
    select(.ns == $(ns_of "$pid" user)).children == [{ns: $(ns_of "$pid" net), type: \"net\"}]" \
    <<<"$output"
}

# bats test_tags=any-kernel,rootless
@test "--tree=owner: owned namespaces below their user namespace; also -T and --tree" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  for option in -T --tree --tree=owner -Towner; do
    run -0 --separate-stderr env LC_ALL=C nsx-ls $option -n -o NS,TYPE
    # The user namespace is below the first one, and its namespaces are one level deeper.
    grep -Eq "^[|\`]-$(ns_of "$pid" user) +user" <<<"$output"
    grep -Eq "^[| ] [|\`]-$(ns_of "$pid" net) +net" <<<"$output"
  done
}

# bats test_tags=slow,rootless
@test "--tree=owner -p: the owners are shown too, with their own counts, but only kinds of -t" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  run -0 --separate-stderr nsx-ls --tree=owner -t net -t user -p "$pid" -J -o NS,NPROCS
  jq -e ".namespaces[0].ns == $(ns_of $$ user) and
    ([.. | objects | select(.ns == $(ns_of "$pid" user) and .nprocs == 1)] | length == 1)" <<<"$output"
  run -0 --separate-stderr nsx-ls --tree=owner -t net -J -o NS,TYPE
  jq -e "[.. | objects | .type? // empty] | unique == [\"net\"]" <<<"$output"
}

# bats test_tags=any-kernel,rootless
@test "--tree=parent: pid and user namespaces below their parents, also those without a process" {
  # The middle one of three user namespaces, whose only process leaves it.
  spawn as_user unshare -Ur -- unshare -U -- sleep 300
  wait_until grep -qs sleep "/proc/$pid/comm"
  run -0 --separate-stderr nsx-ls --tree=parent -t user -J -o NS,NPROCS
  jq -e ".namespaces[] | select(.ns == $(ns_of $$ user)).children[] |
    select(.nprocs == 0 and .children == [{ns: $(ns_of "$pid" user), nprocs: 1}])" <<<"$output"
}

@test "-P: namespaces without a process, and their holders" {
  spawn_in net -n
  inode=$(ns_of "$pid" net)
  spawn bash -c 'exec sleep 300 9<"/proc/$1/ns/net"' - "$pid"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  kill -KILL "${spawned[0]}"
  wait_until is_gone "${spawned[0]}"
  run -0 row "$inode" -P -o NS,NPROCS,PID,HELD-BY
  [ "$(words $output)" = "$inode 0 1 fd (sleep $pid)" ]
  # The list of processes alone does not show it.
  run -1 row "$inode" --sources=process,mount
  run -1 row "$(ns_of "$pid" uts)" -P
}

# bats test_tags=slow
@test "-Q: the rows for which an expression is true" {
  spawn_in uts -u
  run -0 --separate-stderr nsx-ls -l -n -Q "PID == $pid" -o TYPE
  [ "$output" = uts ]
  run -0 --separate-stderr nsx-ls -l -n -Q "TYPE eq 'uts' and PID == $pid or NS < 0" -o NPROCS
  [ "$(words $output)" = 1 ]
  run -0 --separate-stderr nsx-ls -l -n -Q "COMMAND =~ '^sleep' && PID == $pid && not TYPE == 'uts'"
  [ -z "$output" ]
  run -2 nsx-ls -Q 'NPROCS >> 3'
  [[ $output == *"at character 9"* ]]
}

# bats test_tags=slow,rootless
@test "gaps: a note for people, a list for programs" {
  run -0 --separate-stderr as_user nsx-ls -l -n -o NS
  [ -z "$stderr" ]
  for view in "" --limits --matrix; do
    run -0 --separate-stderr as_user nsx-ls --verbose $view
    [[ $stderr =~ "cannot inspect "[0-9]+" process" ]]
    [[ $stderr == *"Permission denied"* ]]
    run -0 --separate-stderr as_user nsx-ls -J $view
    [ -z "$stderr" ]
    jq -e '.gaps[] | select(.source == "process") | .count > 0 and (.text | test("cannot inspect"))' <<<"$output"
  done
  # Output on a terminal is for people.
  run -0 script -qec "${become_user[*]} nsx-ls -l -n -o NS" /dev/null
  [[ $output =~ "cannot inspect "[0-9]+" process" ]]
}

# bats test_tags=slow
@test "--tree=process: below the namespace of the parent process" {
  spawn unshare -u -- sh -c 'unshare -n sleep 300; true'
  top=$pid
  wait_until has_child "$top" sleep
  for options in "-o NS,COMMAND" "--tree=process -o NS"; do
    run -0 --separate-stderr nsx-ls $options -J -t uts -t net
    jq -e "[.. | objects | select(.ns == $(ns_of "$top" uts)).children[]?.ns] ==
      [$(ns_of "$child" net)]" <<<"$output"
  done
  # As in lsns, scripts get no tree lines unless a tree was requested.
  run -0 --separate-stderr env LC_ALL=C nsx-ls -o NS -t uts -t net
  [[ "$output" != *-* ]]
}

# bats test_tags=any-kernel,rootless
@test "an ordinary user sees their own processes" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  run -0 --separate-stderr as_user nsx-ls -l -n -o NS,PID,ONS
  [[ "$(words $output) " = *"$(ns_of "$pid" net) $pid $(ns_of "$pid" user) "* ]]
  no_complaint
  # No other user's. (For a namespace without processes, which a mount shows, UID is its creator.)
  run -0 --separate-stderr as_user nsx-ls -l -n -o UID -Q PID
  [ "$(printf '%s\n' "${lines[@]}" | sort -u | tr -d ' ')" = $ordinary_uid ]
}

# bats test_tags=rootless
@test "a namespace outside the caller's own shows as no parent and no owner" {
  run -0 --separate-stderr unshare -Ur -- sh -c 'nsx-ls -l -n -p $$ -t net -t user -o TYPE,PNS,ONS'
  [ "$(words $output)" = "net 0 0 user 0 0" ]
}

# bats test_tags=any-kernel,rootless
@test "a zombie is in its user and PID namespace only" {
  spawn perl -e 'if (my $pid = fork) { sleep 300 } else { exit }'
  wait_until has_zombie "$pid"
  zombie=$child
  run -0 --separate-stderr nsx-ls -l -n -p "$zombie" -o TYPE
  [ "$(printf '%s\n' $output | sort | tr '\n' ' ')" = "pid user " ]
}

# bats test_tags=slow,rootless
@test "a hostile process name does no harm to the terminal" {
  # ESC, a line feed and a forged row after it.
  spawn unshare -Umuin -- bash -c "exec -a $'a\e[31m\nroot 1' sleep 300"
  wait_until grep -qs sleep "/proc/$pid/comm"
  # Its own namespaces, so that it is the first in each, with its name.
  run -0 --separate-stderr nsx-ls -l -n -p "$pid" -o PID,COMMAND
  [[ "$output" != *$'\e'* ]]
  [ "${#lines[@]}" = "$(all_kinds | wc -l)" ]
  run -0 --separate-stderr nsx-ls -J -l -p "$pid" -o PID,COMMAND
  jq -e . <<<"$output"
}

# bats test_tags=one-kernel
@test "the same output with every set of kernel features" {
  spawn_in uts -muinp -f --kill-child
  rows() { nsx-ls -l -n -p "$pid" -o NS,TYPE,PID,PPID,UID,USER,PNS,ONS,COMMAND -t uts -t net -t mnt; }
  want=$(rows)
  for features in -pidfd-ns -pidfd-info -ns-id -pidfd-ns,-pidfd-info,-ns-id; do
    [ "$(NSX_KERNEL_FEATURES=$features rows)" = "$want" ]
  done
}

# bats test_tags=any-kernel,rootless
@test "few descriptors allowed: the same output" {
  spawn_in uts -Umuin -r
  rows() { nsx-ls -l -n -o NS,TYPE,PNS,ONS -p "$pid"; }
  want=$(rows)
  for limit in 65 32 10; do
    [ "$(ulimit -n $limit; rows)" = "$want" ]
  done
}

# bats test_tags=slow
@test "processes that come and go never make it fail" {
  # Two loops that fork as fast as possible, some of them into new namespaces.
  spawn "${on_every_cpu[@]}" bash -c 'while :; do /bin/true & /bin/true; done'
  spawn "${on_every_cpu[@]}" bash -c 'while :; do unshare -un /bin/true; done'
  spawn_in uts -u
  uts=$(ns_of "$pid" uts) user=$(ns_of $$ user)
  # As many rounds as an emulated machine has time for.
  local round end=$((SECONDS + 8))
  for round in {1..150}; do
    if [ "$round" -gt 10 ] && [ $SECONDS -gt $end ]; then break; fi
    run -0 --separate-stderr nsx-ls
    no_complaint
    [[ "$output" =~ $uts\ +uts\ +1\ +$pid\  ]]
    run -0 --separate-stderr nsx-ls -T -o +PNS,ONS
    [[ "$output" =~ $uts\ +uts\ +1\ +$pid\ [^$'\n']*\ 0\ +$user ]]
  done
}

# bats test_tags=slow
@test "commands are cut to the terminal's width, and only on a terminal" {
  long=$(head -c 300 /dev/zero | tr '\0' x)
  spawn unshare -u -- bash -c "exec -a $long sleep 300"
  wait_until grep -qs sleep "/proc/$pid/comm"
  run -0 script -qec "stty cols 80; nsx-ls -t uts" /dev/null
  [[ "$output" = *"$(ns_of "$pid" uts)"*xxxx* ]]
  [[ "$output" != *"$long"* ]]
  run -0 --separate-stderr nsx-ls -t uts
  [[ "$output" = *"$long"* ]]
}

# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats
# bats file_tags=slow
load ../lib/common
load ../lib/containers

teardown() {
  if [ -e "/run/netns/$own_name" ]; then ip netns del "$own_name"; fi
  if [ -e "/run/utsns/$own_name" ]; then umount "/run/utsns/$own_name" && rm "/run/utsns/$own_name"; fi
  rmdir /run/utsns 2>/dev/null || true
  if [ -d "/run/runc/$own_name" ]; then rm -r "/run/runc/$own_name"; fi
  rmdir /run/runc 2>/dev/null || true
  end_spawned
  leave_cgroup
}

# The value of the line with this key above the table, or of all such lines: value KEY.
value() {
  sed -n "s/^$1: *//p" <<<"$output"
}

# The table, without its heading, with single spaces between cells.
table() {
  sed '1,/^ *PID /d' <<<"$output" | tr -s ' ' | sed 's/^ //'
}

@test "a namespace by its number: its kind, its owner, its members" {
  spawn_in uts -u
  run -0 nsx-ls "$(ns_of "$pid" uts)"
  [ "$(value type)" = uts ]
  [ "$(value ns)" = "$(ns_of "$pid" uts)" ]
  [ "$(value owner)" = "user $(ns_of $$ user), initial" ]
  [ "$(value 'held by')" = "1 process" ]
  [ "$(value host)" = "$(uname -n)" ]
  [[ "$(words $output)" = *"PID NSPID"*"PPID USER COMMAND"* ]]
  [ "$(table)" = "$pid $pid $$ root sleep 300" ]
}

@test "by its 64-bit id, if the kernel has those" {
  if [[ "$(nsx-ls --features)" != *"ns-id yes"* ]]; then skip "no ids before Linux 6.18"; fi
  spawn_in net -n
  run -0 nsx-ls -J "$(ns_of "$pid" net)"
  id=$(jq '.namespace[0].id' <<<"$output")
  run -0 nsx-ls "$id"
  [ "$(value ns)" = "$(ns_of "$pid" net)" ]
  [ "$(value id)" = "$id" ]
}

@test "the processes form a tree, or with -l a list" {
  spawn unshare -upf --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  inode=$(ns_of "$pid" uts)
  run -0 env LC_ALL=C nsx-ls "$inode"
  [ "$(table | tail -n 1)" = "$child 1 $pid root "'`-sleep 300' ]
  run -0 nsx-ls -l "$inode"
  [ "$(table | tail -n 1)" = "$child 1 $pid root sleep 300" ]
}

@test "-o: every column, of each process, as in lsns" {
  spawn unshare -upf --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  inode=$(ns_of "$pid" uts)
  local columns=NS,TYPE,PATH,NPROCS,PID,PPID,COMMAND,UID,USER,NETNSID,NSFS,PNS,ONS
  run -0 nsx-ls -l -r -n -o "$columns" "$inode"
  ours=$output
  run -0 lsns -l -r -n -o "$columns" "$inode"
  [ "$ours" = "$output" ]
  [ "${#lines[@]}" = 2 ]
  run -0 nsx-ls -l -r -n -o nspid,LEADER,THREADS "$inode"
  [ "${lines[1]}" = "1 $pid 2" ]
}

@test "NSPID is the PID inside; init is its first" {
  spawn unshare -pf --kill-child -- sh -c 'sleep 300 & wait'
  wait_until has_child "$pid" sh
  init=$child
  wait_until has_child "$init" sleep
  run -0 nsx-ls -l "$(ns_of "$init" pid)"
  [ "$(value init)" = "$init" ]
  [ "$(value parent)" = "pid $(ns_of $$ pid)" ]
  [ "$(table | awk '{ print $1, $2 }' | tr '\n' ' ')" = "$init 1 $child 2 " ]
}

@test "the owners up to the first user namespace, with their creators" {
  spawn as_user unshare -Ur unshare -Urn sleep 300
  in_net() { has_left "$pid" net; }
  wait_until in_net
  inner=$(ns_of "$pid" user)
  run -0 nsx-ls "$(ns_of "$pid" net)"
  [ "${#lines[@]}" -gt 5 ]
  [ "$(value owner | head -n 1)" = "user $inner, made by nobody" ]
  [ "$(value owner | wc -l)" = 3 ]
  [ "$(value owner | tail -n 1)" = "user $(ns_of $$ user), initial" ]
  run -0 nsx-ls "$inner"
  [ "$(value 'made by')" = nobody ]
}

@test "user: the id maps" {
  spawn_in user -U
  run -0 nsx-ls "$(ns_of "$pid" user)"
  [ "$(value 'uid map')" = "not set" ]
  printf '0 100000 1000\n1000 %s 1\n' "$ordinary_uid" >"$BATS_TEST_TMPDIR/map"
  cat "$BATS_TEST_TMPDIR/map" >"/proc/$pid/uid_map" # in one write
  printf '0 100000 1000\n' >"/proc/$pid/gid_map"
  run -0 nsx-ls "$(ns_of "$pid" user)"
  [ "$(value 'uid map')" = "0 inside is 100000 outside (1000 IDs)"$'\n'"1000 inside is $ordinary_uid outside" ]
  [ "$(value 'gid map')" = "0 inside is 100000 outside (1000 IDs)" ]
  run -0 nsx-ls -J "$(ns_of "$pid" user)"
  jq -e '.namespace[0] | .uidmap[1] == {inside: 1000, outside: '"$ordinary_uid"', count: 1} and
    (.gidmap | length) == 1' <<<"$output"
}

@test "net: the interfaces with their addresses" {
  spawn_in net -n
  nsenter -t "$pid" -n ip link set lo up
  nsenter -t "$pid" -n ip link add nsx-test-b type bridge || cannot "make a bridge"
  nsenter -t "$pid" -n ip addr add 192.0.2.7/29 dev nsx-test-b
  nsenter -t "$pid" -n ip link set nsx-test-b address 02:00:00:00:00:07
  run -0 nsx-ls "$(ns_of "$pid" net)"
  [[ "$(value interface)" = "lo up 127.0.0.1/8"*$'\n'"nsx-test-b (bridge) down 02:00:00:00:00:07 192.0.2.7/29" ]]
  run -0 nsx-ls --json "$(ns_of "$pid" net)"
  jq -e '.namespace[0].interfaces[] | select(.name == "nsx-test-b") | .kind == "bridge" and
    (.up | not) and .hardware_address == "02:00:00:00:00:07" and
    .addresses == [{address: "192.0.2.7", prefix: 29}]' <<<"$output"
}

@test "uts: the host name; time: the offsets" {
  spawn unshare -uT --boottime 3600 --monotonic -5 -f --kill-child -- sh -c 'echo nsx-test >/proc/sys/kernel/hostname; exec sleep 300'
  if [ ! -e /proc/self/ns/time ]; then skip "no time namespaces"; fi
  wait_until has_child "$pid" sleep
  run -0 nsx-ls "$(ns_of "$child" uts)"
  [ "$(value host)" = nsx-test ]
  run -0 nsx-ls "$(ns_of "$child" time)"
  [ "$(value monotonic)/$(value boottime)" = "-5 s/+3600 s" ]
  [ "$(uname -n)" != nsx-test ]
}

@test "mnt: the number of mounts, and the root" {
  make_root "$BATS_TEST_TMPDIR/root" sleep
  spawn_in mnt -m
  run -0 nsx-ls "$(ns_of "$pid" mnt)"
  [ "$(value mounts)" = "$(wc -l <"/proc/$pid/mountinfo")" ]
  [ "$(value root)" = "$(findmnt -N "$pid" -n -o SOURCE,FSTYPE / | awk '{ print $1 " (" $2 ")" }' | tail -n 1)" ]
}

@test "a pin: each of its namespaces in order, also without a process" {
  nsx-unshare --net --uts --pin "$own_name" true || cannot "pin namespaces"
  run -0 nsx-ls "pin:$own_name"
  [ "$(value type)" = net$'\n'uts ]
  # Another mount namespace may get the mounts, too: ours are the first.
  [ "$(value 'held by' | sed -E 's/^[0-9]+ mounts? ([^ ,]+).*/\1/')" = "/run/netns/$own_name"$'\n'"/run/utsns/$own_name" ]
  [ "$(value interface)" = "lo down" ]
  [ "$(value host)" = "$(uname -n)" ]
  [[ "$output" != *COMMAND* ]]
  run -0 nsx-ls -t uts "$own_name"
  [ "$(value type)" = uts ]
  run -0 nsx-ls -J "pin:$own_name"
  [ "$(jq -c '[.namespace[] | .type, .processes]' <<<"$output")" = '["net",[],"uts",[]]' ]
}

@test "the holders of a namespace without a process" {
  spawn_in net -n
  inode=$(ns_of "$pid" net)
  spawn bash -c 'exec sleep 300 9<"/proc/$1/ns/net"' - "$pid"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  kill -KILL "${spawned[0]}"
  wait_until is_gone "${spawned[0]}"
  run -0 nsx-ls "$inode"
  [ "$(value 'held by')" = "1 fd (sleep $pid)" ]
  [ "$(value interface)" = "lo down" ]
  run -0 nsx-ls -J "$inode"
  jq -e ".namespace[0].held_by == [{type: \"fd\", pid: $pid, number: 9, command: \"sleep\"}]" <<<"$output"
}

@test "a process lists its namespaces, as -p does" {
  spawn_in uts -u
  # Without the process counts of namespaces that others share.
  run -0 nsx-ls -p "$pid" -o NS,TYPE
  expected=$output
  inode=$(stat -L -c %i "/proc/$pid/ns/uts")
  record_of_runc "$own_name" "$pid"
  run -0 nsx-ls "container:$own_name" -o NS,TYPE
  [ "$output" = "$expected" ]
  run -0 nsx-ls -n -o NS -t uts "$own_name"
  [ "$(words $output)" = "$inode" ]
  run -2 nsx-ls -p "$pid" "container:$own_name"
}

@test "-n, -o and -r: the table alone" {
  spawn_in uts -u
  inode=$(ns_of "$pid" uts)
  run -0 nsx-ls -n "$inode"
  [ "$(words $output)" = "$pid $$ root sleep 300" ]
  run -0 nsx-ls -o pid,Uid,NS,TYPE "$inode"
  [ "$(words $output)" = "PID UID NS TYPE $pid 0 $inode uts" ]
  run -0 nsx-ls -n -o +UID "$inode"
  [ "$(words $output)" = "$pid $pid $$ root sleep 300 0" ]
  run -0 nsx-ls -r "$inode"
  [ "${lines[1]}" = "$pid $$ root sleep\\x20300" ]
  run -2 nsx-ls -o PID,NOPE "$inode"
  [[ "$output" = "nsx-ls: unknown column 'NOPE': expected one of "* ]]
}

# bats test_tags=any-kernel
@test "several targets are several answers" {
  spawn_in uts -u -n
  run -0 --separate-stderr nsx-ls "$(ns_of "$pid" uts)" "$(ns_of "$pid" net)"
  [ "$(value type)" = uts$'\n'net ]
  run -0 --separate-stderr nsx-ls -J "$(ns_of "$pid" uts)" "$(ns_of "$pid" net)"
  jq -e '[.namespace[].type] == ["uts", "net"]' <<<"$output"
  ip netns add "$own_name"
  run -1 nsx-ls "pin:$own_name" "pin:$own_name-none"
  # Processes: the namespaces of all of them.
  make_cgroup
  first=$pid
  spawn_in uts -u
  mkdir "$cgroup/a" "$cgroup/b"
  echo "$first" >"$cgroup/a/cgroup.procs"
  echo "$pid" >"$cgroup/b/cgroup.procs"
  run -0 --separate-stderr nsx-ls -l -n -r -t uts -o NS "cgroup:/${cgroup##*/}/a" "cgroup:/${cgroup##*/}/b"
  [ "$(sort <<<"$output")" = "$({ ns_of "$first" uts; ns_of "$pid" uts; } | sort)" ]
  run -2 nsx-ls "pin:$own_name" "cgroup:/${cgroup##*/}/a"
  [[ $output == *"namespaces and processes together"* ]]
  end_spawned
  rmdir "$cgroup/a" "$cgroup/b"
}

# bats test_tags=rootless
@test "0 is no namespace, whatever the kernel knows of ids" {
  for features in "" -ns-id,-ns-handle,-listns; do
    NSX_KERNEL_FEATURES=$features run -1 nsx-ls 0
    [[ $output == *"no namespace that you can see has the inode number or ID 0: "* ]]
    NSX_KERNEL_FEATURES=$features run -1 nsx-enter -t ns:0 -n -- true
  done
}

# bats test_tags=rootless
@test "missing namespaces, and incompatible options" {
  run -1 nsx-ls 4026599999
  [[ "$output" = "nsx-ls: no namespace that you can see has the inode number or ID 4026599999: "* ]]
  run -1 nsx-ls "pin:$own_name"
  run -1 nsx-ls -t net "$(ns_of $$ uts)"
  for options in "-p 1" "--tree" "--json -r"; do
    run -2 nsx-ls "$(ns_of $$ uts)" $options
    [[ "$output" = "nsx-ls: "*"Try 'nsx-ls --help'." ]]
  done
}

@test "an ordinary user sees into their own, and learns what they may not see" {
  spawn as_user nsx-unshare -run --hostname=nsx-test -- sleep 300
  wait_until grep -qsx sleep "/proc/$pid/comm"
  run -0 --separate-stderr as_user nsx-ls "$(ns_of "$pid" uts)"
  [ "$(value host)" = nsx-test ]
  [ -z "$stderr" ]
  run -0 --separate-stderr as_user nsx-ls "$(ns_of "$pid" net)"
  [ "$(value interface)" = "lo down" ]
  # A process that may not be traced, and a namespace of root that a bind mount shows to everybody.
  spawn_in uts -u
  run -0 --separate-stderr unshare -m -- bash -c "
    mount -t tmpfs -o mode=755 none /mnt
    touch /mnt/uts
    mount --bind /proc/$pid/ns/uts /mnt/uts
    $(declare -p become_user)
    \"\${become_user[@]}\" nsx-ls --verbose $(ns_of "$pid" uts)"
  [ "$(value type)" = uts ]
  [[ "$stderr" = *"nsx-ls: note: cannot look into the uts namespace"*"needs CAP_SYS_ADMIN"* ]]
}

@test "nothing is left, and the caller stays in its namespaces" {
  spawn_in net -n -u
  run -0 marked nsx-ls "$(ns_of "$pid" net)"
  nothing_is_left
  run -0 marked nsx-ls "$(ns_of "$pid" uts)"
  nothing_is_left
}

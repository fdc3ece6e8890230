# shellcheck disable=SC2154 # what bats and the loaded file set
load ../lib/common

# Which rows, columns and order nsx-ls has, and how it prints them. What a census finds: ls.bats.

teardown() {
  if [ -e "/run/netns/nsx-test-$$" ]; then ip netns del "nsx-test-$$"; fi
  end_spawned
  local each
  for each in $(findmnt -n -r -t cgroup2 -o TARGET); do
    [ ! -d "$each/nsx-test-$$" ] || find "$each/nsx-test-$$" -depth -type d -exec rmdir {} +
  done
}

# The cells of a namespace: cells INODE COLUMNS.
cells() {
  nsx-ls -l -n -o "NS,$2" 2>/dev/null | grep "^ *$1 " | sed 's/^ *[0-9]* *//; s/ *$//'
}

# Runs nsx-ls at a terminal of 80 columns.
at_terminal() {
  script -qec "stty cols 80; $*" /dev/null </dev/null | tr -d '\r'
}

@test "UIDMAP and GIDMAP: of user namespaces, as the caller counts" {
  spawn as_user unshare -Ur -- sleep 300
  wait_until grep -qs . "/proc/$pid/gid_map"
  user=$(ns_of "$pid" user)
  read -r uids gids <<<"$(cells "$user" UIDMAP,GIDMAP)"
  [ "$uids" = "0:$ordinary_uid:1" ] && [ "$gids" = "$uids" ]
  run -0 --separate-stderr nsx-ls -J -l -p "$pid" -t user -t net -o TYPE,UIDMAP
  jq -e '.namespaces == [{type: "net", uidmap: null},
    {type: "user", uidmap: [{inside: 0, outside: '$ordinary_uid', count: 1}]}]
    or .namespaces == [{type: "user", uidmap: [{inside: 0, outside: '$ordinary_uid', count: 1}]},
    {type: "net", uidmap: null}]' <<<"$output"
}

# bats test_tags=any-kernel
@test "LEADER and AGE: the oldest process, and since when it runs" {
  spawn_in uts -u
  uts=$(ns_of "$pid" uts)
  first=$pid
  sleep 1.1 # the ages are of whole seconds
  spawn nsenter -t "$first" -u -- sleep 300
  wait_until grep -qs sleep "/proc/$pid/comm"
  read -r leader age nprocs <<<"$(cells "$uts" LEADER,AGE,NPROCS)"
  [ "$leader" = "$first" ] && [ "$nprocs" = 2 ]
  [[ $age =~ ^([0-9]+)(s|m.*)$ ]] && [ "${BASH_REMATCH[1]}" -ge 1 ]
  run -0 --separate-stderr nsx-ls -J -l -Q "NS == $uts and AGE >= 1 and AGE < 3600" -o AGE,LEADER
  jq -e ".namespaces[0].leader == $first and .namespaces[0].age >= 1" <<<"$output"
}

# bats test_tags=any-kernel
@test "CGROUP, UNIT and CONTAINER: of the first process" {
  work=$(findmnt -n -r -t cgroup2 -o TARGET | head -n 1)/nsx-test-$$
  [ "$work" != "/nsx-test-$$" ] || cannot "find a cgroup2 mount"
  id=$(printf '%064d' $$)
  mkdir -p "$work/web.service" "$work/docker-$id.scope"
  for cgroup in "web.service" "docker-$id.scope"; do
    # shellcheck disable=SC2016 # another shell's
    spawn unshare -u -- sh -c 'echo $$ >"$1/cgroup.procs" && exec sleep 300' - "$work/$cgroup"
    wait_until grep -qs sleep "/proc/$pid/comm"
    uts=$(ns_of "$pid" uts)
    run -0 --separate-stderr nsx-ls -J -l -p "$pid" -t uts -o CGROUP,UNIT,CONTAINER
    jq -e ".namespaces[0].cgroup | endswith(\"/nsx-test-$$/$cgroup\")" <<<"$output"
    jq -e ".namespaces[0].unit == \"$cgroup\"" <<<"$output"
    if [ "$cgroup" = web.service ]; then
      jq -e '.namespaces[0].container == null' <<<"$output"
      run -0 nsx-ls -l -n -Q 'UNIT == "web.service"' -o NS
      [[ "$output" == *"$uts"* ]]
    else
      jq -e ".namespaces[0].container == \"${id:0:12}\"" <<<"$output"
      # And it can be asked for.
      run -0 --separate-stderr nsx-ls -l -n -r --container "$id" -o NS,TYPE
      [ "${#lines[@]}" = "${#kernel_kinds[@]}" ]
      grep -qx "$uts uts" <<<"$output"
    fi
  done
  run -1 nsx-ls --container "nsx-test-$$-none"
  [[ $output == *"nsx-test-$$-none"* ]]
}

@test "HELD-BY: by whom, as text and as a list" {
  spawn_in net -n
  net=$(ns_of "$pid" net)
  first=$pid
  spawn bash -c 'exec sleep 300 8<"/proc/$1/ns/net" 9<"/proc/$1/ns/net"' - "$first"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  mkdir -p /run/netns
  ip netns attach "nsx-test-$$" "$first"
  [ "$(cells "$net" HELD-BY)" = "1 process, 2 fds (sleep $pid), 1 mount /run/netns/nsx-test-$$" ]
  run -0 --separate-stderr nsx-ls -J -l -Q "NS == $net" -o HELD-BY,NAME,NSFS
  jq -e --arg name "nsx-test-$$" '.namespaces[0] | .name == [$name] and .nsfs == ["/run/netns/" + $name] and
    .held_by[0] == {type: "process", count: 1} and
    (.held_by[1:3] == [8, 9 | {type: "fd", number: ., pid: '"$pid"', command: "sleep"}]) and
    (.held_by[3] | .type == "mount" and .path == "/run/netns/" + $name)' <<<"$output"
  # A filter looks at each of its phrases.
  run -0 --separate-stderr nsx-ls -l -n -Q "HELD-BY =~ '^2 fds \\(sleep $pid\\)\$'" -o NS
  [ "$(words $output)" = "$net" ]
}

# bats test_tags=slow
@test "--pinned: what is mounted; --orphaned: what no process is in" {
  ip netns add "nsx-test-$$"
  inode=$(stat -c %i "/run/netns/nsx-test-$$")
  spawn_in net -n
  run -0 --separate-stderr nsx-ls -l -n -r --pinned -o NS,NAME
  grep -qx "$inode nsx-test-$$" <<<"$output"
  [[ $output != *"$(ns_of "$pid" net)"* ]]
  for option in --orphaned -P; do
    run -0 --separate-stderr nsx-ls -l -n -r $option -o NS,NPROCS
    grep -qx "$inode 0" <<<"$output"
    [[ $output != *"$(ns_of "$pid" net)"* ]]
  done
  # Also what another mount namespace alone has.
  # shellcheck disable=SC2016 # another shell's
  spawn unshare -m -- sh -c 'mount --bind "/proc/$1/ns/net" "$2" && exec sleep 300' - "$pid" "$(mktemp -p "$BATS_TEST_TMPDIR")"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  run -0 --separate-stderr nsx-ls -l -n -r --pinned -o NS
  grep -qx "$(ns_of "${spawned[0]}" net)" <<<"$output"
}

# bats test_tags=slow
@test "--user: whose first process belongs to this user, by name or number" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  for user in "$ordinary_uid" "$(id -nu "$ordinary_uid")"; do
    run -0 --separate-stderr nsx-ls -l -n -r --user "$user" -o NS,UID
    grep -qx "$(ns_of "$pid" net) $ordinary_uid" <<<"$output"
    run ! grep -qv " $ordinary_uid\$" <<<"$output"
  done
  run -2 nsx-ls --user "nobody-of-this-name"
  [[ $output == *"no such user"* ]]
}

# bats test_tags=slow
@test "--sort and --reverse: by columns, numbers as numbers" {
  run -0 --separate-stderr nsx-ls -l -n -r --sort NPROCS,ns -o NPROCS,NS
  diff <(sort -n -k1,1 -k2,2 <<<"$output") - <<<"$output"
  run -0 --separate-stderr nsx-ls -l -n -r --sort=type --reverse -o TYPE
  diff <(sort -r <<<"$output") - <<<"$output"
  run -0 --separate-stderr nsx-ls -l -n -r --reverse -o NS
  diff <(sort -n -r <<<"$output") - <<<"$output"
  # In a tree, those beside each other.
  run -0 --separate-stderr nsx-ls -J -T -o NS,NPROCS --sort NPROCS --reverse
  jq -e '[.. | .children? // empty | map(.nprocs) | . == (sort | reverse)] | length > 0 and all' \
    <<<"$output"
  run -2 nsx-ls --sort NOPE
  [[ $output == *"NOPE"*"no such column"* ]]
}

# bats test_tags=slow
@test "--limit: the first rows only" {
  run -0 --separate-stderr nsx-ls -l -n -o NS,TYPE --limit 3
  all=$(nsx-ls -l -n -o NS,TYPE 2>/dev/null)
  [ "$output" = "$(head -n 3 <<<"$all")" ]
  run -0 --separate-stderr nsx-ls -J --limit=1
  jq -e '.namespaces | length == 1' <<<"$output"
  run -0 --separate-stderr nsx-ls -n --limit 0
  [ -z "$output" ]
  for wrong in -1 x "" 1.5; do
    run -2 nsx-ls --limit "$wrong"
    [[ $output == *"not a number of rows"* ]]
  done
}

# bats test_tags=slow
@test "-H and --output-all: every column" {
  run -0 nsx-ls -H -n -r
  columns=$(awk '{ print $1 }' <<<"$output")
  run -0 --separate-stderr nsx-ls --output-all --limit 1
  [ "$(words ${lines[0]})" = "$(words $columns)" ]
  run -0 --separate-stderr nsx-ls -H -J
  [ "$(jq -r '.columns[].column' <<<"$output")" = "$columns" ]
  # The types are what the values are of.
  types=$(jq -c '.columns | map({key: (.column | ascii_downcase | gsub("-"; "_")), value: .type}) | from_entries' <<<"$output")
  run -0 --separate-stderr nsx-ls -J -l --output-all
  jq -e --argjson types "$types" '[.namespaces[] | to_entries[] | select(.value != null) |
    .key as $key | (.value | type) as $is | $types[$key] as $said |
    ($said == "number" and $is == "number") or ($said == "list" and $is == "array") or
    ($said == "text" and $is == "string") or ($key == "netnsid" and $is == "number")] |
    length > 100 and all' <<<"$output"
  run -2 nsx-ls -H -l
  run -2 nsx-ls --output-all -o NS
}

# bats test_tags=slow
@test "colours: where they are asked for, or on a terminal that wants them" {
  escape=$'\e['
  run -0 --separate-stderr nsx-ls
  [[ $output != *"$escape"* ]]
  for option in --color --color=always; do
    run -0 --separate-stderr nsx-ls $option -l
    [[ $output == *"${escape}36mnet"* ]]
  done
  export TERM=xterm
  run -0 at_terminal nsx-ls
  [[ $output == *"$escape"* ]]
  for environment in NO_COLOR=1 TERM=dumb; do
    run -0 at_terminal "env $environment nsx-ls"
    [[ $output != *"$escape"* ]]
  done
  run -0 at_terminal "env NO_COLOR= nsx-ls"
  [[ $output == *"$escape"* ]]
  run -0 at_terminal nsx-ls --color=never
  [[ $output != *"$escape"* ]]
  run -0 at_terminal "env NO_COLOR=1 nsx-ls --color=always"
  [[ $output == *"$escape"* ]]
  # The other views have them too, and JSON has none.
  spawn_in net -n
  for view in "--compare $$ $pid" "--matrix" "--limits" "-H"; do
    if [ "$view" = "--compare $$ $pid" ]; then run -1 nsx-ls --color $view; else run -0 nsx-ls --color $view; fi
    [[ $output == *"$escape"* ]]
  done
  run -0 --separate-stderr nsx-ls --color=always -J
  [[ $output != *"$escape"* ]]
  run -2 nsx-ls --color=sometimes
}

# bats test_tags=slow
@test "the lines of a tree are of the locale's characters" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  run -0 --separate-stderr env LC_ALL=C.UTF-8 nsx-ls -T
  [[ $output == *─"$(ns_of "$pid" user)"* ]]
  run -0 --separate-stderr env LC_ALL=C nsx-ls -T
  [[ $output == *-"$(ns_of "$pid" user)"* ]] && [[ $output != *─* ]]
}

# bats test_tags=slow
@test "-u: commands are not cut off; long texts are broken at a terminal, but for -W" {
  long=$(printf '%0300d' 0)
  spawn unshare -n -- bash -c "exec -a $long sleep 300"
  wait_until grep -qs sleep "/proc/$pid/comm"
  net=$(ns_of "$pid" net)
  run -0 at_terminal nsx-ls --color=never -t net
  [[ $output != *"$long"* ]]
  for option in -u --notruncate; do
    run -0 at_terminal nsx-ls --color=never -t net $option
    [[ $output == *"$long"* ]]
  done
  mkdir -p "$BATS_TEST_TMPDIR/pin"
  touch "$BATS_TEST_TMPDIR/pin"/{a,b}
  run -0 unshare -m -- bash -c "
    mount --bind /proc/$pid/ns/net $BATS_TEST_TMPDIR/pin/a
    mount --bind /proc/$pid/ns/net $BATS_TEST_TMPDIR/pin/b
    nsx-ls -l -n -Q 'NS == $net' -o NS,NSFS 2>/dev/null
    echo --
    nsx-ls -l -n -W -Q 'NS == $net' -o NS,NSFS 2>/dev/null
    script -qec \"stty cols 60; nsx-ls -l -n --color=never -Q 'NS == $net' -o NS,HELD-BY 2>/dev/null\" /dev/null </dev/null
    echo --
    script -qec \"stty cols 60; nsx-ls -l -n -W --color=never -Q 'NS == $net' -o NS,HELD-BY 2>/dev/null\" /dev/null </dev/null"
  pins=$BATS_TEST_TMPDIR/pin
  [ "$(words ${lines[0]})" = "$net $pins/a" ]
  [ "$(words ${lines[1]})" = "$pins/b" ]
  [ "${lines[2]}" = -- ]
  [ "$(words ${lines[3]})" = "$net $pins/a,$pins/b" ]
  # Broken behind a comma.
  [[ ${lines[4]} == "$net 1 process,"* ]]
  [[ ${lines[4]} != *"$pins/b"* ]]
  [[ ${lines[-1]} == "$net 1 process, 2 mounts $pins/a, $pins/b"* ]]
}

@test "HELD-BY: what ip netns mounts is one mount, also below a shared /run, where it lies twice" {
  run -0 --separate-stderr unshare -m sh -c 'mount -t tmpfs none /run && mount --make-rshared / &&
    ip netns add twice && grep -c " /run/netns/twice " /proc/self/mountinfo &&
    nsx-ls -l -n -t net -Q "NAME == \"twice\"" -o HELD-BY'
  [ "${lines[0]}" = 2 ]
  [ "${lines[1]}" = "1 mount /run/netns/twice" ]
}

# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats and the loaded file
load ../lib/common
load ../lib/containers

# Which rows, columns and order nsx-ls prints, and how. ls.bats tests what a census finds.

teardown() {
  if [ -e "/run/netns/$own_name" ]; then ip netns del "$own_name"; fi
  end_spawned
  local each
  for each in $(findmnt -n -r -t cgroup2 -o TARGET); do
    [ ! -d "$each/$own_name" ] || find "$each/$own_name" -depth -type d -exec rmdir {} +
  done
}

# The cells of a namespace: cells INODE COLUMNS.
cells() {
  nsx-ls -l -n -o "NS,$2" 2>/dev/null | grep "^ *$1 " | sed 's/^ *[0-9]* *//; s/ *$//'
}

# Runs nsx-ls on a terminal of 80 columns.
at_terminal() {
  script -qec "stty cols 80; $*" /dev/null </dev/null | tr -d '\r'
}

# bats test_tags=rootless
@test "UIDMAP and GIDMAP: of user namespaces, as the caller counts" {
  spawn as_user unshare -Ur -- sleep 300
  wait_until is_mapped "$pid" gid_map
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
@test "LEADER and AGE: the oldest process, and its start" {
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
  work=$(cgroup_mount)/$own_name
  [ "$work" != "/$own_name" ] || cannot "find a cgroup2 mount"
  id=$(printf '%064d' $$)
  mkdir -p "$work/web.service" "$work/docker-$id.scope"
  for cgroup in "web.service" "docker-$id.scope"; do
    # shellcheck disable=SC2016 # for another shell
    spawn unshare -u -- sh -c 'echo $$ >"$1/cgroup.procs" && exec sleep 300' - "$work/$cgroup"
    wait_until grep -qs sleep "/proc/$pid/comm"
    uts=$(ns_of "$pid" uts)
    run -0 --separate-stderr nsx-ls -J -l -p "$pid" -t uts -o CGROUP,UNIT,CONTAINER
    jq -e ".namespaces[0].cgroup | endswith(\"/$own_name/$cgroup\")" <<<"$output"
    jq -e ".namespaces[0].unit == \"$cgroup\"" <<<"$output"
    if [ "$cgroup" = web.service ]; then
      jq -e '.namespaces[0].container == []' <<<"$output"
      run -0 nsx-ls -l -n -Q 'UNIT == "web.service"' -o NS
      [[ "$output" == *"$uts"* ]]
    else
      jq -e ".namespaces[0].container == [\"${id:0:12}\"]" <<<"$output"
      # It is available on request, too.
      run -0 --separate-stderr nsx-ls -l -n -r --container "$id" -o NS,TYPE
      [ "${#lines[@]}" = "${#kernel_kinds[@]}" ]
      grep -qx "$uts uts" <<<"$output"
    fi
  done
  run -1 nsx-ls --container "$own_name-none"
  [[ $output == *"$own_name-none"* ]]
}

@test "HELD-BY: holders, as text and as a list" {
  spawn_in net -n
  net=$(ns_of "$pid" net)
  first=$pid
  spawn bash -c 'exec sleep 300 8<"/proc/$1/ns/net" 9<"/proc/$1/ns/net"' - "$first"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  mkdir -p /run/netns
  ip netns attach "$own_name" "$first"
  # Another mount namespace may get the mount, too: ours is the first.
  [[ "$(cells "$net" HELD-BY)" =~ ^"1 process, 2 fds (sleep $pid), "[0-9]+" mount"s?" /run/netns/$own_name" ]]
  run -0 --separate-stderr nsx-ls -J -l -Q "NS == $net" -o HELD-BY,NAME,NSFS
  jq -e --arg name "$own_name" '.namespaces[0] | .name == [$name] and .nsfs == ["/run/netns/" + $name] and
    .held_by[0] == {type: "process", count: 1} and
    (.held_by[1:3] == [8, 9 | {type: "fd", number: ., pid: '"$pid"', command: "sleep"}]) and
    (.held_by[3] | .type == "mount" and .path == "/run/netns/" + $name)' <<<"$output"
  # A filter checks each of its phrases.
  run -0 --separate-stderr nsx-ls -l -n -Q "HELD-BY =~ '^2 fds \\(sleep $pid\\)\$'" -o NS
  [ "$(words $output)" = "$net" ]
}

# bats test_tags=slow
@test "--pinned: mounted namespaces; --orphaned: namespaces without a process" {
  ip netns add "$own_name"
  inode=$(stat -c %i "/run/netns/$own_name")
  spawn_in net -n
  run -0 --separate-stderr nsx-ls -l -n -r --pinned -o NS,NAME
  grep -qx "$inode $own_name" <<<"$output"
  [[ $output != *"$(ns_of "$pid" net)"* ]]
  for option in --orphaned -P; do
    run -0 --separate-stderr nsx-ls -l -n -r $option -o NS,NPROCS
    grep -qx "$inode 0" <<<"$output"
    [[ $output != *"$(ns_of "$pid" net)"* ]]
  done
  # Also mounts that only another mount namespace has.
  # shellcheck disable=SC2016 # for another shell
  spawn unshare -m -- sh -c 'mount --bind "/proc/$1/ns/net" "$2" && exec sleep 300' - "$pid" "$(mktemp -p "$BATS_TEST_TMPDIR")"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  run -0 --separate-stderr nsx-ls -l -n -r --pinned -o NS
  grep -qx "$(ns_of "${spawned[0]}" net)" <<<"$output"
}

# bats test_tags=slow
@test "--user: namespaces whose first process belongs to this user, by name or number" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  for user in "$ordinary_uid" "$(id -nu "$ordinary_uid")"; do
    run -0 --separate-stderr nsx-ls -l -n -r --user "$user" -o NS,UID
    grep -qx "$(ns_of "$pid" net) $ordinary_uid" <<<"$output"
    run ! grep -qv " $ordinary_uid\$" <<<"$output"
  done
  run -2 nsx-ls --user "nobody-of-this-name"
  [[ $output == *"no user named 'nobody-of-this-name' on this machine"* ]]
}

# bats test_tags=slow
@test "--user and --container, repeated, add up" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  all=$(nsx-ls -l -n -r -t net -o NS --user root --user "$ordinary_uid" 2>/dev/null)
  for user in root "$ordinary_uid"; do
    some=$(nsx-ls -l -n -r -t net -o NS --user "$user" 2>/dev/null)
    [ -n "$some" ]
    [ "$(sort <(echo "$some") <(echo "$all") | uniq -d)" = "$(sort <<<"$some")" ]
  done
  grep -qx "$(ns_of "$pid" net)" <<<"$all"
  work=$(cgroup_mount)/$own_name
  networks=()
  for name in a b; do
    mkdir -p "$work/lxc.payload.$name-$$"
    spawn_in net -n
    echo "$pid" >"$work/lxc.payload.$name-$$/cgroup.procs"
    networks+=("$(ns_of "$pid" net)")
  done
  run -0 --separate-stderr nsx-ls -l -n -r -t net -o NS --container "a-$$" --container "b-$$"
  [ "$(sort <<<"$output")" = "$(printf '%s\n' "${networks[@]}" | sort)" ]
}

@test "a container of a dockerd with another data directory on its command line has its name" {
  local data=$BATS_TEST_TMPDIR/data id
  work=$(cgroup_mount)/$own_name
  id=$(printf '%064d' $$)
  mkdir -p "$work/docker-$id.scope" "$data/containers/$id"
  spawn_in uts -u
  echo "$pid" >"$work/docker-$id.scope/cgroup.procs"
  container=$pid
  printf '{"ID":"%s","Name":"/web-%s","State":{"Running":true,"Pid":%s}}' "$id" $$ "$pid" >"$data/containers/$id/config.v2.json"
  [ "$(cells "$(ns_of "$pid" uts)" CONTAINER)" = "${id:0:12}" ]
  # Its name alone makes it a daemon.
  # shellcheck disable=SC2016 # for another shell
  printf '#!/bin/sh\nread -r _ <"$3"\n' >"$BATS_TEST_TMPDIR/dockerd"
  chmod +x "$BATS_TEST_TMPDIR/dockerd"
  mkfifo "$BATS_TEST_TMPDIR/never"
  spawn "$BATS_TEST_TMPDIR/dockerd" --data-root "$data" "$BATS_TEST_TMPDIR/never"
  wait_until grep -qsx dockerd "/proc/$pid/comm"
  [ "$(cells "$(ns_of "$container" uts)" CONTAINER)" = "web-$$" ]
  run -0 --separate-stderr nsx-ls -l -n -r --container "web-$$" -t uts -o NS
  [ "$output" = "$(ns_of "$container" uts)" ]
}

# bats test_tags=slow,rootless
@test "kinds by all their names, and several at once" {
  run -0 --separate-stderr nsx-ls -l -n -r -t network,mount -t pid -o TYPE
  [ "$(sort -u <<<"$output" | tr '\n' ' ')" = "mnt net pid " ]
}

# bats test_tags=slow,rootless
@test "--sources=kernel: an error if the kernel has no list" {
  export NSX_KERNEL_FEATURES=-listns
  run -1 nsx-ls --sources=kernel
  [[ $output == *"cannot use --sources=kernel: "*"Linux 6.19"* ]]
  run -0 --separate-stderr nsx-ls --sources=all -l -n -o NS
}

# bats test_tags=slow
@test "hostile paths and names: escaped in every cell, heading, line and message" {
  spawn_in net -n
  net=$(ns_of "$pid" net)
  # A line feed, ESC, an override of the direction and a zero-width space.
  hostile=$'a\n1 b\e[31m\xe2\x80\xaec\xe2\x80\x8bd'
  mkdir "$BATS_TEST_TMPDIR/$hostile"
  touch "$BATS_TEST_TMPDIR/$hostile/x"
  run -0 unshare -m -- bash -c 'mount --bind "/proc/$2/ns/net" "$1"
    exec 2>&1
    for view in "-l -Q NS==$3 -o NS,NSFS,HELD-BY,NAME" "-r -l -Q NS==$3 -o NS,NSFS,HELD-BY" "-W -l -Q NS==$3 -o NSFS" "$3"; do nsx-ls $view; done
    nsx-ls -J -l -Q "NS==$3" -o NSFS
    nsx-ls --compare "$1" 1; nsx-ls "$1"; nsx-ls --container "$4"; nsx-ls -o "$4"; nsx-ls -t "$4"; nsx-ls --user "$4"
    nsx-ls -Q "$4"; nsx-ls --sources "$4"; nsx-ls --matrix="$4"; nsx-ls --sort="$4"; nsx-ls -p "$4"; nsx-ls "pin:$4"; :' - \
    "$BATS_TEST_TMPDIR/$hostile/x" "$pid" "$net" "$hostile"
  [[ $output != *$'\e'* && $output != *$'\xe2\x80\xae'* && $output != *$'\xe2\x80\x8b'* ]]
  [[ $output != *$'\n'"1 b"* && $output != *x5cx* ]]
  [[ $output == *'a\x0a1 b\x1b[31m\xe2\x80\xaec\xe2\x80\x8bd/x'* ]]
}

# bats test_tags=slow,rootless
@test "--sort and --reverse: by columns, numbers as numbers" {
  run -0 --separate-stderr nsx-ls -l -n -r --sort NPROCS,ns -o NPROCS,NS
  diff <(sort -n -k1,1 -k2,2 <<<"$output") - <<<"$output"
  run -0 --separate-stderr nsx-ls -l -n -r --sort=type --reverse -o TYPE
  diff <(sort -r <<<"$output") - <<<"$output"
  run -0 --separate-stderr nsx-ls -l -n -r --reverse -o NS
  diff <(sort -n -r <<<"$output") - <<<"$output"
  # In a tree, siblings are sorted.
  run -0 --separate-stderr nsx-ls -J -T -o NS,NPROCS --sort NPROCS --reverse
  jq -e '[.. | .children? // empty | map(.nprocs) | . == (sort | reverse)] | length > 0 and all' \
    <<<"$output"
  run -2 nsx-ls --sort NOPE
  [[ $output == *"unknown column 'NOPE': expected one of "* ]]
}

# bats test_tags=slow,rootless
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
    [[ $output == *"invalid number of rows '"*"': expected a number of 0 or more"* ]]
  done
}

# bats test_tags=slow,rootless
@test "-H and --output-all: every column" {
  run -0 nsx-ls -H -n -r
  columns=$(awk '{ print $1 }' <<<"$output")
  run -0 --separate-stderr nsx-ls --output-all --limit 1
  [ "$(words ${lines[0]})" = "$(words $columns)" ]
  run -0 --separate-stderr nsx-ls -H -J
  [ "$(jq -r '.columns[].column' <<<"$output")" = "$columns" ]
  # JSON types match the values.
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
@test "colours: on request, or on a terminal that supports them" {
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

# bats test_tags=slow,rootless
@test "tree lines use characters of the locale" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  run -0 --separate-stderr env LC_ALL=C.UTF-8 nsx-ls -T
  [[ $output == *─"$(ns_of "$pid" user)"* ]]
  run -0 --separate-stderr env LC_ALL=C nsx-ls -T
  [[ $output == *-"$(ns_of "$pid" user)"* ]] && [[ $output != *─* ]]
}

# bats test_tags=slow
@test "-u: commands are not cut; long texts wrap on a terminal, except with -W" {
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
    script -qec \"stty cols 60; nsx-ls -l -n -W -u --color=never -Q 'NS == $net' -o NS,HELD-BY 2>/dev/null\" /dev/null </dev/null"
  pins=$BATS_TEST_TMPDIR/pin
  [ "$(words ${lines[0]})" = "$net $pins/a" ]
  [ "$(words ${lines[1]})" = "$pins/b" ]
  [ "${lines[2]}" = -- ]
  [ "$(words ${lines[3]})" = "$net $pins/a,$pins/b" ]
  # Wrapped after a comma.
  [[ ${lines[4]} == "$net 1 process,"* ]]
  [[ ${lines[4]} != *"$pins/b"* ]]
  [[ ${lines[-1]} == "$net 1 process, 2 mounts $pins/a, $pins/b"* ]]
}

@test "HELD-BY: a mount by ip netns is one mount, also below a shared /run, which has it twice" {
  run -0 --separate-stderr unshare -m sh -c 'mount -t tmpfs none /run && mount --make-rshared / &&
    ip netns add twice && grep -c " /run/netns/twice " /proc/self/mountinfo &&
    nsx-ls -l -n -t net -Q "NAME == \"twice\"" -o HELD-BY'
  [ "${lines[0]}" = 2 ]
  [ "${lines[1]}" = "1 mount /run/netns/twice" ]
}

@test "USER and UID without a process: the creator of the user namespace, or of the owner" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  net=$(ns_of "$pid" net) user=$(ns_of "$pid" user)
  spawn bash -c 'exec sleep 300 8<"/proc/$1/ns/net" 9<"/proc/$1/ns/user"' - "$pid"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  kill -KILL "${spawned[0]}"
  wait_until is_gone "${spawned[0]}"
  for inode in "$net" "$user"; do
    [ "$(cells "$inode" NPROCS,UID,USER | tr -s ' ')" = "0 $ordinary_uid $(id -nu "$ordinary_uid")" ]
  done
  ip netns add "$own_name"
  [ "$(cells "$(stat -c %i "/run/netns/$own_name")" NPROCS,UID,USER | tr -s ' ')" = "0 0 root" ]
}

# bats test_tags=any-kernel
@test "libsmartcols is only needed for what its versions lay out differently" {
  without_it() {
    unshare -m -- bash -c 'mount --bind /dev/null "$1" && shift && exec "$@"' - \
      "$(/sbin/ldconfig -p | awk '$1 == "libsmartcols.so.1" { print $NF; exit }')" "$@"
  }
  ln -s "$(command -v nsx-ls)" "$BATS_TEST_TMPDIR/lsns"
  run -1 without_it "$BATS_TEST_TMPDIR/lsns" -J
  [ "$output" = "nsx-ls: cannot load libsmartcols.so.1: it is not installed"$'\n'"hint: install libsmartcols1" ]
  for options in "" "-t net" --tree=process --raw "--json" "--matrix" "-p $$ --color=always"; do
    # shellcheck disable=SC2086 # several options
    run -0 without_it nsx-ls $options
    [[ $output == *40265318* ]]
  done
}

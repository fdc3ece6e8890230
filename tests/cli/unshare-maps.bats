# SPDX-License-Identifier: MIT
# The program's identity: maps of ids, owners, groups, ids and capabilities.
load ../lib/common

look='cat /proc/self/uid_map; echo; cat /proc/self/gid_map; echo; cat /proc/self/setgroups; id -u; id -g'

setup() {
  spawned=()
  sub_ids=$BATS_TEST_TMPDIR/sub-ids
  printf 'root:100000:10\nsomeone:1:1\n%s:200000:10\n%s:300000:5\n' \
    "$(id -un $ordinary_uid)" $ordinary_uid >"$sub_ids"
  for made in /etc/subuid /etc/subgid; do
    [ -e "$made" ] || : >"$made"
  done
}

# Runs a command with /etc/subuid and /etc/subgid of the test.
with_sub_ids() {
  unshare -m sh -c 'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@"' \
    "$sub_ids" "$@"
}

# Checks the program's view of its ids: shows "UID MAP|GID MAP|SETGROUPS|UID|GID" COMMAND...
# The lines of a map are separated by commas.
shows() {
  local wanted=$1
  shift
  run -0 --separate-stderr "$@" -- sh -c "$look"
  local found
  found=$(awk '
    /^$/ { printf "|"; first = 1; next }
    NF == 3 { printf "%s%s %s %s", separator, $1, $2, $3; separator = ","; next }
    { printf "%s%s", n++ ? "|" : "", $1 }' <<<"${output//$'\n\n'/$'\n\n'}")
  [ "${found//|,/|}" = "$wanted" ] || {
    echo "expected: $wanted"
    echo "found:    $found"
    return 1
  }
}

# bats test_tags=slow,rootless
@test "--map-user, --map-group: the caller's ids, by number or name" {
  uid=$ordinary_uid
  shows "5 $uid 1|7 $uid 1|deny|5|7" as_user nsx-unshare --map-user=5 --map-group=7
  shows "1 $uid 1|1 $uid 1|deny|1|1" as_user nsx-unshare --map-user=daemon --map-group=daemon
  # The last option counts, also among -r and -c.
  shows "5 $uid 1|0 $uid 1|deny|5|0" as_user nsx-unshare -r --map-user=9 --map-user=5
  shows "0 $uid 1|0 $uid 1|deny|0|0" as_user nsx-unshare --map-user=5 -r
  shows "$uid $uid 1|$uid $uid 1|deny|$uid|$uid" as_user nsx-unshare -r -c
  # With only one of them, the other map stays empty.
  shows "5 $uid 1||allow|5|65534" as_user nsx-unshare --map-user=5
}

# bats test_tags=slow
@test "--map-users, --map-groups: ranges, by root itself" {
  shows "0 1000 10|0 2000 10|allow|65534|65534" \
    nsx-unshare --map-users=0:1000:10 --map-groups=0:2000:10
  shows "7 1000 10|8 2000 10|allow|65534|65534" \
    nsx-unshare --map-users=1000,7,10 --map-groups=2000,8,10
  shows "0 0 1,5 1000 10|0 0 4294967295|allow|0|0" \
    nsx-unshare --map-users=0:0:1 --map-users=5:1000:10 --map-groups=all
}

# bats test_tags=slow
@test "a range makes way for the caller's id, and loses none beside it: defect 6" {
  groups="--map-groups=0:0:1"
  shows "0 0 1,1 1000 9|0 0 1|allow|0|0" nsx-unshare --map-user=0 --map-users=0:1000:10 $groups
  shows "5 0 1,0 1000 5,6 1005 4|0 0 1|allow|5|0" nsx-unshare --map-user=5 --map-users=0:1000:10 $groups
  # Next to it, on both sides.
  shows "10 0 1,0 1000 10|0 0 1|allow|10|0" nsx-unshare --map-user=10 --map-users=0:1000:10 $groups
  shows "0 0 1,1 1000 10|0 0 1|allow|0|0" nsx-unshare --map-user=0 --map-users=1:1000:10 $groups
  # All of root's ids, including root itself.
  shows "0 0 1,1 1 4294967294|0 0 1|allow|0|0" nsx-unshare --map-user=0 --map-users=all $groups
}

# bats test_tags=any-kernel
@test "auto and subids: the first subordinate ids, for root and an ordinary user" {
  uid=$ordinary_uid
  shows "0 100000 10|0 100000 10|allow|65534|65534" with_sub_ids nsx-unshare --map-auto
  shows "100000 100000 10|100000 100000 10|allow|65534|65534" with_sub_ids nsx-unshare --map-subids
  shows "0 0 1,1 100000 10|0 0 1,1 100000 10|allow|0|0" \
    with_sub_ids nsx-unshare --map-auto --map-user=0 --map-group=0
  as=(with_sub_ids "${become_user[@]}")
  shows "0 200000 10|0 200000 10|allow|65534|65534" "${as[@]}" nsx-unshare --map-auto
  shows "0 $uid 1,1 200000 10|0 $uid 1,1 200000 10|allow|0|0" "${as[@]}" nsx-unshare -r --map-auto
  shows "$uid $uid 1,200000 200000 10|$uid $uid 1|deny|$uid|$uid" \
    "${as[@]}" nsx-unshare -c --map-users=subids
  shows "3 200002 4|2 200003 5|allow|65534|65534" \
    "${as[@]}" nsx-unshare --map-users=3:200002:4 --map-groups=2:200003:5
}

# bats test_tags=slow
@test "entries of /etc/subuid by number count, too" {
  printf '%s:300000:5\n' $ordinary_uid >"$sub_ids"
  shows "0 300000 5|0 300000 5|allow|65534|65534" \
    with_sub_ids "${become_user[@]}" nsx-unshare --map-auto
}

@test "groups can be denied with a range of groups: defect 7" {
  uid=$ordinary_uid
  shows "0 0 4294967295|0 0 4294967295|deny|0|0" \
    nsx-unshare --map-users=all --map-groups=all --setgroups=deny
  shows "$uid $uid 1|$uid $uid 1,0 200000 3|deny|$uid|$uid" \
    with_sub_ids "${become_user[@]}" nsx-unshare -c --map-groups=0:200000:3 --setgroups=deny
}

# bats test_tags=slow,rootless
@test "--setgroups: allow or deny, in a new user namespace only" {
  shows "||deny|65534|65534" as_user nsx-unshare -U --setgroups=deny
  shows "||allow|65534|65534" as_user nsx-unshare -U --setgroups=allow
  run -0 nsx-unshare --setgroups=allow true
  run -1 nsx-unshare --setgroups=deny true
  [[ "$output" = *"--setgroups=deny needs --user"* ]]
  run -1 nsx-unshare -r --setgroups=allow true
  [[ "$output" = *"cannot allow setgroups: a map of only your own group requires denying it"* ]]
}

# bats test_tags=slow,rootless
@test "impossible maps are rejected, and nothing is made" {
  refused() {
    local why=$1
    shift
    run -1 marked nsx-unshare "$@" -- touch "$BATS_TEST_TMPDIR/made"
    [[ "$output" = *"$why"* ]] || {
      echo "$*: $output"
      return 1
    }
    [ ! -e "$BATS_TEST_TMPDIR/made" ]
    nothing_is_left
  }
  refused "the range is empty" --map-users=0:1000:0
  refused "the range exceeds 4294967294" --map-users=0:4294967290:10
  refused "overlaps 5:2000:10 inside" --map-users=0:1000:10 --map-users=5:2000:10
  refused "overlaps 100:1005:10 outside" --map-groups=0:1000:10 --map-groups=100:1005:10
  refused "invalid ID map '1:2': expected INSIDE:OUTSIDE:COUNT, auto, subids or all" --map-users=1:2
  refused "no user named 'nsx-nobody' on this machine" --map-user=nsx-nobody
  refused "no group named 'nsx-nobody' on this machine" --map-group=nsx-nobody
  # shellcheck disable=SC2046 # an option each
  refused "limit of 340 lines" $(seq 0 340 | sed 's/.*/--map-users=&:&:1/')
}

# bats test_tags=slow
@test "an ordinary user without subordinate ids learns what is missing" {
  : >"$sub_ids"
  run -1 with_sub_ids "${become_user[@]}" nsx-unshare --map-auto true
  [[ "$output" = *"this user has no ids in /etc/subuid"$'\n'"hint: add them as root: usermod --add-subuids "* ]]
  run -1 marked with_sub_ids "${become_user[@]}" nsx-unshare --map-users=0:5000:10 true
  [[ "$output" = *"newuidmap: uid range [0-10) -> [5000-5010) not allowed"$'\n'"hint: see /etc/subuid"* ]]
  wait_until nothing_is_left
  run -1 with_sub_ids "${become_user[@]}" env PATH="$(dirname "$(command -v nsx-unshare)")" \
    nsx-unshare --map-users=0:5000:10 /bin/true
  [[ "$output" = *"newuidmap is not in PATH"$'\n'"hint: install it, on Debian: apt install uidmap"* ]]
}

# bats test_tags=any-kernel
@test "--owner: the user namespace is another user's" {
  shows "0 $ordinary_uid 1|0 $ordinary_uid 1|deny|0|0" \
    nsx-unshare --owner $ordinary_uid:$ordinary_uid -r
  shows "0 0 4294967295|0 0 4294967295|allow|$ordinary_uid|$ordinary_uid" \
    nsx-unshare --owner $ordinary_uid:$ordinary_uid --map-users=all --map-groups=all
  # The namespace belongs to that user, who may join it.
  spawn nsx-unshare --owner $ordinary_uid:$ordinary_uid -r -n sleep 300
  wait_until has_left "$pid" net
  wait_until grep -qs . /proc/"$pid"/gid_map
  run -0 as_user nsx-enter -t "$pid" -U -n --preserve-credentials -- readlink /proc/self/ns/net
  [ "$output" = "net:[$(ns_of "$pid" net)]" ]
  run -1 as_user nsx-unshare --owner 0:0 true
  [[ "$output" = *"needs CAP_SETGID"* ]]
}

# bats test_tags=slow
@test "--owner: no process of that user can reach the process that was root" {
  spawn nsx-unshare --owner $ordinary_uid:$ordinary_uid -r --kill-child sleep 300
  wait_until has_child "$pid" sleep
  grep -q "^Uid:.*$ordinary_uid.*$ordinary_uid" /proc/"$pid"/status
  # The user who may trace a process owns its files in /proc.
  [ "$(stat -c %u /proc/"$pid"/maps)" = 0 ]
  [ "$(stat -c %u /proc/"$child"/maps)" = $ordinary_uid ]
}

# bats test_tags=slow
@test "-S, --setuid and -G, --setgid: the ids of the program" {
  run -0 nsx-unshare -S 5 -G 6 -- sh -c 'id -u; id -g; id -G'
  [ "${lines[*]}" = "5 6 6" ]
  run -0 nsx-unshare --setuid=5 -- sh -c 'id -u; id -g'
  [ "${lines[*]}" = "5 0" ]
  run -0 nsx-unshare --setgid 6 -- sh -c 'id -u; id -g'
  [ "${lines[*]}" = "0 6" ]
  # An ordinary user may not change supplementary groups: there are none to drop.
  run -0 as_user nsx-unshare -r -S 0 -G 0 -- id -u
  [ "$output" = 0 ]
  run -1 as_user nsx-unshare -S 5 true
  [[ "$output" = *"cannot become UID 5: Operation not permitted"$'\n'"hint: needs CAP_SETUID"* ]]
  run -1 as_user nsx-unshare -r -S 5 true
  [[ "$output" = *"cannot become UID 5: Invalid argument"$'\n'"hint: map this id in the user namespace"* ]]
}

# bats test_tags=slow
@test "--keep-caps: the program has them, whatever its user" {
  effective='grep CapEff /proc/self/status'
  run -0 as_user nsx-unshare -c -- $effective
  [[ "$output" = *0000000000000000 ]]
  run -0 as_user nsx-unshare -c --keep-caps -- $effective
  [ "$(cut -f2 <<<"$output")" != 0000000000000000 ]
  whole=$(cut -f2 <<<"$output")
  # Across a change of the UID.
  run -0 nsx-unshare --map-users=all --map-groups=all --keep-caps -S 5 -G 5 -- \
    grep -E '^(Uid|CapEff|CapAmb)' /proc/self/status
  [ "$(words ${lines[0]})" = "Uid: 5 5 5 5" ]
  [ "$(cut -f2 <<<"${lines[1]}")" = "$whole" ]
  [ "$(cut -f2 <<<"${lines[2]}")" = "$whole" ]
  # Without a new user namespace it has no effect.
  run -0 nsx-unshare --keep-caps -- grep CapAmb /proc/self/status
  [[ "$output" = *0000000000000000 ]]
}

# bats test_tags=slow
@test "--kill-child: the signal survives a change of ids: defect 3" {
  nsx-unshare --kill-child -S $ordinary_uid -G $ordinary_uid -- sleep 300 3>&- &
  parent=$!
  spawned+=("$parent")
  wait_until has_child $parent sleep
  [ "$(stat -c %u /proc/"$child")" = $ordinary_uid ]
  kill -KILL $parent
  wait_until is_gone "$child"
}

# bats test_tags=slow,rootless
@test "refusals name the missing right or switch: defect 18" {
  run -1 as_user nsx-unshare -u true
  [[ "$output" = *"Operation not permitted"$'\n'"hint: needs CAP_SYS_ADMIN: run as root, or add --map-root-user"* ]]
  run -1 as_user nsx-unshare -r -- nsx-unshare --net=/dev/null true
  [[ "$output" = *$'\n'"hint: needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace outside: yours applies to this user namespace only; run as root outside of it, unless a security module denies the call"* ]]
  run -1 as_user nsx-unshare -r --mount-proc true
  [[ "$output" = *$'\n'"hint: the PID namespace belongs to another user namespace: add --pid --fork"* ]]
  run -1 nsx-unshare -S $ordinary_uid -- nsx-unshare -S 0 true
  [[ "$output" = *$'\n'"hint: needs CAP_SETUID for another UID, CAP_SETGID for another GID"* ]]
}

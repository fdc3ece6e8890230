# SPDX-License-Identifier: MIT
# nsx-unshare makes what unshare makes: nsenter enters it, lsns shows it.
load ../lib/common

# The propagation of / is its line in mountinfo without the numbers.
look='pwd; set -- /proc/self/fd/*; echo "$#"
  cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups /proc/1/comm /proc/sys/kernel/hostname
  grep -E "^(Uid|Gid|Groups|Cap|SigBlk|SigIgn|SigCgt)" /proc/self/status
  sed -n -e "/^[^ ]* [^ ]* [^ ]* [^ ]* \/ /s/[0-9]//gp" -e "s/^ *\([[:alnum:]]*\): *[0-9].*/\1/p" \
    /proc/self/mountinfo /proc/self/net/dev'

# nsx-unshare called as unshare.
in_its_place=(bash -c 'exec -a unshare nsx-unshare "$@"' bash)

same() {
  local theirs ours their_status=0 our_status=0
  theirs=$("${as[@]}" unshare "$@" -- sh -c "$look" 2>&1) || their_status=$?
  ours=$("${as[@]}" "${in_its_place[@]}" "$@" -- sh -c "$look" 2>&1) || our_status=$?
  diff <(echo "$theirs") <(echo "$ours") || {
    echo "unshare and nsx-unshare differ: $*"
    return 1
  }
  [ $their_status = $our_status ]
}

# bats test_tags=slow
@test "as root: the program's view of its surroundings" {
  as=()
  for options in -m "-m --propagation=slave" "-m --propagation=shared" "-m --propagation=unchanged" -u -i -n \
    "-pf --mount-proc" "-pf" -C -T -r "-r -m" "-w /usr" "-R / -w /usr" "-fp --mount-proc -r" -c \
    "-muinpCT -f --mount-proc -r" "-f --kill-child"; do
    same $options
  done
}

# bats test_tags=slow,rootless
@test "as an ordinary user" {
  as=("${become_user[@]}")
  for options in -U -r -c "-rm" "-rn" "-rpf --mount-proc" "-cmuin" "-rmuinpCT -f --mount-proc"; do
    same $options
  done
}

lsns_shows() {
  lsns -n -l -t "$1" -o NS | grep -qw "$2"
}

@test "nsenter enters what nsx-unshare made, and lsns shows it" {
  spawn nsx-unshare -muinpCT -f --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  target=$child
  for kind in $(all_kinds); do
    inode=$(ns_of "$target" "$kind")
    if [ "$kind" != user ]; then
      [ "$inode" != "$(ns_of $$ "$kind")" ]
    fi
    # It may list nothing while other processes come and go.
    wait_until lsns_shows "$kind" "$inode"
  done
  run -0 nsenter -t "$target" -a -- sh -c 'stat -L -c %i /proc/self/ns/net'
  [ "$output" = "$(ns_of "$target" net)" ]
}

# Runs a command with /etc/subuid and /etc/subgid of the test.
with_sub_ids() {
  printf 'root:100000:10\n%s:200000:10\n' $ordinary_uid >"$BATS_TEST_TMPDIR/sub-ids"
  for made in /etc/subuid /etc/subgid; do
    [ -e "$made" ] || : >"$made"
  done
  unshare -m sh -c 'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@"' \
    "$BATS_TEST_TMPDIR/sub-ids" "$@"
}

# bats test_tags=slow,rootless
@test "maps, ids and capabilities are the same" {
  command -v newuidmap >/dev/null || cannot "find newuidmap"
  # Defects of 2.38 are left out: a range next to the caller's own id, and denied groups with a range.
  range="--map-users=100000,0,10 --map-groups=100000,0,10"
  as=(with_sub_ids)
  for options in --map-auto "$range" "$range --map-user=5 --map-group=5" \
    "$range --map-user=0 --map-group=9" "$range --map-user=20" "--map-user=7" "--map-group=7" \
    "--map-user=daemon --map-group=daemon" "-r --map-user=3" "--map-user=3 -r" "-c --map-group=3" \
    "-U --setgroups=deny" "-U --setgroups=allow" "-U --keep-caps" "-r --keep-caps" "-S 5 -G 6" "-G 6" "-S 5" \
    "$range -S 3 -G 4" "$range -S 3 -G 4 --keep-caps" "-r -S 0" "--setgroups=allow" "--keep-caps"; do
    same $options
  done
  as=(with_sub_ids "${become_user[@]}")
  range="--map-users=200000,0,10 --map-groups=200000,0,10"
  for options in --map-auto "$range" "$range --map-user=5" "-c --map-users=200000,0,10" \
    "--map-user=7 --map-group=8" "-U --setgroups=deny" "-c --keep-caps" "-r --keep-caps"; do
    same $options
  done
}

# bats test_tags=any-kernel
@test "clocks are the same" {
  # Time passes between the two: the clock's offset is compared, to the nearest minute.
  look='cat /proc/self/timens_offsets; read -r now _ </proc/uptime; echo $(((${now%.*} - before + 30) / 60))'
  read -r before _ </proc/uptime
  export before=${before%.*}
  as=()
  for options in "-T --monotonic=100 --boottime=-3 -f" "-T --boottime=900000000 -f" "-rT --monotonic 5"; do
    same $options
  done
}

# bats test_tags=slow,rootless
@test "each rejects what the other rejects" {
  for options in "--monotonic=1" "--boottime=1" "-T --boottime=x" "--setgroups=deny" "--setgroups=maybe" "-S root" "-S x" "-G x" \
    "--map-user=nsx-nobody" "--map-group=nsx-nobody" "--map-users=1,2" "--map-users=1,2,x" "--propagation=loud" \
    "-r --setgroups=allow" "--net=/nowhere" "--kill-child=LOUD" "-w /nowhere" \
    "-R /nowhere" "--no-such-option" "--mount-proc=/nowhere"; do
    run -1 unshare $options true
    run -1 nsx-unshare $options true
  done
}

# bats test_tags=any-kernel
@test "nsenter enters namespaces kept by nsx-unshare, and nsx-enter those kept by unshare" {
  touch "$BATS_TEST_TMPDIR/file"
  run -0 nsx-unshare --uts="$BATS_TEST_TMPDIR/file" --hostname kept -- true
  run -0 nsenter --uts="$BATS_TEST_TMPDIR/file" uname -n
  [ "$output" = kept ]
  umount "$BATS_TEST_TMPDIR/file"
  run -0 unshare --uts="$BATS_TEST_TMPDIR/file" sh -c 'echo kept >/proc/sys/kernel/hostname'
  run -0 nsx-enter --uts="$BATS_TEST_TMPDIR/file" uname -n
  [ "$output" = kept ]
  umount "$BATS_TEST_TMPDIR/file"
}

# bats test_tags=any-kernel
@test "ip netns lists, enters and deletes what --pin keeps, and neither takes the other's name" {
  run -0 unshare -m --propagation=slave sh -c '
    set -e
    mount -t tmpfs run /run
    nsx-unshare --pin blue --lo -- true
    ip netns list
    ip netns exec blue ip -br link show lo | grep -o "<LOOPBACK,UP"
    ! ip netns add blue 2>/dev/null
    ip netns add red
    ! nsx-unshare --pin red -n -- true 2>/dev/null
    ip netns list | sort
    ip netns delete blue
    ip netns delete red
    ls /run/netns
    nsx-unshare --pin blue -n -- true
    ip netns list'
  [ "${lines[*]}" = "blue <LOOPBACK,UP blue red blue" ]
}

# bats test_tags=any-kernel,rootless
@test "the exit status is the same" {
  for arguments in "true" "false" "sh -c 'exit 42'" "sh -c 'kill -TERM \$\$'" "/" "nsx-no-such-program"; do
    for options in -u -f; do
      theirs=0
      eval "unshare $options -- $arguments" 2>/dev/null || theirs=$?
      ours=0
      eval "nsx-unshare $options -- $arguments" 2>/dev/null || ours=$?
      [ $theirs = $ours ]
    done
  done
}

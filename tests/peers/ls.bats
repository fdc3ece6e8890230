# SPDX-License-Identifier: MIT
# nsx-ls lists what lsns lists. Everything is compared, on a separate machine: a PID namespace whose /proc shows only
# the processes that the test has started.
load ../lib/common
# Namespaces without processes are left out by -Q NPROCS: the machine may have pins.

# The processes: namespaces of every kind, nested user and PID namespaces, another user, a zombie.
population='
  unshare -muinpCT -f --kill-child sleep 300 &
  unshare -Ur sh -c "unshare -Urn sh -c \"unshare -Ur sleep 300 & exec sleep 300\" & exec sleep 300" &
  unshare -pf --kill-child sh -c "unshare -pf --kill-child sleep 300 & wait" &
  setpriv --reuid=65534 --regid=65534 --clear-groups unshare -cinu sleep 300 &
  setpriv --reuid=65534 --regid=65534 --clear-groups sleep 300 &
  perl -e "if (my \$pid = fork) { sleep 300 } else { exit }" &
  settled() { [ "$(pgrep -c -x sleep)" = 7 ] && [ "$(pgrep -r Z | wc -l)" = 1 ]; }
  for i in $(seq 500); do settled && break; sleep 0.02; done
  settled || exit 99
'

# Runs a script beside the population.
among() {
  echo "$population $1" >"$BATS_TEST_TMPDIR/script"
  run -0 --separate-stderr unshare -pf --kill-child --mount-proc -- bash "$BATS_TEST_TMPDIR/script"
}

columns=NS,TYPE,NPROCS,PID,PPID,UID,USER,PNS,ONS,COMMAND,PATH

@test "every column of every namespace" {
  among "lsns -J -l -o $columns >$BATS_TEST_TMPDIR/lsns; nsx-ls -J -l -Q NPROCS -o $columns >$BATS_TEST_TMPDIR/nsx"
  [ "$(jq '.namespaces | length' "$BATS_TEST_TMPDIR/nsx")" -gt 20 ]
  # The listing process itself is in some of them, but never the first.
  diff <(jq -S . "$BATS_TEST_TMPDIR/lsns") <(jq -S "del(.gaps)" "$BATS_TEST_TMPDIR/nsx")
}

# bats test_tags=one-kernel
@test "the same with every set of kernel features" {
  for features in -pidfd-ns -pidfd-info -pidfd-ns,-pidfd-info,-ns-id; do
    export NSX_KERNEL_FEATURES=$features
    among "lsns -J -l -o $columns >$BATS_TEST_TMPDIR/lsns; nsx-ls -J -l -Q NPROCS -o $columns >$BATS_TEST_TMPDIR/nsx"
    diff <(jq -S . "$BATS_TEST_TMPDIR/lsns") <(jq -S "del(.gaps)" "$BATS_TEST_TMPDIR/nsx")
  done
}

@test "an ordinary user's view" {
  among "
    user() { setpriv --reuid=65534 --regid=65534 --clear-groups \"\$@\"; }
    user lsns -J -l -o NS,TYPE,NPROCS,PID,PNS,ONS >$BATS_TEST_TMPDIR/lsns
    user nsx-ls -J -l -Q NPROCS -o NS,TYPE,NPROCS,PID,PNS,ONS >$BATS_TEST_TMPDIR/nsx"
  [ "$(jq '.namespaces | length' "$BATS_TEST_TMPDIR/nsx")" -gt 8 ]
  diff <(jq -S . "$BATS_TEST_TMPDIR/lsns") <(jq -S "del(.gaps)" "$BATS_TEST_TMPDIR/nsx")
}

# A tree with the children of each node in a fixed order: lsns has them in the order of its search.
sorted_tree() {
  jq -S 'del(.gaps) | walk(if type == "array" then sort_by(.ns) else . end)' "$1"
}

# bats test_tags=slow
@test "the trees by owner and by parent" {
  for relation in owner parent; do
    among "lsns -J --tree=$relation -o NS,TYPE,NPROCS,PID >$BATS_TEST_TMPDIR/lsns
      nsx-ls -J -Q NPROCS --tree=$relation -o NS,TYPE,NPROCS,PID >$BATS_TEST_TMPDIR/nsx"
    grep -q children "$BATS_TEST_TMPDIR/nsx"
    diff <(sorted_tree "$BATS_TEST_TMPDIR/lsns") <(sorted_tree "$BATS_TEST_TMPDIR/nsx")
  done
}

# bats test_tags=slow
@test "one kind, several kinds, one process" {
  for options in "-t user" "-t net -o NS,TYPE,NPROCS,PID,NETNSID,COMMAND" "-t pid -t mnt" \
    "-p 1" "-p 1 -t net -o NS,NPROCS" "-n -t uts" "-r -o NS,TYPE,PID,USER,COMMAND"; do
    among "lsns -l $options >$BATS_TEST_TMPDIR/lsns; nsx-ls -l -Q NPROCS $options >$BATS_TEST_TMPDIR/nsx"
    [ -s "$BATS_TEST_TMPDIR/nsx" ]
    # Except for spaces, which libsmartcols inserts: lsns.bats compares byte by byte.
    diff <(tr -s ' ' <"$BATS_TEST_TMPDIR/lsns") <(tr -s ' ' <"$BATS_TEST_TMPDIR/nsx")
  done
}

# bats test_tags=any-kernel
@test "the numbers of network namespaces, as ip netns gave them" {
  run -0 unshare -mnpf --kill-child --mount-proc -- bash -c "
    mkdir -p /run/netns
    mount -t tmpfs none /run/netns
    ip netns add blue
    ip netns set blue 42
    ip netns exec blue sleep 300 &
    for i in \$(seq 500); do pgrep -x sleep >/dev/null && break; sleep 0.02; done
    lsns -n -l -t net -o NS,NETNSID,PID
    echo --
    nsx-ls -n -l -Q NPROCS -t net -o NS,NETNSID,PID"
  [[ "$output" = *" 42 "* ]]
  output=$(tr -s ' ' <<<"$output")
  diff <(sed '/^--$/,$d' <<<"$output") <(sed '1,/^--$/d' <<<"$output")
}

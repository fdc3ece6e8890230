# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats and the loaded file
load ../lib/common

# Called as lsns, nsx-ls is compared with the newest lsns in Debian's archives: output byte by byte, and exit status.
# Both run with the libraries of that lsns, as libsmartcols lays out the tables of both. The machine is the test's
# own: a PID namespace, and a /run without pins.

peer_commands() {
  local peer libraries
  peer=$("$NSX_SOURCE/tests/peers/fetch.sh" util-linux 2>"$BATS_TEST_TMPDIR/newest") || {
    cat "$BATS_TEST_TMPDIR/newest"
    cannot "fetch the newest util-linux"
  }
  libraries=$peer/usr/lib/x86_64-linux-gnu
  mkdir "$BATS_TEST_TMPDIR"/{theirs,ours}
  printf '#!/bin/sh\nexec %s --library-path %s --argv0 lsns %s "$@"\n' "$libraries/ld-linux-x86-64.so.2" "$libraries" \
    "$peer/usr/bin/lsns" >"$BATS_TEST_TMPDIR/theirs/lsns"
  printf '#!/bin/sh\nexec %s --library-path %s --argv0 lsns %s "$@"\n' "$libraries/ld-linux-x86-64.so.2" "$libraries" \
    "$(command -v nsx-ls)" >"$BATS_TEST_TMPDIR/ours/lsns"
  chmod +x "$BATS_TEST_TMPDIR"/*/lsns
}

# Namespaces of every kind, nested ones, an ordinary user's, a zombie, a pin without a process; then each line of the
# input by both. Prints the lines that differ, or with "differs" those that do not.
compare_lines() {
  # In a file, as its text would appear in the lists.
  cat >"$BATS_TEST_TMPDIR/script" <<'END'
    directory=$1 wanted=$2
    mount -t tmpfs run /run && mkdir /run/netns && ip netns add blue && ip netns attach green $$ || exit 98
    if [ "$wanted" = differs ]; then ip netns attach green2 $$; fi
    # Numbers of one to four digits: tables pad them.
    echo 4000 >/proc/sys/kernel/ns_last_pid
    unshare -muinpCT -f --kill-child sleep 300 &
    export FIRST=$!
    unshare -Ur sh -c "unshare -Urn sh -c \"unshare -Ur sleep 300 & exec sleep 300\" & exec sleep 300" &
    export USERS=$!
    unshare -pf --kill-child sh -c "unshare -pf --kill-child sleep 300 & wait" &
    setpriv --reuid=65534 --regid=65534 --clear-groups unshare -cinu sleep 300 &
    setpriv --reuid=65534 --regid=65534 --clear-groups sleep 300 &
    export SLEEP=$!
    unshare -u bash -c 'exec -a "back\\slash \\x41" sleep 300' &
    perl -e "if (my \$pid = fork) { sleep 300 } else { exit }" &
    settled() { [ "$(pgrep -c -x sleep)" = 8 ] && [ "$(pgrep -r Z | wc -l)" = 1 ]; }
    for i in $(seq 500); do settled && break; sleep 0.02; done
    settled || exit 99
    export NET=$(stat -L -c %i /proc/$FIRST/ns/net) USERNS=$(stat -L -c %i /proc/$USERS/ns/user)
    export INNER=$(pgrep -P "$(pgrep -P "$USERS")" -x sleep)
    failed=0 count=0
    while IFS= read -r line; do
      for who in theirs ours; do
        PATH=$directory/$who:$PATH bash -c "$line" >"$directory/$who.out" 2>/dev/null </dev/null
        echo "status $?" >>"$directory/$who.out"
      done
      count=$((count + 1))
      if cmp -s "$directory/theirs.out" "$directory/ours.out"; then
        if [ "$wanted" = differs ]; then echo "the same: $line"; failed=1; fi
      elif [ "$wanted" = same ]; then
        echo "$line: (-) lsns, (+) nsx-ls"
        diff "$directory/theirs.out" "$directory/ours.out" | sed -n "s/^</-/p; s/^>/+/p"
        failed=1
      fi
    done
    echo "$count lines"
    exit $failed
END
  unshare -mnpf --kill-child --mount-proc -- bash "$BATS_TEST_TMPDIR/script" "$BATS_TEST_TMPDIR" "$1"
}

# bats test_tags=host-only
@test "called as lsns: the same output and status, byte by byte" {
  peer_commands
  run compare_lines same <<'END'
lsns
lsns -l
lsns --list
lsns -n
lsns --noheadings -l
lsns -r
lsns --raw -l
lsns -J
lsns --json -l
lsns -u
lsns -W
lsns -o NS
lsns -o NS,TYPE
lsns -o ns,type,Command
lsns --output=NS,PID
lsns -o +PNS,ONS
lsns -o +UID
lsns -l -o NS,TYPE,PATH,NPROCS,PID,PPID,COMMAND,UID,USER
lsns -o COMMAND,NS
lsns -o FOO
lsns -o ""
lsns -o NS,
lsns -o NS,NS
lsns --output-all
lsns --output-all -J
lsns --output-all -r -n
lsns -l --output-all
lsns -n --output-all
lsns -o +NETNSID
lsns -J -o NS,NETNSID,NSFS -t net
lsns -t net
lsns -t net -n
lsns -t net -J
lsns -t net -r
lsns -t user
lsns -t mnt -t uts
lsns -t pid
lsns -t time
lsns -t cgroup
lsns -t ipc
lsns -t foo
lsns -t ""
lsns -t
lsns -T
lsns --tree
lsns -Towner
lsns --tree=owner
lsns -Tparent
lsns --tree=process
lsns --tree=foo
lsns -T -t net
lsns -T -t user
lsns -T -t pid
lsns -Tparent -t pid
lsns -Tparent -t user
lsns -Tprocess -t user
lsns -T -t net -J
lsns -T -n
lsns -T -r
lsns -T -J
lsns -Tparent -J
lsns -T -o TYPE,NS
lsns -T -o TYPE,PID
lsns -T -p $$
lsns -Towner -l
lsns -P
lsns -P -l
lsns -P -J
lsns -P -p $$
lsns -p $$
lsns -p $$ -t net
lsns -p $$ -J
lsns -p $SLEEP
lsns -p $SLEEP -n
lsns -p 1
lsns -p 999999999
lsns -p 99999
lsns -p 99999 -J
lsns -p x
lsns -p 0
lsns -p -1
lsns -p ''
lsns $NET
lsns $NET -n
lsns $NET -J
lsns $NET -r
lsns $NET -l
lsns $NET -o PID,COMMAND
lsns $NET -o NS,TYPE,PID
lsns -J -o PID $NET
lsns $NET -p 1
lsns $NET -t net
lsns $NET -t uts
lsns $NET -T
lsns $USERNS
lsns $USERNS -J
lsns 1
lsns x
lsns $NET $NET
lsns -Q ''
lsns -Q 'TYPE == "net"'
lsns -Q 'TYPE == "net" and NPROCS > 1'
lsns -Q 'TYPE == "net" or TYPE == "uts" and NPROCS > 100'
lsns -Q 'TYPE == "uts" and NPROCS > 100 or TYPE == "net"'
lsns -Q 'NPROCS > 100 and TYPE == "net" or TYPE == "user"'
lsns -Q '!(TYPE == "net")'
lsns -Q 'USER =~ "nob.*"'
lsns -Q 'COMMAND !~ "sleep"'
lsns -Q 'TYPE'
lsns -Q 'NSFS'
lsns -Q 'PID == 1'
lsns -Q 'PID eq 1'
lsns -Q 'FOO == 1'
lsns -Q 'TYPE =='
lsns -Q '(('
lsns -Q 'NPROCS >= 2 && USER == "root"' -J
lsns -Q 'NS > 0' -t user
lsns -Q 'TYPE == "net"' -T
lsns -Q 'false'
lsns -Q 'true'
lsns -Q '1'
lsns -J -r
lsns --nope
lsns -Z
lsns -l -T
lsns -n -o COMMAND
lsns -r -o COMMAND,USER
lsns -W -t net
lsns -l -n -u
lsns >/dev/full
lsns -J >/dev/full
lsns --version >/dev/full
lsns -T --output-all
lsns -J -T --output-all
lsns -T -P
lsns -P -t net
lsns -P -n
lsns -p $SLEEP -T -t user
lsns -o NS,NSFS -t net
lsns -r -o NS,NSFS -t net
lsns -W -o NS,NSFS -t net
LC_ALL=C lsns -T
LC_ALL=C lsns
LC_ALL=C.UTF-8 lsns
lsns -T -p $INNER
lsns -Tparent -p $INNER
lsns -Tparent -P
END
  echo "$output"
  [ "$status" = 0 ]
  [[ ${lines[-1]} =~ ^([0-9]+)\ lines$ ]] && [ "${BASH_REMATCH[1]}" -ge 80 ]
}

# bats test_tags=host-only
@test "called as lsns: only documented differences" {
  peer_commands
  # lsns takes 0 for the namespaces that it could not identify, and lists all of their processes; its "not" takes only
  # the next operand; its JSON loses all mounts but the first. -H explains the columns in other words. Several kinds in
  # one word are an extension.
  run compare_lines differs <<'END'
lsns 0
lsns -Q 'not TYPE == "net"'
lsns -J -t net -o NS,NSFS
lsns -H
lsns -H -J
lsns -t net,user
END
  echo "$output"
  [ "$status" = 0 ]
  # Only the words: names and types are the same.
  # shellcheck disable=SC2086 # several words
  for options in -H "-H -r"; do
    diff <("$BATS_TEST_TMPDIR/theirs/lsns" $options | awk '{ print $1, $2 }') <("$BATS_TEST_TMPDIR/ours/lsns" $options | awk '{ print $1, $2 }')
  done
  run -0 bash -c "diff <('$BATS_TEST_TMPDIR/theirs/lsns' -H -J | grep -v description) <('$BATS_TEST_TMPDIR/ours/lsns' -H -J | grep -v description)"
}

# bats test_tags=host-only
@test "called as lsns on a terminal: the same, too" {
  peer_commands
  spawn unshare -un -- bash -c "exec -a $(printf '%0200d' 0) sleep 300"
  wait_until grep -qs sleep "/proc/$pid/comm"
  for options in "-l -t uts -t net" "-t net" "-t uts -u -l" "-n -l -t uts"; do
    for who in theirs ours; do
      script -qec "stty cols 80; $BATS_TEST_TMPDIR/$who/lsns -p $pid $options" /dev/null </dev/null >"$BATS_TEST_TMPDIR/$who.out" 2>&1
    done
    diff "$BATS_TEST_TMPDIR/theirs.out" "$BATS_TEST_TMPDIR/ours.out"
  done
}

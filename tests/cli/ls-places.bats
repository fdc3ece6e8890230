# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats and the loaded file
load ../lib/common

# nsx-ls on unusual machines: another /proc than expected, or little of it; few descriptors allowed, or a process
# with very many.

teardown() {
  end_spawned
}

# The rows of the namespaces of a process, as "INODE TYPE NPROCS PID", from a listing of these columns.
rows_of() {
  local kind inode
  while read -r kind inode; do
    grep -x "$inode $kind [1-9][0-9]* [0-9]*" <<<"$output"
  done < <(namespaces "$1")
}

columns="-l -n -r -o NS,TYPE,NPROCS,PID"

# bats test_tags=any-kernel
@test "in a child PID namespace: its processes, by their numbers there" {
  # shellcheck disable=SC2016 # for another shell
  run -0 --separate-stderr unshare -pf --kill-child --mount-proc -- bash -c '
    unshare -un sleep 300 &
    until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
    echo $!; stat -L -c %i /proc/$!/ns/net; stat -L -c %i /proc/self/ns/pid
    nsx-ls '"$columns"' || exit'
  pid=${lines[0]} net=${lines[1]} ns=${lines[2]}
  [ "$pid" -lt 100 ]
  grep -qx "$net net 1 $pid" <<<"$output"
  # The shell, its child, and nsx-ls itself, of which the first is 1.
  grep -qx "$ns pid 3 1" <<<"$output"
  [ -z "$stderr" ]
}

# bats test_tags=needs-no-proc
@test "with the /proc of another PID namespace: its processes, by their numbers there" {
  spawn unshare -pf --kill-child --mount-proc -- sleep 300
  wait_until has_child "$pid" sleep
  inside=$child
  spawn_in uts -u
  for where in outside inside; do
    case $where in
      # Below a /proc with more processes than our PID namespace.
      outside) run -0 --separate-stderr nsenter -t "$inside" -p -- nsx-ls $columns ;;
      # A /proc with a single process, which is not even nsx-ls.
      inside) run -0 --separate-stderr nsenter -t "$inside" -m -- nsx-ls $columns ;;
    esac
    if [ $where = outside ]; then
      rows_of "$pid"
      grep -qx "$(ns_of "$inside" pid) pid 2 $inside" <<<"$output"
    else
      grep -qx "$(ns_of "$inside" pid) pid 1 1" <<<"$output"
      run ! grep -q "^$(ns_of "$pid" uts) " <<<"$output"
    fi
  done
}

@test "hidepid=2: an ordinary user sees their own, and a note says that others are hidden" {
  spawn as_user unshare -Un -- sleep 300
  wait_until has_left "$pid" net
  # The same PID namespace, as the numbers have to be ours.
  # shellcheck disable=SC2016 # for another shell
  run -0 --separate-stderr unshare -m -- sh -c '
    mount -t proc -o hidepid=2 none /proc && exec setpriv --reuid="$1" --regid="$1" --clear-groups -- nsx-ls --verbose '"$columns" \
    - "$ordinary_uid"
  rows_of "$pid"
  [[ $stderr == *"hides other users' processes: it is mounted with hidepid"* ]]
  [[ $output != *" 1" ]]
  # A caller that may see everything gets no note.
  run -0 --separate-stderr unshare -m -- sh -c 'mount -t proc -o hidepid=2 none /proc && exec nsx-ls --verbose '"$columns"
  rows_of "$pid"
  [[ $stderr != *hidepid* ]]
}

# bats test_tags=needs-no-proc,any-kernel
@test "without /proc: a clear error from every view, and nothing on stdout" {
  mkdir "$BATS_TEST_TMPDIR/empty"
  for options in "" "-J" "-T" "--sources=all" "-p 1" "--matrix" "--matrix -p 1" "--limits" "--compare 1 1" \
    "4026531840" "pin:x" "--pinned" "--container x"; do
    for place in empty file-system; do
      # shellcheck disable=SC2016 # for another shell
      run --separate-stderr unshare -m -- sh -c 'program=$1 options=$2 library=$3
        cd "$4" && if [ "$5" = empty ]; then mount --bind . /proc; else mount -t tmpfs none /proc; fi
        LD_LIBRARY_PATH=$library exec "$program" $options' \
        - "$(command -v nsx-ls)" "$options" "$LD_LIBRARY_PATH" "$BATS_TEST_TMPDIR/empty" $place
      if [[ $options == --compare* ]]; then [ "$status" = 2 ]; else [ "$status" = 1 ]; fi || {
        echo "$options: $status"
        return 1
      }
      [ -z "$output" ]
      [[ $stderr == nsx-ls:*/proc* || $stderr == nsx-ls:*PID\ 1* || $stderr == nsx-ls:*container:x* || $stderr == nsx-ls:*"pin:x"* ]] || {
        echo "$options: $stderr"
        return 1
      }
    done
  done
}

# bats test_tags=rootless
@test "RLIMIT_NOFILE of 32: the same answer in every view" {
  spawn_in uts -Umuin -r
  spawn bash -c 'exec sleep 300 9<"/proc/$1/ns/net"' - "$pid"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  first=${spawned[0]}
  net=$(ns_of "$first" net)
  for options in "-l -n -o NS,TYPE,HELD-BY,PNS,ONS,UIDMAP,NETNSID -Q \"HELD-BY =~ '[(]sleep.${pid}[)]'\"" \
    "-T -n -p $first -o NS,TYPE" "--matrix -n -p $first" "-n $net"; do
    want=$(eval "nsx-ls $options" 2>/dev/null)
    [ -n "$want" ]
    [ "$(ulimit -n 32; eval "nsx-ls $options" 2>/dev/null)" = "$want" ] || {
      echo "$options"
      return 1
    }
  done
}

# bats test_tags=slow,host-only
@test "100,000 descriptors in one process: those of namespaces are found among them" {
  make_world=$NSX_BUILD/tests/bench/world
  [ -x "$make_world" ] || cannot "find the world of tests/bench: build with -Dtests=true"
  mkfifo "$BATS_TEST_TMPDIR/end" "$BATS_TEST_TMPDIR/ready"
  "$make_world" 1 0 100000 <"$BATS_TEST_TMPDIR/end" >"$BATS_TEST_TMPDIR/ready" 3>&- 4>&- &
  world=$!
  spawned+=("$world")
  exec 9>"$BATS_TEST_TMPDIR/end"
  read -r _ <"$BATS_TEST_TMPDIR/ready"
  run -0 --separate-stderr nsx-ls -J -l -t uts -P -o NS,HELD-BY
  # Ten namespaces without a process, each held by one of the descriptors.
  jq -e "[.namespaces[].held_by[] | select(.type == \"fd\" and .command == \"world\")] | length == 10" <<<"$output"
  exec 9>&-
  wait "$world"
}

# SPDX-License-Identifier: MIT
# What must never happen when the target is hostile, or ends at the wrong moment.
load ../lib/common
load ../lib/containers

teardown() {
  end_spawned
  leave_cgroup
}

@test "only the caller's descriptors are open in the program" {
  in_all
  make_cgroup
  echo "$pid" >"$cgroup/cgroup.procs"
  # The shell opens nothing when it looks.
  look='for n in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
    if [ -e /proc/self/fd/$n ]; then echo $n; fi; done'
  in_vain=$(sh -c "exec 3>&- 4>&-; $look" 3>&- 4>&-)
  for options in -n "-a --keep-fds" "-a -r -w -c --keep-fds" "-a -r --wdns=/ -c --mount-proc --keep-fds" "-p -F"; do
    run -0 --separate-stderr nsx-enter -t "$pid" $options -- sh -c "$look" 3>&- 4>&-
    [ "$output" = "$in_vain" ]
  done
}

# Which processes may reach a process through /proc, as a hostile program inside tries.
# shellcheck disable=SC2016 # for the inner shell
reach='for file in exe fd/0 root cwd; do readlink /proc/$0/$file && echo "reached $file"; done
  for file in environ maps auxv mem; do dd bs=1 count=1 if=/proc/$0/$file of=/dev/null && echo "reached $file"; done
  exit 0'

@test "the waiting parent is out of reach of a hostile root inside" {
  # The container has a user namespace of the ordinary user, and sees the host's /proc and PIDs.
  in_user
  "${become_user[@]}" nsx-enter -t "$pid" -a --mount-proc=/tmp -- sleep 300 3>&- 4>&- &
  waiting=$!
  spawned+=("$waiting")
  wait_until has_child "$waiting" sleep
  # As root of the same user namespace, with the UID of the process and all capabilities there.
  run -0 as_user nsenter -t "$pid" -U -m -n --preserve-credentials sh -c "$reach" "$waiting"
  [[ "$output" != *reached* ]]
  [[ "$output" = *"Permission denied"* ]]
  # The program itself is like any other program there.
  run -0 as_user nsenter -t "$pid" -U -m -n --preserve-credentials sh -c "$reach" "$child"
  [[ "$output" = *"reached environ"* ]]
}

# bats test_tags=slow
@test "the entering process is out of reach until the program starts" {
  in_user
  # strace holds it before it becomes the starter, when everything is entered.
  "${become_user[@]}" strace -qq -o /dev/null -e trace=execveat -e inject=execveat:delay_enter=60000000 \
    nsx-enter -t "$pid" -U -m -n -u -- true 3>&- 4>&- &
  tracer=$!
  spawned+=("$tracer")
  wait_until has_child "$tracer" nsx-enter
  entering=$child
  spawned+=("$entering")
  wait_until [ "/proc/$entering/ns/net" -ef "/proc/$pid/ns/net" ]
  wait_until grep -q '^CapEff:.*ffff' "/proc/$entering/status"
  run -0 as_user nsenter -t "$pid" -U -m -n --preserve-credentials sh -c "$reach" "$entering"
  [[ "$output" != *reached* ]]
  [[ "$output" = *"Permission denied"* ]]
  kill -KILL "$entering" "$tracer"
}

# /proc/sys/fs/suid_dumpable controls whether the kernel lets a process with new credentials be traced.
@test "new credentials in the target let nobody reach the process" {
  in_user
  for as in "" "${become_user[*]}"; do
    run -0 $as strace -f -qq -e trace=setns,setuid,prctl nsx-enter -t "$pid" -a -- true
    calls=$(grep -oE 'setns\(.*CLONE_NEWUSER|setuid\(|PR_SET_DUMPABLE, SUID_DUMP_DISABLE' <<<"$output" |
      sed -E 's/.*NEWUSER/user/; s/setuid./uid/; s/PR_SET.*/hide/')
    [[ $(words $calls) == "hide user hide uid hide" ]] || {
      echo "$calls"
      return 1
    }
  done
}

# bats test_tags=slow,host-only,needs-speed
@test "1,000 enters while PIDs are reused as fast as possible: never the wrong process" {
  storm=$NSX_BUILD/tests/storm/pid-storm
  [ -x "$storm" ] || cannot "find pid-storm: build with -Dtests=true"
  mkdir -p "$BATS_TEST_TMPDIR/right" "$BATS_TEST_TMPDIR/wrong"
  here=$(cat /proc/sys/kernel/pid_max)
  # From Linux 6.14 on, a PID namespace has its own limit, and a new one the largest.
  run env WHO=wrong unshare -u -p -f --kill-child --mount-proc -- sh -c '
    if [ "$(cat /proc/sys/kernel/pid_max)" != "$1" ]; then echo 600 >/proc/sys/kernel/pid_max; fi
    echo wrong >/proc/sys/kernel/hostname
    cd "$2/wrong"
    exec "$3" 1000 "$2/right" "$2/wrong" nsx-enter -t' - "$here" "$BATS_TEST_TMPDIR" "$storm"
  echo "$output"
  [ "$status" = 0 ]
  [ "$(cat /proc/sys/kernel/pid_max)" = "$here" ]
  [[ "${lines[-1]}" =~ ^right\ ([0-9]+)\ other\ ([0-9]+)\ failed\ ([0-9]+)$ ]]
  [ "${BASH_REMATCH[1]}" -gt 0 ]
  [ "${BASH_REMATCH[3]}" -gt 0 ]
  [ $((BASH_REMATCH[1] + BASH_REMATCH[2] + BASH_REMATCH[3])) = 1000 ]
}

# bats test_tags=any-kernel
@test "a failure half-way leaves nothing" {
  in_all
  make_cgroup
  echo "$pid" >"$cgroup/cgroup.procs"
  for options in "-a --wdns=/nowhere" "-a -c --mount-proc=/nowhere" "-a -c --mount-proc -S 1 -G 4294967294 -U=/nowhere"; do
    run -1 marked nsx-enter -t "$pid" $options -- true
    nothing_is_left
    # The target is alone in its cgroup again.
    [ "$(cat "$cgroup/cgroup.procs")" = "$pid" ]
  done
  run -127 marked nsx-enter -t "$pid" -a -c --mount-proc -- /nowhere
  nothing_is_left
}

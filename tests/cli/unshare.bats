# SPDX-License-Identifier: MIT
load ../lib/common

# Lists the namespaces inside with a single program: a new PID namespace without its init cannot have a second one.
# For pid and time it lists those of the children, which is what unshare(2) changes.
inside=(sh -c 'exec stat -L -c "%n %i" $(for k in cgroup ipc mnt net pid_for_children \
  time_for_children user uts; do [ ! -e /proc/self/ns/$k ] || echo /proc/self/ns/$k; done)')

# The kinds that differ between two such lists.
different() {
  join -j 1 <(echo "$1") <(echo "$2") |
    awk '$2 != $3 { sub(".*/", "", $1); sub("_for_children", "", $1); print $1 }'
}

# Checks that the given option makes a new namespace of this kind only.
makes_only() {
  local kind=$1 outside
  shift
  outside=$("${inside[@]}")
  run -0 --separate-stderr nsx-unshare "$@" -- "${inside[@]}"
  [ "$(different "$outside" "$output")" = "$kind" ]
}

# bats test_tags=any-kernel
@test "-m, --mount: a new mount namespace" {
  makes_only mnt -m
  makes_only mnt --mount
}

# bats test_tags=any-kernel
@test "-u, --uts: a new UTS namespace" {
  makes_only uts -u
  makes_only uts --uts
  before=$(uname -n)
  run -0 nsx-unshare -u -- sh -c 'echo elsewhere >/proc/sys/kernel/hostname; uname -n'
  [ "$output" = elsewhere ]
  [ "$(uname -n)" = "$before" ]
}

# bats test_tags=any-kernel
@test "-i, --ipc: a new IPC namespace" {
  makes_only ipc -i
  makes_only ipc --ipc
}

# bats test_tags=any-kernel
@test "-n, --net: a new network namespace" {
  makes_only net -n
  makes_only net --net
  run -0 nsx-unshare -n -- sh -c 'tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "'
  [ "$output" = lo ]
}

# bats test_tags=any-kernel
@test "-p, --pid: a new PID namespace for the children" {
  makes_only pid -p
  makes_only pid --pid
}

# bats test_tags=any-kernel,rootless
@test "-U, --user: a new user namespace" {
  makes_only user -U
  makes_only user --user
}

# bats test_tags=any-kernel
@test "-C, --cgroup: a new cgroup namespace" {
  makes_only cgroup -C
  makes_only cgroup --cgroup
}

# bats test_tags=any-kernel
@test "-T, --time: a new time namespace" {
  makes_only time -T
  makes_only time --time
}

# bats test_tags=slow
@test "several kinds at once, and none" {
  outside=$("${inside[@]}")
  run -0 nsx-unshare -mun --ipc -- "${inside[@]}"
  [ "$(different "$outside" "$output" | sort | tr '\n' ' ')" = "ipc mnt net uts " ]
  run -0 nsx-unshare -- "${inside[@]}"
  [ "$output" = "$outside" ]
}

# bats test_tags=slow
@test "without --fork the program replaces nsx-unshare" {
  nsx-unshare -u -- sleep 300 3>&- &
  spawned+=("$!")
  wait_until has_left $! uts
  wait_until runs $! sleep
}

# bats test_tags=slow
@test "--fork: the program is a child" {
  run -0 nsx-unshare --fork -- sh -c 'cat /proc/$PPID/comm'
  [ "$output" = nsx-unshare ]
  run -0 --separate-stderr nsx-unshare -fp -- sh -c 'echo $$'
  [ "$output" = 1 ]
}

@test "--mount-proc: /proc shows the new PID namespace, and outside nothing changes" {
  before=$(cat /proc/self/mountinfo)
  run -0 nsx-unshare -p -f --mount-proc -- sh -c 'echo /proc/[0-9]*; readlink /proc/self/ns/mnt'
  [ "${lines[0]}" = /proc/1 ]
  [ "${lines[1]}" != "$(readlink /proc/self/ns/mnt)" ]
  [ "$(cat /proc/self/mountinfo)" = "$before" ]
}

# bats test_tags=slow
@test "--mount-proc=DIR: mounts it there" {
  mkdir "$BATS_TEST_TMPDIR/proc"
  run -0 nsx-unshare -pf --mount-proc="$BATS_TEST_TMPDIR/proc" -- \
    sh -c "cat '$BATS_TEST_TMPDIR/proc/1/comm'"
  [ "$output" = cat ] || [ "$output" = sh ]
  [ -z "$(ls -A "$BATS_TEST_TMPDIR/proc")" ]
}

# bats test_tags=slow,rootless
@test "-r, --map-root-user: root inside, alone" {
  for option in -r --map-root-user; do
    run -0 nsx-unshare $option -- sh -c 'id -u; id -g; cat /proc/self/setgroups; cat /proc/self/uid_map'
    [ "${lines[0]} ${lines[1]} ${lines[2]}" = "0 0 deny" ]
    [ "$(words ${lines[3]})" = "0 $(id -u) 1" ]
  done
}

# bats test_tags=slow,rootless
@test "-c, --map-current-user: the same ids inside" {
  for option in -c --map-current-user; do
    run -0 as_user nsx-unshare $option -- sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map'
    [ "${lines[0]} ${lines[1]}" = "$ordinary_uid $ordinary_uid" ]
    [ "$(words ${lines[2]})" = "$ordinary_uid $ordinary_uid 1" ]
    [ "$(words ${lines[3]})" = "$ordinary_uid $ordinary_uid 1" ]
  done
}

# bats test_tags=rootless
@test "an ordinary user makes all eight kinds through a user namespace" {
  outside=$(as_user "${inside[@]}")
  run -0 as_user nsx-unshare -rmuinpCT -f --mount-proc -- sh -c 'id -u; echo $$; echo /proc/[0-9]*'
  [ "${lines[0]}" = 0 ]
  [ "${lines[1]}" = 1 ]
  [[ "${lines[2]}" = /proc/1* ]]
  run -0 as_user nsx-unshare -rmuinpCT -f --mount-proc -- "${inside[@]}"
  [ "$(different "$outside" "$output" | tr '\n' ' ')" = "$(all_kinds | tr '\n' ' ')" ]
}

# bats test_tags=slow
@test "--propagation: of every mount, private by default" {
  propagation() {
    nsx-unshare -m "$@" -- findmnt -n -o PROPAGATION /
  }
  # The modes of a mount that is shared here, in a mount namespace of the test.
  run -0 unshare -m --propagation=shared -- bash -c "
    set -e
    $(declare -f propagation)
    propagation
    propagation --propagation=private
    propagation --propagation=slave
    propagation --propagation=shared
    propagation --propagation=unchanged"
  [ "${lines[*]}" = "private private private,slave shared shared" ]
}

# bats test_tags=slow
@test "--kill-child: the program dies with nsx-unshare" {
  # As the init of its PID namespace the program would ignore TERM.
  for option in "-p --kill-child" --kill-child=SIGTERM --kill-child=term --kill-child=9; do
    nsx-unshare $option -- sleep 300 3>&- &
    parent=$!
    spawned+=("$parent")
    wait_until has_child $parent sleep
    kill -KILL $parent
    wait_until is_gone "$child"
  done
}

# bats test_tags=slow,rootless
@test "--kill-child=SIGNAL: sends this signal" {
  log=$BATS_TEST_TMPDIR/log
  nsx-unshare --kill-child=USR1 -- sh -c "trap 'echo usr1 >$log; exit' USR1; echo ready >$log
    while :; do sleep 0.05; done" 3>&- &
  parent=$!
  spawned+=("$parent")
  wait_until grep -qs ready "$log"
  kill -KILL $parent
  wait_until grep -qs usr1 "$log"
}

# bats test_tags=slow,rootless
@test "-w, --wd: the working directory" {
  run -0 nsx-unshare --wd="$BATS_TEST_TMPDIR" -- pwd
  [ "$output" = "$BATS_TEST_TMPDIR" ]
  run -0 nsx-unshare -w "$BATS_TEST_TMPDIR" -- pwd
  [ "$output" = "$BATS_TEST_TMPDIR" ]
}

# bats test_tags=slow
@test "-R, --root: the root directory; --wd is looked up in it, / by default" {
  make_root "$BATS_TEST_TMPDIR/root" sh ls
  for option in -R --root; do
    run -0 nsx-unshare $option "$BATS_TEST_TMPDIR/root" -- sh -c 'pwd; ls /'
    [ "${lines[0]}" = / ]
    [[ " ${lines[*]} " = *" inside "* ]]
    run -0 nsx-unshare $option "$BATS_TEST_TMPDIR/root" --wd=/inside -- sh -c pwd
    [ "$output" = /inside ]
  done
}

# bats test_tags=slow
@test "--root with --mount-proc: proc is mounted in the new root" {
  make_root "$BATS_TEST_TMPDIR/root" sh ls
  run -0 marked nsx-unshare -fp --root="$BATS_TEST_TMPDIR/root" --mount-proc -- ls /proc
  [[ " ${lines[*]} " = *" 1 "*" self "* ]]
  nothing_is_left
}

# bats test_tags=slow
@test "without a program: \$SHELL as a login shell" {
  run -0 env SHELL=/bin/sh nsx-unshare -u <<<'echo "$0"'
  [ "$output" = -sh ]
  run -0 env SHELL=/bin/bash nsx-unshare -u <<<'echo "$0"'
  [ "$output" = -bash ]
}

# bats test_tags=slow
@test "without a program and \$SHELL: the shell of the user database" {
  shell=$(getent passwd 0 | cut -d: -f7)
  run -0 env -u SHELL nsx-unshare -u --plan
  [ "${lines[1]}" = "2. run $shell as a login shell" ]
}

# bats test_tags=slow
@test "an argument that looks like an option belongs to the program" {
  run -0 nsx-unshare -u echo -n --fork
  [ "$output" = "--fork" ]
  run -0 nsx-unshare -u -- echo -f
  [ "$output" = "-f" ]
}

# bats test_tags=any-kernel,rootless
@test "--plan: the steps in order, and nothing done" {
  run -0 as_user nsx-unshare --plan -rpf --kill-child --mount-proc -R / -w /tmp -- rm -rf /nowhere
  mounts="CAP_SYS_ADMIN in the user namespace that owns the mount namespace"
  diff - <(echo "$output") <<END
1. close descriptors above 2 when the program starts
2. start a watcher that sends the program SIGKILL when this process dies
3. make a sealed copy of the program starter: /proc/self/exe leads to no file of the host
4. make new namespaces: mnt, pid, user
5. map ids: UID 0 inside is $ordinary_uid outside; GID 0 inside is $ordinary_uid outside; deny setgroups
6. fork; the parent waits; the child gets SIGKILL when the parent dies
7. make all mounts private (needs $mounts)
8. change the root directory to / (needs CAP_SYS_CHROOT)
9. change the working directory to /tmp
10. mount proc on /proc (needs $mounts, and in the owner of the pid namespace)
11. run rm -rf /nowhere
END
  # No privilege is needed: an ordinary user may plan what only root can do.
  run -0 as_user nsx-unshare --plan -n -- true
  [ "${lines[0]}" = "1. make new namespaces: net (needs CAP_SYS_ADMIN)" ]
}

# SPDX-License-Identifier: MIT
load ../lib/common
load ../lib/containers

# Prints what namespaces() prints, for the calling process, as a script for a shell inside.
inside="cd /proc/self/ns && exec stat -L -c '%n %i' ${kernel_kinds[*]}"

# Checks that these options enter the target's namespaces of exactly the kinds in the first word.
# Without mnt the /proc of the host is still visible and has this process.
enters_only() {
  local kinds=" $1 " target=$2 entered theirs wanted=() i
  shift 2
  entered=$(nsx-enter "$@" -- sh -c "$inside")
  mapfile -t theirs < <(namespaces "$target")
  [ -n "${ours+set}" ] || mapfile -t ours < <(namespaces $$)
  for i in "${!kernel_kinds[@]}"; do
    if [[ $kinds = *" ${kernel_kinds[i]} "* ]]; then wanted+=("${theirs[i]}"); else wanted+=("${ours[i]}"); fi
  done
  [ "$(words $entered)" = "${wanted[*]}" ] || {
    echo "nsx-enter $*: wanted ${wanted[*]}, got" $entered
    return 1
  }
}

# bats test_tags=slow
@test "each kind by its short and long option, of the target" {
  in_all
  enters_only mnt "$pid" -t "$pid" -m
  enters_only mnt "$pid" --target="$pid" --mount
  enters_only uts "$pid" -t "$pid" -u
  enters_only uts "$pid" --target="$pid" --uts
  enters_only ipc "$pid" -t "$pid" -i
  enters_only ipc "$pid" --target="$pid" --ipc
  enters_only net "$pid" -t "$pid" -n
  enters_only net "$pid" --target="$pid" --net
  enters_only pid "$pid" -t "$pid" -p
  enters_only pid "$pid" --target="$pid" --pid
  enters_only cgroup "$pid" -t "$pid" -C
  enters_only cgroup "$pid" --target="$pid" --cgroup
  enters_only time "$pid" -t "$pid" -T
  enters_only time "$pid" --target="$pid" --time
}

# bats test_tags=any-kernel,rootless
@test "-U, --user: the user namespace, as its root" {
  in_user
  for option in -U --user; do
    enters_only user "$pid" -t "$pid" $option
    run -0 nsx-enter -t "$pid" $option -- sh -c 'id -u; id -g'
    [ "${lines[*]}" = "0 0" ]
  done
}

@test "each kind by a file, with and without =" {
  in_all
  enters_only mnt "$pid" --mount="/proc/$pid/ns/mnt"
  enters_only uts "$pid" --uts="/proc/$pid/ns/uts"
  enters_only ipc "$pid" -i="/proc/$pid/ns/ipc"
  enters_only net "$pid" -n"/proc/$pid/ns/net"
  enters_only pid "$pid" --pid="/proc/$pid/ns/pid"
  enters_only cgroup "$pid" --cgroup="/proc/$pid/ns/cgroup"
  enters_only time "$pid" --time="/proc/$pid/ns/time"
  in_user
  enters_only user "$pid" --user="/proc/$pid/ns/user"
}

# bats test_tags=any-kernel
@test "a file that is a bind mount, with no process left" {
  touch "$BATS_TEST_TMPDIR/pin"
  spawn_in net -n
  want=$(ns_of "$pid" net)
  mount --bind "/proc/$pid/ns/net" "$BATS_TEST_TMPDIR/pin"
  end_spawned
  run nsx-enter --net="$BATS_TEST_TMPDIR/pin" -- stat -L -c %i /proc/self/ns/net
  umount "$BATS_TEST_TMPDIR/pin"
  [ "$status" = 0 ]
  [ "$output" = "$want" ]
}

# bats test_tags=any-kernel
@test "a file for one kind, the target for another" {
  in_all
  first=$pid
  in_all
  run -0 nsx-enter -t "$pid" --uts --net="/proc/$first/ns/net" -- sh -c "$inside"
  [[ "$output" = *"uts $(ns_of "$pid" uts)"* ]]
  [[ "$output" = *"net $(ns_of "$first" net)"* ]]
  # A file overrides --all, whatever their order.
  run -0 nsx-enter --net="/proc/$first/ns/net" --all -t "$pid" -- readlink /proc/self/ns/net
  [ "$output" = "net:[$(ns_of "$first" net)]" ]
}

@test "-a, --all, and a target alone: every kind" {
  in_all
  kinds=$(all_kinds | tr '\n' ' ')
  enters_only "$kinds" "$pid" -t "$pid" -a
  enters_only "$kinds" "$pid" -t "$pid" --all
  enters_only "$kinds" "$pid" -t "$pid"
  in_user
  enters_only "$kinds" "$pid" -t "$pid" -a
}

# bats test_tags=any-kernel
@test "-p: the program is in the PID namespace, the parent waits" {
  in_all
  run -0 nsx-enter -t "$pid" -p -m -- sh -c 'mount -t proc proc /proc; cat /proc/1/comm; cat /proc/$$/comm'
  [ "${lines[0]}" = sleep ]
  [ "${lines[1]}" = sh ]
}

# bats test_tags=slow
@test "-F, --no-fork: the program replaces nsx-enter" {
  in_all
  for option in -F --no-fork; do
    run -0 nsx-enter -t "$pid" -p $option -- readlink /proc/self/ns/pid
    [ "${lines[-1]}" = "$(readlink /proc/$$/ns/pid)" ]
  done
}

# bats test_tags=any-kernel
@test "-r, --root: the target's root, or a directory; the working directory follows" {
  make_root "$BATS_TEST_TMPDIR/root" sh ls sleep
  spawn unshare -m -R "$BATS_TEST_TMPDIR/root" sleep 300
  wait_until grep -qs sleep "/proc/$pid/comm"
  cd /usr
  for arguments in "-t $pid -r" "-t $pid --root" "-t $pid -m -r" "-t $pid -a -r" \
    "-r$BATS_TEST_TMPDIR/root" "--root=$BATS_TEST_TMPDIR/root"; do
    run -0 nsx-enter $arguments -- sh -c 'pwd; ls -d inside'
    [ "${lines[*]}" = "/ inside" ]
  done
}

# bats test_tags=slow,rootless
@test "-w, --wd: the target's working directory, or one that is opened before entering" {
  cd "$BATS_TEST_TMPDIR"
  spawn sleep 300
  cd /
  wait_until grep -qs sleep "/proc/$pid/comm"
  for arguments in "-t $pid -w" "-t $pid --wd" "-t $pid --uts -w" "-w$BATS_TEST_TMPDIR" \
    "--wd=$BATS_TEST_TMPDIR"; do
    run -0 nsx-enter $arguments -- pwd
    [ "$output" = "$BATS_TEST_TMPDIR" ]
  done
}

# bats test_tags=slow
@test "-S, -G: ids and no groups; --preserve-credentials keeps them" {
  run -0 nsx-enter -t $$ -u -S 1234 -G 2345 -- sh -c 'id -u; id -g; id -G'
  [ "${lines[*]}" = "1234 2345 2345" ]
  run -0 nsx-enter -t $$ -u --setuid=1234 -- sh -c 'id -u; id -g'
  [ "${lines[*]}" = "1234 $(id -g)" ]
  in_user
  run -0 nsx-enter -t "$pid" -U -G 0 -S 0 -- id -u
  [ "$output" = 0 ]
  run -0 nsx-enter -t "$pid" -U --preserve-credentials -- sh -c 'cat /proc/self/status'
  # Root of the caller's namespace is unmapped there.
  [[ "$output" = *"Uid:"*"65534"* ]]
}

# bats test_tags=slow
@test "root keeps none of its own groups in a user namespace" {
  in_user
  run -0 setpriv --groups=0,4,27 -- nsx-enter -t "$pid" -U -- grep Groups /proc/self/status
  [ "$(words $output)" = "Groups:" ]
}

# bats test_tags=rootless
@test "an ordinary user enters all of their own container" {
  in_user
  kinds=$(all_kinds)
  run -0 as_user nsx-enter -t "$pid" -a -- sh -c "id -u; $inside"
  [ "${lines[0]}" = 0 ]
  for kind in $kinds; do
    [[ "$output" = *"$kind $(ns_of "$pid" "$kind")"* ]]
  done
}

# bats test_tags=any-kernel,rootless
@test "an ordinary user enters a container that shares namespaces with the host" {
  spawn as_user unshare -rn -- sleep 300
  wait_until has_left "$pid" net
  for arguments in -a "" "-U -n" "-n -U -u" "-U --preserve-credentials -n"; do
    run -0 as_user nsx-enter -t "$pid" $arguments -- sh -c "$inside"
    [[ "$output" = *"net $(ns_of "$pid" net)"* ]]
    [[ "$output" = *"user $(ns_of "$pid" user)"* ]]
    [[ "$output" = *"uts $(ns_of $$ uts)"* ]]
  done
}

# bats test_tags=any-kernel,rootless
@test "root of a user namespace enters a descendant, with groups that cannot be dropped" {
  # The same user namespaces nested: setgroups(2) is denied in the outer one.
  run -0 as_user unshare -Ur -- sh -c '
    unshare -Urn sleep 300 &
    for i in $(seq 500); do
      [ "$(cat /proc/$!/comm)" = sleep ] && break
      sleep 0.02
    done
    nsx-enter -t $! -U -n -- readlink /proc/self/ns/net
    readlink /proc/$!/ns/net
    nsx-enter -t $! -G 0 -n -- id -g
    kill $!'
  [ "${lines[0]}" = "${lines[1]}" ]
  [ "${lines[2]}" = 0 ]
}

# bats test_tags=slow,rootless
@test "an ordinary user's -S with an unmapped id is an error that says so" {
  spawn as_user unshare -c -- sleep 300
  wait_until has_left "$pid" user
  run -1 as_user nsx-enter -t "$pid" -U -S 0 -- true
  [[ "$output" = *"cannot become UID 0: the target's user namespace does not map it"* ]]
  [[ "$output" = *"--preserve-credentials"* ]]
  run -0 as_user nsx-enter -t "$pid" -U --preserve-credentials -- id -u
  [ "$output" = $ordinary_uid ]
  run -0 as_user nsx-enter -t "$pid" -U -S $ordinary_uid -G $ordinary_uid -- id -u
  [ "$output" = $ordinary_uid ]
}

# bats test_tags=any-kernel,rootless
@test "in a user namespace without a root, the ids are the target's" {
  spawn as_user unshare -c -- sleep 300
  wait_until has_left "$pid" user
  wait_until is_mapped "$pid" gid_map
  for as in as_user env; do
    run -0 $as nsx-enter -t "$pid" -U -- sh -c 'id -u; id -g'
    [ "${lines[*]}" = "$ordinary_uid $ordinary_uid" ]
  done
}

# bats test_tags=slow,rootless
@test "the caller's own user namespace beside others is no error" {
  run -0 nsx-enter -t $$ -U -u -- readlink /proc/self/ns/user
  [ "$output" = "$(readlink /proc/self/ns/user)" ]
  run -0 as_user sh -c 'nsx-enter -t $$ -U -u -- id -u'
  [ "$output" = $ordinary_uid ]
}

# bats test_tags=one-kernel
@test "the same is entered with every set of kernel features" {
  in_all
  kinds=$(all_kinds | tr '\n' ' ')
  for features in -pidfd-ns -pidfd-info -ns-id -pidfd-ns,-pidfd-info,-ns-id; do
    export NSX_KERNEL_FEATURES=$features
    enters_only "$kinds" "$pid" -t "$pid" -a
  done
}

# bats test_tags=needs-no-proc
@test "with the /proc of another PID namespace, the target is the process with that number there" {
  spawn unshare -pf --kill-child --mount-proc -- sh -c 'unshare -u sleep 300 & wait'
  outer=$pid
  wait_until has_child "$outer" sh
  init=$child
  wait_until has_child "$init" sleep
  target=$child
  wait_until has_left "$target" uts
  number=$(awk '/^NSpid:/ { print $3 }' "/proc/$target/status")
  # With its mount namespace only, /proc counts as in the container, which does not see this process.
  run -0 nsenter -t "$init" -m -- nsx-enter -t "$number" -u -- cat /proc/sys/kernel/hostname
  run -0 nsenter -t "$init" -m -- sh -c "exec 3</proc/$number/ns/uts; stat -L -c %i /proc/$number/ns/uts"
  [ "$output" = "$(ns_of "$target" uts)" ]
  nsenter -t "$target" -u -- sh -c 'echo over-there >/proc/sys/kernel/hostname'
  run -0 nsenter -t "$init" -m -- nsx-enter -t "$number" -u -- uname -n
  [ "$output" = over-there ]
}

# The steps of a plan, without the privileges.
steps() {
  "$@" --plan -- id | sed 's/ (needs .*//'
}

# bats test_tags=slow
@test "--plan: the steps in order, and nothing done" {
  in_user
  diff - <(steps nsx-enter -t "$pid" -a -r -w) <<END
1. close descriptors above 2 when the program starts
2. make a sealed copy of the program starter: /proc/self/exe leads to no file of the host
3. hide this process from those inside, until the program starts
4. drop supplementary groups
5. join the cgroup namespace of PID $pid
6. join the ipc namespace of PID $pid
7. join the uts namespace of PID $pid
8. join the net namespace of PID $pid
9. join the pid namespace of PID $pid
10. join the mnt namespace of PID $pid
11. join the time namespace of PID $pid
12. join the user namespace of PID $pid
13. change the root directory to the root directory of PID $pid
14. change the working directory to the working directory of PID $pid
15. fork; the parent waits and passes on SIGTERM SIGINT SIGHUP SIGQUIT
16. become GID 0, UID 0
17. run id
END
  diff - <(steps as_user nsx-enter -t "$pid" -n -U) <<END
1. close descriptors above 2 when the program starts
2. hide this process from those inside, until the program starts
3. join the user namespace of PID $pid
4. join the net namespace of PID $pid
5. drop supplementary groups, if that is allowed
6. become GID 0, UID 0
7. run id
END
}

# SPDX-License-Identifier: MIT
# nsx-enter --as, --as-container, and names for -S and -G: the program's user and rights.
# bats file_tags=any-kernel
load ../lib/common
load ../lib/containers

setup() {
  spawned=()
  cgroup=
  root=$BATS_TEST_TMPDIR/root
}

teardown() {
  end_spawned
  leave_cgroup
}

# A container with its own users. Ordinary users can read its root directory.
in_root_with_users() {
  make_busybox_root "$root" sh ash id env sleep pwd grep cat
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'www-data:x:33:33::/srv/www:/usr/sbin/nologin' \
    'nsx-bob:x:4021:4100::/home/bob:/bin/ash' >"$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'www-data:x:33:' 'users:x:4100:' 'sudo:x:27:nsx-bob' 'dialout:x:20:nsx-bob,www-data' \
    >"$root/etc/group"
  in_root "$root"
}

# The program's view of its identity.
whoami_program='echo "$(id -u):$(id -g) $(id -G) $HOME $SHELL ${USER-none} ${LOGNAME-none}"'

runs_as() {
  run -0 nsx-enter -t "$pid" "$@" -- sh -c "$whoami_program"
}

@test "--as: the user of the target's files, with groups and login environment" {
  in_root_with_users
  runs_as --as=nsx-bob
  [ "$output" = "4021:4100 4100 20 27 /home/bob /bin/ash nsx-bob nsx-bob" ]
  runs_as --as nsx-bob:www-data
  [ "$output" = "4021:33 33 /home/bob /bin/ash nsx-bob nsx-bob" ]
  runs_as --as=4021
  [ "$output" = "4021:4100 4100 20 27 /home/bob /bin/ash nsx-bob nsx-bob" ]
  runs_as --as=4321
  [ "$output" = "4321:0 0 / /bin/sh none none" ]
  runs_as --as=4321:4322
  [ "$output" = "4321:4322 4322 / /bin/sh none none" ]
  # The target's environment comes first.
  runs_as --env --as=nsx-bob
  [ "$output" = "4021:4100 4100 20 27 /home/bob /bin/ash nsx-bob nsx-bob" ]
  run -0 nsx-enter -t "$pid" -S nsx-bob -G sudo -- sh -c 'id -u; id -G'
  [ "${lines[*]}" = "4021 27" ]
  # The shell is the user's, and none of root's rights are left.
  run -0 nsx-enter -t "$pid" --as=nsx-bob <<<'echo "$0"; grep -E "^Cap(Inh|Prm|Eff|Amb):.*[1-9a-f]" /proc/self/status; exit 0'
  [ "$output" = -ash ]
  # With only a root directory, its files apply as well.
  run -0 nsx-enter -t "$pid" -r --as=nsx-bob --plan true
  [[ $output = *"set the variables HOME=/home/bob"*"become GID 4100, UID 4021, set the groups to 4100, 27, 20 (needs"* ]]
}

@test "--as: without the target's files, the users are those of this machine" {
  in_root_with_users
  run -0 nsx-enter -t "$pid" -n --as=nobody -- sh -c 'id -un; echo $USER'
  [ "${lines[*]}" = "nobody nobody" ]
  run -1 nsx-enter -t "$pid" -n --as=nsx-bob true
  [ "$output" = "nsx-enter: no user named 'nsx-bob' on this machine"$'\n'"hint: use --mount or --root to look up names in the target's files" ]
}

@test "a name without an entry: the error names the file and the target" {
  in_root_with_users
  run -1 nsx-enter -t "$pid" --as=nsx-alice true
  [ "$output" = "nsx-enter: no user named 'nsx-alice' in /etc/passwd of PID $pid"$'\n'"hint: give a number, which needs no entry" ]
  run -1 nsx-enter -t "$pid" -S nsx-bop true
  [ "$output" = "nsx-enter: no user named 'nsx-bop' in /etc/passwd of PID $pid (did you mean 'nsx-bob'?)" ]
  run -1 nsx-enter -t "$pid" --plan --as=root:wheel true
  [ "$output" = "nsx-enter: no group named 'wheel' in /etc/group of PID $pid"$'\n'"hint: give a number, which needs no entry" ]
  for option in -S0 -G0 --preserve-credentials; do
    run -1 nsx-enter -t "$pid" --as=root $option true
    [[ "${lines[0]}" = "nsx-enter: --as and --"*" are mutually exclusive" ]]
  done
}

@test "a hostile user database in the target neither blocks nor leads elsewhere" {
  in_root_with_users
  rm "$root/etc/passwd"
  run -0 nsx-enter -t "$pid" --as=4321 -- id -u
  [ "$output" = 4321 ]
  ln -s /proc/1/root/etc/passwd "$root/etc/passwd"
  run -1 nsx-enter -t "$pid" --as=nobody true
  rm "$root/etc/passwd"
  mkfifo "$root/etc/passwd"
  run -1 nsx-enter -t "$pid" --as=root true
  [ "$output" = "nsx-enter: cannot read /etc/passwd of PID $pid: not a regular file" ]
  rm "$root/etc/passwd"
  head -c 3000000 /dev/zero | tr '\0' x >"$root/etc/passwd"
  run -1 nsx-enter -t "$pid" --as=root true
  [[ $output = "nsx-enter: cannot read /etc/passwd of PID $pid: File too large"* ]]
}

@test "docker's --user suggests --as" {
  in_root_with_users
  cd "$BATS_TEST_TMPDIR"
  run -1 nsx-enter -t "$pid" --user=www-data id
  [ "${lines[0]}" = "nsx-enter: invalid argument 'www-data' for --user: expected a namespace file" ]
  [ "${lines[1]}" = "hint: use --as=www-data to run as a user of the target" ]
  for option in --user -u; do
    run -127 nsx-enter -t "$pid" -m $option www-data id
    [[ $output = *"cannot execute www-data: No such file or directory"$'\n'"hint: "*"did you mean --as=www-data?" ]]
  done
  run -127 nsx-enter -t "$pid" -u nsx-no-such-program id
  [ "${lines[0]}" = "nsx-enter: note: did you mean --as=nsx-no-such-program?" ]
  run -0 nsx-enter -t "$pid" -u true
  [ -z "$output" ]
}

@test "in a user namespace, ids are those inside" {
  spawn nsx-unshare -U -m --map-users=0:300000:1000 --map-groups=0:300000:1000 -- sleep 300
  wait_until grep -qx sleep "/proc/$pid/comm"
  run -0 nsx-enter -t "$pid" -r/ -U -m --as=daemon -- sh -c 'id -u; cat /proc/self/uid_map; grep Groups /proc/self/status'
  [ "${lines[0]}" = 1 ]
  [[ "${lines[1]}" = *300000* ]]
  run -1 nsx-enter -t "$pid" -U -m --as=4321 true
  [[ $output = "nsx-enter: cannot become UID 4321: the target's user namespace does not map it"* ]]
}

# --- --as-container ---

status_program='grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs):" /proc/self/status; cat /proc/self/oom_score_adj;
  grep -E "open files|core file" /proc/self/limits; pwd; echo "$NSX_MINE"; cat /proc/self/cgroup'

# The target's own view, in the same form.
status_of_target() {
  grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs):" "/proc/$1/status"
  cat "/proc/$1/oom_score_adj"
  grep -E "open files|core file" "/proc/$1/limits"
  readlink "/proc/$1/cwd"
  tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^NSX_MINE=//p'
  cat "/proc/$1/cgroup"
}

# A target with these options of setpriv, in a cgroup of its own: in_limits OPTION...
in_limits() {
  make_cgroup
  spawn sh -c 'echo $$ >"$0/cgroup.procs"; echo 300 >/proc/self/oom_score_adj; cd /usr/share; ulimit -n 333; ulimit -c 0
    exec "$@"' "$cgroup" env NSX_MINE=yes unshare -muinp --fork --kill-child setpriv "$@" sleep 300
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
}

@test "--as-container: user, capabilities, limits, environment, cgroup and directory are the target's" {
  in_limits --reuid=4021 --regid=4022 --groups=4022,27 --bounding-set=-chown,-sys_admin --no-new-privs
  run -0 nsx-enter -t "$pid" --as-container -- sh -c "$status_program"
  diff <(echo "$output") <(status_of_target "$pid")
  # Another user has none of the rights that the target dropped permanently.
  run -0 nsx-enter -t "$pid" --as-container --as=root -- grep -E "^Cap(Prm|Eff):" /proc/self/status
  [ "${output//[[:space:]]/ }" = "CapPrm: 0000000000000000 CapEff: 0000000000000000" ]
}

@test "--as-container: root gets the bounding set, another user the ambient set" {
  in_limits --bounding-set=-chown,-sys_admin
  run -0 nsx-enter -t "$pid" --as-container -- sh -c "$status_program"
  diff <(echo "$output") <(status_of_target "$pid")
  end_spawned
  leave_cgroup
  in_limits --reuid=4021 --clear-groups --inh-caps=+net_raw,+kill --ambient-caps=+net_raw
  run -0 nsx-enter -t "$pid" --as-container -- sh -c "$status_program"
  diff <(echo "$output") <(status_of_target "$pid")
}

@test "--as-container: explicit options for the same purpose win" {
  in_limits --bounding-set=-chown
  run -0 nsx-enter -t "$pid" --as-container -S 12 -G 13 -W/tmp --into-cgroup=/ -- sh -c 'id -u; id -G; pwd; grep ^0:: /proc/self/cgroup'
  [ "${lines[*]}" = "12 13 /tmp 0::/" ]
  run -0 nsx-enter -t "$pid" --as-container -u -- sh -c 'readlink /proc/self/ns/uts /proc/self/ns/net'
  [ "${lines[*]}" = "$(readlink "/proc/$pid/ns/uts") $(readlink /proc/self/ns/net)" ]
  for option in --keep-caps --preserve-credentials; do
    run -1 nsx-enter -t "$pid" --as-container $option true
    [ "${lines[0]}" = "nsx-enter: --as-container and $option are mutually exclusive" ]
  done
  run -1 nsx-enter --as-container
  [ "${lines[0]}" = "nsx-enter: --as-container needs a target (--target=PID)" ]
}

@test "--as-container: a frozen cgroup is reported, and no process hangs in it" {
  in_limits --bounding-set=-chown
  echo 1 >"$cgroup/cgroup.freeze"
  wait_until grep -q "frozen 1" "$cgroup/cgroup.events"
  for options in --as-container "-a -c"; do
    # shellcheck disable=SC2086 # a list of words
    run -1 nsx-enter -t "$pid" $options true
    [[ $output = "nsx-enter: cannot join the cgroup $cgroup: it is frozen, so the program would not run"* ]]
  done
  echo 0 >"$cgroup/cgroup.freeze"
}

# bats test_tags=rootless
@test "--as-container: an ordinary user's own process, with the caller's rights" {
  spawn as_user env NSX_MINE=yes sh -c 'cd /usr/share; exec sleep 300'
  wait_until has_argument "$pid" sleep
  run -0 "${become_user[@]}" nsx-enter -t "$pid" --as-container -- sh -c "$status_program"
  diff <(echo "$output") <(status_of_target "$pid")
}

# bats test_tags=slow
@test "a target's passwd file that is a device, a FIFO or the kernel's is not opened" {
  in_root_with_users
  local kind
  for kind in device fifo kernel; do
    rm "$root/etc/passwd"
    case $kind in
      device) mknod "$root/etc/passwd" c 10 237 ;;
      fifo) mkfifo "$root/etc/passwd" ;;
      kernel) ln -s /proc/kmsg "$root/etc/passwd" ;;
    esac
    for command in "--as=nsx-bob true" "--as=5 true" "-S nsx-bob true" "--plan"; do
      run strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,openat2 nsx-enter -t "$pid" $command
      if [ "$command" != --plan ]; then
        [ "$status" = 1 ]
        [[ $output == *"cannot read /etc/passwd of "*": not a regular file" ]]
      fi
      run ! grep -E 'etc/passwd".*= [0-9]' <(grep -v O_PATH "$BATS_TEST_TMPDIR/trace" | grep -v '"/etc/passwd"')
      run ! grep -E '/self/fd/' "$BATS_TEST_TMPDIR/trace"
    done
  done
}

# bats test_tags=rootless
@test "--as-container: capabilities apply in the target's user namespace only" {
  in_user
  run -1 nsx-enter -t "$pid" -m --as-container -- touch "$BATS_TEST_TMPDIR/ran"
  [[ $output == "nsx-enter: cannot follow the capabilities of PID $pid: they apply to its user namespace, and the program would run in another"$'\n'"hint: add --user" ]]
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
  run -0 nsx-enter -t "$pid" -m -U --as-container -- true
  # A proc without the target's masks would show more than the target sees.
  run -1 nsx-enter -t "$pid" --as-container --mount-proc -- touch "$BATS_TEST_TMPDIR/ran"
  [ "${lines[0]}" = "nsx-enter: --as-container and --mount-proc are mutually exclusive" ]
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "--as-container with the host's files does not start in a directory of the target" {
  in_root_with_users
  cd /
  run -0 nsx-enter -t "$pid" -n --as-container -- /bin/pwd
  [ "$output" = / ]
}

@test "--as: a user with more groups than the kernel accepts" {
  in_root_with_users
  echo 'b:x:4022:4100:::' >>"$root/etc/passwd"
  seq -f 'g::%.0f:b' 100000 165536 >>"$root/etc/group"
  run -1 nsx-enter -t "$pid" --as=b -- true
  [ "$output" = "nsx-enter: cannot set supplementary groups: Invalid argument"$'\n'"hint: map all groups in the user namespace, and give at most 65536" ]
}

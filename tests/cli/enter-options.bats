# SPDX-License-Identifier: MIT
# What the program gets from the target besides its namespaces, and the options of nsenter(1) for that.
load ../lib/common
load ../lib/containers

teardown() {
  end_spawned
  leave_cgroup
}

# Whether a kernel feature works, by its name.
has_feature() {
  nsx-ls --features | grep -q "^$1 *yes"
}

@test "--KIND=:ID: by the 64-bit id" {
  in_all
  if ! has_feature ns-id; then
    run -1 nsx-enter --net=:4026531840 -- true
    return
  fi
  for kind in net uts ipc; do
    id=$(nsx-ls -n -o ID -t $kind -p "$pid")
    run -0 nsx-enter "--$kind=:$(words $id)" -- readlink "/proc/self/ns/$kind"
    [ "$output" = "$kind:[$(ns_of "$pid" $kind)]" ]
  done
  id=$(nsx-ls -n -o ID -t net -p "$pid")
  run -0 nsx-enter "-n=:$(words $id)" -- readlink /proc/self/ns/net
  [ "$output" = "net:[$(ns_of "$pid" net)]" ]
  # It is not found with another kind.
  run -1 nsx-enter "--uts=:$(words $id)" -- true
  # Nor by its inode number.
  run -1 nsx-enter "--net=:$(ns_of "$pid" net)" -- true
}

@test "-N, --net-socket: the net namespace of a socket" {
  # A socket of this namespace, held by a process there.
  exec 9<>/dev/udp/127.0.0.1/9
  spawn unshare -n sleep 300
  exec 9>&-
  wait_until has_left "$pid" net
  for option in "-N 9" "-N9" "--net-socket=9" "--net-socket 9 -n"; do
    run -0 unshare -n nsx-enter -t "$pid" $option -- readlink /proc/self/ns/net
    [ "$output" = "$(readlink /proc/$$/ns/net)" ]
  done
  # It is entered, and nothing else is.
  run -0 unshare -n nsx-enter -t "$pid" -N 9 -- readlink /proc/self/ns/uts
  [ "$output" = "$(readlink /proc/$$/ns/uts)" ]
  run -1 nsx-enter -t "$pid" -N 0 -- true
  [[ "$output" = *"cannot use descriptor 0 of PID $pid as a socket: it is not a socket"* ]]
  run -1 nsx-enter -t "$pid" -N 99 -- true
  [[ "$output" = *"cannot duplicate descriptor 99 of PID $pid: Bad file descriptor"* ]]
  run -1 as_user nsx-enter -t "$pid" -N 9 -- true
  [[ "$output" = *"cannot duplicate descriptor 9 of PID $pid: Operation not permitted"* ]]
}

# bats test_tags=any-kernel,rootless
@test "--user-parent: the owner" {
  spawn as_user unshare -Ur -- unshare -Urn -- sleep 300
  wait_until has_left "$pid" net
  wait_until is_mapped "$pid" uid_map
  inner=$(ns_of "$pid" user)
  # The parent of the target's, by name, or by default.
  run -0 nsx-enter -t "$pid" -U --preserve-credentials -- stat -L -c %i /proc/self/ns/user
  [ "$output" = "$inner" ]
  for options in "-U --user-parent" --user-parent; do
    run -0 nsx-enter -t "$pid" $options --preserve-credentials -- stat -L -c %i /proc/self/ns/user
    outer=$output
    [ "$outer" != "$inner" ] && [ "$outer" != "$(ns_of $$ user)" ]
  done
  # The owner of the named namespace.
  run -0 nsx-enter -t "$pid" -n --user-parent --preserve-credentials -- stat -L -c %i /proc/self/ns/user
  [ "$output" = "$inner" ]
  # Nothing above the caller's own is visible.
  # If the owner has no 0, the ids are the target's, as with -U.
  spawn as_user unshare -U --map-current-user --keep-caps -- unshare -n sleep 300
  wait_until grep -qsx sleep "/proc/$pid/comm"
  for options in "-n --user-parent" "-U -n"; do
    run -0 nsx-enter -t "$pid" $options -- id -u
    [ "$output" = $ordinary_uid ]
  done
  run -1 as_user nsx-enter -t "$pid" --user="/proc/self/ns/user" --user-parent -- true
  [[ "$output" = *"Operation not permitted"$'\n'"hint: run this in that user namespace or in an ancestor of it"* ]]
}

# bats test_tags=any-kernel
@test "-S, -G follow: the target's ids, as the user namespace counts them" {
  spawn setpriv --reuid=1234 --regid=2345 --clear-groups -- sleep 300
  wait_until grep -qsx sleep "/proc/$pid/comm"
  run -0 nsx-enter -t "$pid" -u -S follow -G follow -- sh -c 'id -u; id -g; id -G'
  [ "${lines[*]}" = "1234 2345 2345" ]
  run -0 nsx-enter -t "$pid" -u --setgid=follow -- sh -c 'id -u; id -g'
  [ "${lines[*]}" = "0 2345" ]
  in_user
  run -0 nsx-enter -t "$pid" -U -S follow -G follow -- sh -c 'id -u; id -g'
  [ "${lines[*]}" = "0 0" ]
  spawn as_user unshare -c -- sleep 300
  wait_until is_mapped "$pid" gid_map
  for as in as_user env; do
    run -0 $as nsx-enter -t "$pid" -U -S follow -G follow -- sh -c 'id -u; id -g'
    [ "${lines[*]}" = "$ordinary_uid $ordinary_uid" ]
  done
  # If the user namespace is entered by a file, the ids are unknown.
  run -1 nsx-enter -t "$pid" --user="/proc/$pid/ns/user" -S follow -- true
  [[ "$output" = *"cannot follow the target's UID: "* ]]
}

# bats test_tags=slow
@test "--keep-caps: the program has the capabilities of the user namespace, whatever its UID" {
  spawn as_user unshare -cn -- sleep 300
  wait_until is_mapped "$pid" gid_map
  for as in as_user env; do
    run -0 $as nsx-enter -t "$pid" -U --keep-caps -- grep CapEff /proc/self/status
    [[ "$output" = *0000[0-9a-f]*ffff ]]
    # Without it, exec drops them.
    run -0 $as nsx-enter -t "$pid" -U -- grep CapEff /proc/self/status
    [[ "$output" = *0000000000000000 ]]
  done
  # Only capabilities given by a user namespace are kept.
  run -0 nsx-enter -t "$pid" -n --keep-caps -S 1234 -- grep CapEff /proc/self/status
  [[ "$output" = *0000000000000000 ]]
}

# bats test_tags=slow
@test "-e, --env: the target's environment and no other" {
  spawn env -i PATH="$BATS_TEST_TMPDIR:/usr/bin:/bin" WHERE=there TWO=$'lines\nhere' SHELL="$BATS_TEST_TMPDIR/shell" \
    sleep 300
  wait_until grep -qsx sleep "/proc/$pid/comm"
  export WHERE=here ONLY=here
  for option in -e --env; do
    run -0 nsx-enter -t "$pid" -u $option -- env
    [[ "$output" = *"WHERE=there"* && "$output" = *$'TWO=lines\nhere'* && "$output" != *ONLY* ]]
  done
  run -0 nsx-enter -t "$pid" -u -- env
  [[ "$output" = *"WHERE=here"* ]]
  # With the target's files, the program is searched for in the target's PATH, and SHELL is used for a user missing in
  # its user database. With the caller's files, the caller chooses.
  printf '#!/bin/sh\necho found "$0"\n' >"$BATS_TEST_TMPDIR/only-there"
  cp "$BATS_TEST_TMPDIR/only-there" "$BATS_TEST_TMPDIR/shell"
  chmod 755 "$BATS_TEST_TMPDIR/only-there" "$BATS_TEST_TMPDIR/shell" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test \
    "$BATS_TEST_TMPDIR"
  run -0 nsx-enter -t "$pid" -u -r -e -- only-there
  [ "$output" = "found $BATS_TEST_TMPDIR/only-there" ]
  run -127 nsx-enter -t "$pid" -u -r -- only-there
  run -127 nsx-enter -t "$pid" -u -e -- only-there
  run -0 nsx-enter -t "$pid" -u -r -e -S 54321 -G 54321
  [ "$output" = "found $BATS_TEST_TMPDIR/shell" ]
  run -0 nsx-enter -t "$pid" -u -e <<<'echo "mine, $WHERE"'
  [ "$output" = "mine, there" ]
}

@test "-c, --join-cgroup: the target's cgroup, wherever it is mounted" {
  spawn unshare -u sleep 300
  wait_until has_left "$pid" uts
  make_cgroup
  echo "$pid" >"$cgroup/cgroup.procs"
  own=$(grep ^0:: /proc/self/cgroup)
  for option in -c --join-cgroup; do
    run -0 nsx-enter -t "$pid" -u $option -- grep ^0:: /proc/self/cgroup
    [ "$output" = "0::/${cgroup##*/}" ]
  done
  run -0 nsx-enter -t "$pid" -u -- grep ^0:: /proc/self/cgroup
  [ "$output" = "$own" ]
  # In its namespaces the path differs, and the cgroup is the same.
  run -0 nsx-enter -t "$pid" -c -p -m -- sh -c 'read -r pid <"$1/cgroup.procs"; [ -n "$pid" ]' - "$cgroup"
  run -1 as_user nsx-enter -t "$pid" -u -c -- true
  # A frozen cgroup would stop the process that joins it.
  echo 1 >"$cgroup/cgroup.freeze"
  wait_until grep -qx 'frozen 1' "$cgroup/cgroup.events"
  run -1 --separate-stderr nsx-enter -t "$pid" -u -c -- true
  echo 0 >"$cgroup/cgroup.freeze"
  [ "$stderr" = "nsx-enter: cannot join the cgroup $cgroup: it is frozen, so the program would not run"$'\n'"hint: resume the container, or: nsx-cg thaw $cgroup" ]
}

# bats test_tags=any-kernel
@test "an ordinary user joins only a delegated cgroup" {
  make_cgroup
  spawn as_user unshare -r -- sleep 300
  wait_until has_left "$pid" user
  echo "$pid" >"$cgroup/cgroup.procs"
  run -1 as_user nsx-enter -t "$pid" -U -c -- true
  [[ "$output" = *"cannot open $cgroup/cgroup.procs for writing: Permission denied"* ]]
  chown "$ordinary_uid" "$cgroup" "$cgroup/cgroup.procs"
  mkdir "$cgroup/inner"
  chown "$ordinary_uid" "$cgroup/inner" "$cgroup/inner/cgroup.procs"
  echo "$pid" >"$cgroup/inner/cgroup.procs"
  # From a cgroup below the delegated one: the common ancestor belongs to the user.
  run -0 sh -c 'mkdir "$1/mine"; echo $$ >"$1/mine/cgroup.procs"; shift; exec "$@"' - "$cgroup" \
    "${become_user[@]}" nsx-enter -t "$pid" -U -c -- grep ^0:: /proc/self/cgroup
  [ "$output" = "0::/${cgroup##*/}/inner" ]
  end_spawned
  wait_until rmdir "$cgroup/inner"
  wait_until rmdir "$cgroup/mine"
}

# bats test_tags=slow
@test "-Z, --follow-context: a no-op without SELinux" {
  [ ! -e /sys/fs/selinux/enforce ] || cannot "be without SELinux"
  in_all
  for option in -Z --follow-context; do
    run -0 nsx-enter -t "$pid" -u $option -- true
    [ "$output" = "" ]
  done
}

# bats test_tags=slow
@test "-W, --wdns: the working directory is looked up inside" {
  spawn unshare -m sh -c 'mount -t tmpfs none /mnt; mkdir /mnt/inside; cd /tmp; exec sleep 300'
  wait_until grep -qsx sleep "/proc/$pid/comm"
  for option in -W/mnt/inside -W=/mnt/inside --wdns=/mnt/inside; do
    run -0 nsx-enter -t "$pid" -m $option -- pwd
    [ "$output" = /mnt/inside ]
  done
  # Below the new root.
  make_root "$BATS_TEST_TMPDIR/root" sh
  run -0 nsx-enter -t $$ "-r$BATS_TEST_TMPDIR/root" --wdns=/inside -- sh -c pwd
  [ "$output" = /inside ]
  run -1 nsx-enter -t "$pid" -u --wdns=/mnt/inside -- pwd
  [[ "$output" = *"cannot change the working directory to /mnt/inside: No such file or directory"* ]]
  # Alone it prints nothing.
  run -0 nsx-enter -t "$pid" -u -W -- pwd
  [ "$output" = "$PWD" ]
}

# bats test_tags=slow
@test "--mount-proc: a proc of the program's own" {
  in_all
  before=$(cat "/proc/$pid/mountinfo")
  for options in "-p --mount-proc" "-a --mount-proc" "-p -m --mount-proc=/proc"; do
    run -0 nsx-enter -t "$pid" $options -- sh -c 'cat /proc/1/comm; cat /proc/$$/comm'
    [ "${lines[*]}" = "sleep sh" ]
  done
  run -0 nsx-enter -t "$pid" -p --mount-proc=/mnt -- sh -c 'cat /mnt/1/comm; cat /proc/1/comm'
  [ "${lines[0]}" = sleep ]
  [ "${lines[1]}" != sleep ]
  # Neither the target nor the caller sees it.
  [ "$(cat "/proc/$pid/mountinfo")" = "$before" ]
  run ! test -e /mnt/1
  # It shows the PID namespace of the caller if no other is entered.
  run -0 nsx-enter -t "$pid" -u --mount-proc -- sh -c 'test -e "/proc/$1"' - "$pid"
}

# bats test_tags=slow,rootless
@test "--mount-proc for an ordinary user" {
  in_user
  for options in "-U -p" "-p" "-a"; do
    run -0 as_user nsx-enter -t "$pid" $options --mount-proc -- sh -c 'cat /proc/1/comm; cat /proc/$$/comm'
    [ "${lines[*]}" = "sleep sh" ]
  done
  run -1 as_user nsx-enter -t "$pid" -U --mount-proc -- true
  [[ "$output" = *"cannot mount proc on /proc: Operation not permitted"* ]]
}

# bats test_tags=any-kernel
@test "the user namespace that owns the requested ones is entered as well" {
  in_user
  for kind in mnt uts ipc net pid cgroup time; do
    long=$kind
    [ $kind != mnt ] || long=mount
    run -0 as_user nsx-enter -t "$pid" "--$long" -- stat -L -c %i "/proc/self/ns/$kind" /proc/self/ns/user
    # /proc is the host's, except with mnt.
    if [ $kind != pid ]; then [ "${lines[0]}" = "$(ns_of "$pid" $kind)" ]; fi
    [ "${lines[-1]}" = "$(ns_of "$pid" user)" ]
    run -0 as_user nsx-enter -t "$pid" "--$long" -- id -u
    [ "${lines[-1]}" = 0 ]
  done
  run -0 as_user nsx-enter -t "$pid" -n --plan -- id
  [[ "${lines[2]}" = *"join the user namespace of PID $pid"* ]]
  # Root enters without it.
  run -0 nsx-enter -t "$pid" -n -- stat -L -c %i /proc/self/ns/user
  [ "$output" = "$(ns_of $$ user)" ]
}

# bats test_tags=any-kernel,rootless
@test "of nested user namespaces, the one with rights over all is entered first" {
  # The net namespace belongs to the outer one, the UTS namespace to the inner one.
  spawn as_user unshare -Urn -- unshare -Uru -- sleep 300
  wait_until has_left "$pid" uts
  wait_until is_mapped "$pid" gid_map
  for options in "-n -u" -a "-U -n -u"; do
    run -0 as_user nsx-enter -t "$pid" $options -- stat -L -c %i /proc/self/ns/net /proc/self/ns/uts
    [ "${lines[*]}" = "$(ns_of "$pid" net) $(ns_of "$pid" uts)" ]
  done
  run -0 as_user nsx-enter -t "$pid" -U -n -u -- stat -L -c %i /proc/self/ns/user
  [ "$output" = "$(ns_of "$pid" user)" ]
  run -0 as_user nsx-enter -t "$pid" -n -- stat -L -c %i /proc/self/ns/user
  [ "$output" != "$(ns_of "$pid" user)" ]
}

# bats test_tags=slow,rootless
@test "a target that has ended: every part of it is an error that says so" {
  spawn perl -e 'if (my $pid = fork) { sleep 300 } else { exit }'
  wait_until has_zombie "$pid"
  read -r -a children <"/proc/$pid/task/$pid/children" || true
  zombie=${children[0]}
  for options in -n -a -r -w "-u -e" "-u -N 0" -U "--user-parent" "-r/ -S follow"; do
    run -1 nsx-enter -t "$zombie" $options -- true
    [[ "$output" = "nsx-enter: cannot "*"PID $zombie: No such process"* ]] || {
      echo "$options: $output"
      return 1
    }
  done
  end_spawned
  wait_until is_gone "$zombie"
  run -1 nsx-enter -t "$zombie" -r/ -S follow -- true
  [ "$output" = "nsx-enter: cannot find PID $zombie: No such process" ]
}

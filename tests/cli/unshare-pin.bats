# SPDX-License-Identifier: MIT
# Persistent namespaces: --KIND=FILE and --pin.
load ../lib/common

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  cd "$BATS_TEST_TMPDIR" || return
  mkdir files
  touch files/{cgroup,ipc,mnt,net,pid,time,user,uts}
}

teardown() {
  end_spawned
  local file
  for file in "$BATS_TEST_TMPDIR"/files/* "$BATS_TEST_TMPDIR"/files; do
    umount "$file" 2>/dev/null || true
  done
}

# Runs a script with an empty /run of the test. On one CPU: a mount namespace can only be pinned in an older one, and
# some kernels determine their order on each CPU separately.
in_own_run() {
  local cpu
  cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
  taskset -c "$cpu" unshare -m --propagation=slave sh -c "set -e; mount -t tmpfs run /run; $1"
}

# The number of the namespace that is bound to a file.
pinned() {
  stat -L -c %i "$1"
}

# Checks that neither a process nor a mount is left of a `marked` command. Its helper ends after it.
leaves_nothing() {
  wait_until nothing_is_left
}

option_of() {
  case $1 in
    mnt) echo mount ;;
    *) echo "$1" ;;
  esac
}

@test "--KIND=FILE: keeps the namespace of the program, of every kind" {
  local kind script='' fork
  for kind in $(all_kinds); do
    fork=''
    if [ "$kind" = pid ] || [ "$kind" = time ]; then fork=--fork; fi
    script+="
      inside=\$(nsx-unshare --$(option_of "$kind")=files/$kind $fork -- stat -L -c %i /proc/self/ns/$kind)
      [ \$(stat -L -c %i files/$kind) = \$inside ]
      umount files/$kind; echo $kind"
  done
  # Whatever the directory: a mount namespace cannot be kept where mounts are shared.
  run -0 --separate-stderr in_own_run "mount --bind files files; mount --make-private files; $script"
  [ "$output" = "$(all_kinds)" ]
}

# bats test_tags=any-kernel
@test "--KIND=FILE: several at once, which can be entered" {
  run -0 nsx-unshare --net=files/net --uts="$PWD/files/uts" -- sh -c 'echo kept >/proc/sys/kernel/hostname'
  run -0 nsx-enter --net=files/net --uts=files/uts -- sh -c 'uname -n; tail -n +3 /proc/net/dev | wc -l'
  [ "${lines[*]}" = "kept 1" ]
  run -0 nsenter --uts=files/uts -- uname -n
  [ "$output" = kept ]
}

# bats test_tags=slow
@test "-n takes no file: only the long option does" {
  run -0 nsx-unshare -nu -- true
  run -1 nsx-unshare -n=files/net -- true
}

@test "--pid=FILE needs --fork, unless a namespace without a process can be opened" {
  # From Linux 7 on it can.
  if unshare --pid=files/pid true 2>/dev/null; then
    umount files/pid
    run -0 nsx-unshare --pid=files/pid true
    [ "$(stat -f -L -c %T files/pid)" = nsfs ]
    umount files/pid
  else
    run -1 marked nsx-unshare --pid=files/pid touch made
    [[ "$output" = *"cannot pin the pid namespace: it has no process yet"$'\n'"hint: add --fork" ]]
    [ ! -e made ]
    nothing_is_left
  fi
  run -0 --separate-stderr nsx-unshare --pid=files/pid --fork true
  [ "$(stat -f -L -c %T files/pid)" = nsfs ]
}

# bats test_tags=any-kernel
@test "a pin does not show in the new mount namespace" {
  run -0 nsx-unshare --net=files/net -m -- stat -f -c %T files/net
  [ "$output" != nsfs ]
  [ "$(stat -f -c %T files/net)" = nsfs ]
}

# bats test_tags=slow
@test "--mount=FILE on a shared mount: an error with advice" {
  mount -t tmpfs shared files
  mount --make-shared files
  touch files/mnt
  spawn unshare -m --propagation=unchanged sleep 300
  wait_until has_left "$pid" mnt
  run -1 marked nsx-unshare --mount=files/mnt true
  # The second message: Linux 6.18 counts on each CPU, and may consider the new one older.
  local why='(Invalid argument|Too many levels of symbolic links)'$'\n''hint: a mount namespace needs a directory that is not a shared mount: '
  [[ "$output" =~ "cannot pin the mnt namespace on files/mnt: "$why ]]
  leaves_nothing
  mount --make-private files
  run -0 nsx-unshare --mount=files/mnt true
  [ "$(stat -f -c %T files/mnt)" = nsfs ]
  umount files/mnt
}

# bats test_tags=slow
@test "a pin that fails undoes the others, and the program does not run: defect 5" {
  for fork in "" --fork; do
    run -1 marked nsx-unshare --net=files/net --uts=files/missing $fork -- touch made
    [[ "$output" = *"cannot pin the uts namespace on files/missing: No such file or directory"$'\n'"hint: create the file first, for example with touch" ]]
    [ ! -e made ]
    leaves_nothing
  done
  run -1 marked nsx-unshare --net=/ true
  [[ "$output" = *"Not a directory"$'\n'"hint: give a file, not a directory" ]]
  leaves_nothing
}

# bats test_tags=slow
@test "a failure after the pin undoes it" {
  run -1 marked nsx-unshare --net=files/net -w /nowhere true
  leaves_nothing
  run -127 marked nsx-unshare --net=files/net nsx-no-such-program
  leaves_nothing
  run -127 marked nsx-unshare --net=files/net --fork nsx-no-such-program
  leaves_nothing
}

# bats test_tags=slow,rootless
@test "no helper is left if unshare(2) fails: defect 4" {
  # Without the privilege ...
  run -1 marked as_user nsx-unshare --net=files/net true
  [[ "$output" = *"cannot make new namespaces (net): Operation not permitted"* ]]
  leaves_nothing
  # ... and at a limit.
  run -1 marked nsx-unshare -r -- sh -c \
    'echo 0 >/proc/sys/user/max_net_namespaces; exec nsx-unshare --net=files/net true'
  [[ "$output" = *"cannot make new namespaces (net): No space left on device"* ]]
  leaves_nothing
}

# bats test_tags=slow
@test "the helper is gone when the program runs, also beside a waiting parent" {
  for fork in "" --kill-child; do
    spawn nsx-unshare --net=files/net $fork -- sleep 300
    wait_until has_no_helper
    end_spawned
    wait_until umount files/net
  done
}

# Whether `sleep` runs and no helper of nsx does.
has_no_helper() {
  { grep -qsx sleep "/proc/$pid/comm" || has_child "$pid" sleep; } &&
    ! grep -qsx nsx-outside /proc/[0-9]*/comm
}

# bats test_tags=slow
@test "the program inherits neither a child nor a descriptor of the helper" {
  look='ls /proc/self/fd; read -r children </proc/$$/task/$$/children; echo "children: $children"'
  run -0 bash -c "$look"
  without=$output
  run -0 nsx-unshare --net=files/net -- bash -c "$look"
  [ "$output" = "$without" ]
  umount files/net
  # A pipe ends with the program, whatever the helper does.
  run -0 timeout 20 sh -c 'nsx-unshare --net=files/net --fork true | cat'
}

# bats test_tags=slow
@test "--pin NAME: every new namespace, where others look for it" {
  run -0 in_own_run '
    nsx-unshare --pin blue -muinpUCT -r -- sh -c "stat -L -c %i /proc/self/ns/net /proc/self/ns/uts" \
      >inside 2>/dev/null
    for kind in '"$(all_kinds | tr '\n' ' ')"'; do
      stat -f -L -c "$kind %T" /run/${kind}ns/blue
    done
    stat -L -c %i /run/netns/blue /run/utsns/blue | cmp - inside
    nsx-enter --net=/run/netns/blue -- true
    findmnt -n -o PROPAGATION /run/netns | tail -n 1
    findmnt -n -o PROPAGATION /run/mntns | tail -n 1
    umount /run/netns/blue
    stat -c %a /run/netns/blue'
  for kind in $(all_kinds); do
    grep -qx "$kind nsfs" <<<"$output"
  done
  # As ip netns and pinns name them.
  [ "${lines[-3]}" = shared ]
  [ "${lines[-2]}" = private,unbindable ]
  [ "${lines[-1]}" = 0 ]
}

# bats test_tags=slow
@test "--pin NAME: nothing is made if the name exists" {
  run -0 in_own_run '
    nsx-unshare --pin blue -u -- true
    before=$(find /run | sort; cat /proc/self/mountinfo)
    if nsx-unshare --pin blue -iun -- touch made; then exit 1; fi
    [ ! -e made ]
    [ "$before" = "$(find /run | sort; cat /proc/self/mountinfo)" ]'
  [[ "$output" = *"cannot pin the uts namespace on /run/utsns/blue: File exists"$'\n'"hint: choose another name, or run 'nsx-pin rm blue'" ]]
}

# bats test_tags=slow
@test "--pin NAME: a failure leaves nothing, not even a directory" {
  run -0 in_own_run '
    before=$(cat /proc/self/mountinfo)
    ! nsx-unshare --pin blue -muinCT -U -w /nowhere -- true
    ! nsx-unshare --pin blue -muinCT -r -- nsx-no-such-program
    ! nsx-unshare --pin blue -muinCTp -r -- nsx-no-such-program
    [ -z "$(find /run -mindepth 1)" ]
    [ "$before" = "$(cat /proc/self/mountinfo)" ]'
}

# bats test_tags=slow
@test "--pin NAME: a directory in use stays if one of its pins fails" {
  run -0 in_own_run '
    nsx-unshare --pin red -n -- true
    ! nsx-unshare --pin blue -n -w /nowhere -- true
    ls /run/netns
    stat -f -c %T /run/netns/red'
  [ "${lines[-2]} ${lines[-1]}" = "red nsfs" ]
}

# bats test_tags=slow,rootless
@test "--pin NAME: a name is a file name" {
  for name in "" . .. a/b ../../tmp/x "$(printf 'x%.0s' {1..256})"; do
    run -1 marked nsx-unshare --pin "$name" -n true
    [[ "$output" = *"invalid pin name '"* ]]
    nothing_is_left
  done
  run -1 nsx-unshare --pin blue true
  [[ "$output" = *"cannot pin blue: no new namespace is requested"* ]]
}

# bats test_tags=slow,rootless
@test "--pin NAME: with --pid it forks" {
  run -0 --separate-stderr nsx-unshare --plan --pin blue --pid -- true
  [[ "$output" = *"fork; the parent waits"* ]]
}

# bats test_tags=slow,rootless
@test "--pin NAME: an ordinary user lacks the right, and the message says so" {
  run -1 marked as_user nsx-unshare --pin blue -rn true
  [[ "$output" = *"cannot "*$'\n'"hint: needs "* ]]
  leaves_nothing
}

# bats test_tags=any-kernel
@test "many pins of the same name at once: one of them succeeds" {
  run -0 in_own_run '
    for i in 1 2 3 4 5 6 7 8; do
      { nsx-unshare --pin blue -un -- true 2>/dev/null && echo won >>wins || true; } &
    done
    wait
    wc -l <wins
    ls /run/netns /run/utsns | grep -c blue
    stat -f -c %T /run/netns/blue /run/utsns/blue'
  [ "${lines[*]}" = "1 2 nsfs nsfs" ]
}

# In there, a namespace file and the directory belong to unmapped users.
# bats test_tags=rootless
@test "a failure removes a pin in a sticky directory, in a user namespace too" {
  run -127 as_user unshare --user --map-root-user --mount sh -c '
    mount -t tmpfs -o mode=1777 files /mnt && touch /mnt/net || exit 1
    nsx-unshare --net=/mnt/net -- /nowhere
    status=$?
    grep /mnt/net /proc/self/mountinfo
    exit $status'
  [[ $output == *"cannot execute /nowhere: No such file or directory"* ]]
  [[ $output != *"nsfs"* ]]
}

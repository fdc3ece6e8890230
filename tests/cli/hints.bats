# SPDX-License-Identifier: MIT
# Hints give useful advice: never what was just done, and never what does not help.
load ../lib/common

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  dir=
}

teardown() {
  end_spawned
  if [ -n "$dir" ]; then
    nsx-pin rm --dir "$dir" blue
    umount "$dir/netns" || true
    rm -r "$dir"
  fi
}

# Root without a capability, which the bounding set has or lacks.
weak=(setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin --)

# Runs a command as root without CAP_SYS_ADMIN, which the bounding set has.
as_weak_root() {
  setpriv --inh-caps=-all --securebits=+noroot -- "$@"
}

@test "root without CAP_SYS_ADMIN is not told to run as root" {
  run -1 --separate-stderr "${weak[@]}" nsx-unshare -n true
  [[ $stderr = *$'\n'"hint: needs CAP_SYS_ADMIN: the bounding set lacks it, so add it where this container or service is started, or add --map-root-user" ]]
  run -1 --separate-stderr as_weak_root nsx-unshare -n true
  [[ $stderr = *$'\n'"hint: needs CAP_SYS_ADMIN: this root lacks it, although the bounding set has it, or add --map-root-user" ]]
  run -1 --separate-stderr as_user nsx-unshare -n true
  [[ $stderr = *$'\n'"hint: needs CAP_SYS_ADMIN: run as root, or add --map-root-user" ]]
  spawn_in net -n
  # Not below a directory that others can write to, which nsx-pin would reject.
  dir=$(mktemp -d /tmp/nsx-pins.XXXXXX)
  nsx-pin add --dir "$dir" blue
  run -1 --separate-stderr "${weak[@]}" nsx-enter -t "$pid" -n true
  [[ $stderr = *$'\n'"hint: needs CAP_SYS_ADMIN in the user namespace that owns it and in your own: the bounding set lacks it, "* ]]
  run -1 --separate-stderr as_weak_root nsx-enter -t "$pid" -n true
  [[ $stderr != *"run as root"* && $stderr = *"this root lacks it, although the bounding set has it"* ]]
  for weak_root in "${weak[*]}" as_weak_root; do
    for command in "add hint-$$" "add -t $pid hint-$$" "rm --dir=$dir blue" "gc --dir=$dir"; do
      run --separate-stderr $weak_root nsx-pin $command
      [[ $stderr != *"run as root"* ]]
    done
  done
}

@test "proc in a user namespace with a covered /proc, and without its own PID namespace" {
  # The mounts that docker makes over /proc.
  covered() {
    unshare -m --propagation private sh -c 'mount -t tmpfs none /proc/irq && mount --bind /dev/null /proc/filesystems &&
      mount --bind /proc/sys /proc/sys && exec "$@"' sh "${become_user[@]}" "$@"
  }
  run -1 --separate-stderr covered nsx-unshare -r --pid --fork --mount-proc -- true
  [[ $stderr = *$'\n'"hint: a user namespace can mount it only where /proc is fully visible, but other mounts cover /proc/irq, /proc/filesystems and 1 more; in Docker: --security-opt systempaths=unconfined" ]]
  run -1 --separate-stderr as_user nsx-unshare -r --mount-proc -- true
  [[ $stderr = *$'\n'"hint: the PID namespace belongs to another user namespace: add --pid --fork" ]]
  run -1 --separate-stderr as_user nsx-unshare -r --pid --mount-proc -- true
  [[ $stderr = *$'\n'"hint: the PID namespace belongs to another user namespace: add --fork" ]]
  spawn as_user unshare -rp --fork --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  run -1 --separate-stderr as_user nsx-enter -t "$child" -U --mount-proc -- true
  [[ $stderr = *$'\n'"hint: the PID namespace belongs to another user namespace: add --pid" ]]
  run -0 as_user nsx-enter -t "$child" -U -p --mount-proc -- true
}

# bats test_tags=needs-no-proc
@test "a mount namespace below a chroot that is not a mount point" {
  root=$(mktemp -d /tmp/nsx-root.XXXXXX)
  make_root "$root" sh nsx-unshare
  run --separate-stderr chroot "$root" "$(command -v nsx-unshare)" -m sh -c 'echo wrong'
  without=$? unchanged=
  [ "$status" = 1 ] || without=
  error=$stderr
  run --separate-stderr chroot "$root" "$(command -v nsx-unshare)" -m --propagation=unchanged sh -c 'echo here'
  [ "$status $output" = "0 here" ] || unchanged=failed
  # Onto itself, as the hint says.
  run --separate-stderr unshare -m --propagation private sh -c 'mount --bind "$1" "$1" && exec chroot "$@" -m sh -c "echo here"' \
    sh "$root" "$(command -v nsx-unshare)"
  bound="$status $output"
  rm -r "$root"
  [ -n "$without" ]
  [ -z "$unchanged" ]
  [ "$bound" = "0 here" ]
  [[ $error = *$'\n'"hint: / is not a mount point, as after chroot(2): use --propagation=unchanged, or before the chroot: mount --bind DIR DIR" ]]
}

@test "the hint names the missing capability" {
  spawn_in mnt -m
  run -1 --separate-stderr setpriv --inh-caps=-sys_chroot --bounding-set=-sys_chroot -- nsx-enter -t "$pid" -m true
  [[ $stderr = *$'\n'"hint: needs CAP_SYS_CHROOT: the bounding set lacks it, so add it where this container or service is started" ]]
  for capability in setuid setgid; do
    run -1 --separate-stderr setpriv --inh-caps=-$capability --bounding-set=-$capability -- nsx-unshare --map-users 0:0:2 --map-groups 0:0:2 true
    [[ $stderr = *$'\n'"hint: needs CAP_${capability^^}: the bounding set lacks it, so add it where this container or service is started" ]]
  done
}

@test "the hint names the limit that prevents a fork" {
  limits=$'\n'"hint: too many processes: see ulimit -u, and pids.max of the cgroup with nsx-cg explain"
  run -1 as_user prlimit --nproc=0 nsx-unshare --fork -- true
  [ "$output" = "nsx-unshare: cannot fork: Resource temporarily unavailable$limits" ]
  run -1 as_user prlimit --nproc=0 nsx-unshare --kill-child -- true
  [[ $output = "nsx-unshare: cannot fork"*": Resource temporarily unavailable$limits" ]]
  spawn as_user sleep 300
  run -1 as_user prlimit --nproc=0 nsx-enter -t "$pid" --pty -- true
  [[ $output = "nsx-enter: cannot fork: Resource temporarily unavailable$limits" ]]
}

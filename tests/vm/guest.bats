#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The virtual machine has what the other tests need: otherwise these would pass or fail for the wrong reason.

load ../lib/common

setup() {
  [ -n "${NSX_VM:-}" ] || skip "not in a virtual machine"
}

@test "only cgroup v2, with every controller for its children" {
  [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
  run ! grep -E ' cgroup ' /proc/self/mounts
  local controller
  for controller in cpu cpuset io memory pids; do
    grep -w "$controller" /sys/fs/cgroup/cgroup.controllers
  done
  diff /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/cgroup.subtree_control
}

# bats test_tags=one-kernel
@test "pivot_root works" {
  unshare --mount sh -c 'mount -t tmpfs none /mnt && mkdir /mnt/old && pivot_root /mnt /mnt/old'
}

@test "veth, overlay, loop and a disk" {
  unshare --net ip link add left type veth peer name right
  unshare --mount sh -c 'cd /mnt && mount -t tmpfs none . && cd /mnt && mkdir a b c d &&
    mount -t overlay none -o lowerdir=a,upperdir=b,workdir=c d'
  [ -b /dev/vda ]
  [ -e /dev/loop-control ]
}

# bats test_tags=one-kernel
@test "an ordinary user can make namespaces" {
  as_user unshare --user --map-root-user --net --mount true
}

# bats test_tags=one-kernel
@test "a pseudo-terminal can be opened" {
  script -qec 'tty' /dev/null | grep /dev/pts/
}

# bats test_tags=one-kernel
@test "no interface except lo" {
  [ "$(ls /sys/class/net)" = lo ]
}

# SPDX-License-Identifier: MIT
# --mount-sys: a /sys that shows the network namespace that the program is in.
load ../lib/common

# Prints the mounts below /sys, as the program sees them: below COMMAND...
mounts_below_sys='awk "\$5 ~ \"^/sys/\" { print \$5 }" /proc/self/mountinfo | LC_ALL=C sort -u'

@test "nsx-enter --net --mount-sys shows the target's interfaces, and keeps the mounts below" {
  spawn_in net -n
  before=$(sh -c "$mounts_below_sys")
  own=$(ls /sys/class/net)
  run -0 nsx-enter -t "$pid" --net --mount-sys -- ls /sys/class/net
  [ "$output" = lo ]
  run -0 nsx-enter -t "$pid" --net -- ls /sys/class/net
  [ "$output" = "$own" ]
  run -0 nsx-enter -t "$pid" --net --mount-sys -- sh -c "$mounts_below_sys"
  [ "$output" = "$before" ]
  run -0 nsx-enter -t "$pid" --net --mount-sys --plan -- true
  [[ $output = *"make new namespaces: mnt"*"mount a sysfs of this net namespace on /sys, with all that is mounted below"* ]]
  # Neither the host nor the target sees it.
  [ "$(ls /sys/class/net)" = "$own" ]
  [ "$(ls "/proc/$pid/root/sys/class/net")" = "$own" ]
}

@test "with the mount namespace it is the target's /sys, in a mount namespace of the program's own" {
  spawn unshare -n --propagation private -m -- sh -c 'mount -t tmpfs none /sys && mkdir /sys/extra && exec sleep 300'
  wait_until [ -d "/proc/$pid/root/sys/extra" ]
  run -0 nsx-enter -t "$pid" -m -n --mount-sys -- ls /sys/class/net
  [ "$output" = lo ]
  [ "$(ls "/proc/$pid/root/sys")" = extra ]
}

# bats test_tags=rootless
@test "in another directory, through a link, and as an ordinary user" {
  spawn as_user unshare -rn -- sleep 300
  wait_until has_left "$pid" net
  run -0 nsx-enter -t "$pid" -n --mount-sys=/mnt -- ls /mnt/class/net
  [ "$output" = lo ]
  ln -s /mnt "$BATS_TEST_TMPDIR/link"
  run -0 nsx-enter -t "$pid" -n --mount-sys="$BATS_TEST_TMPDIR/link" -- ls /mnt/class/net
  [ "$output" = lo ]
  run -0 as_user nsx-enter -t "$pid" -n --mount-sys -- ls /sys/class/net
  [ "$output" = lo ]
  run -1 --separate-stderr nsx-enter -t "$pid" -n --mount-sys=/nowhere -- echo wrong
  [ "$output" = "" ]
  [ "$stderr" = "nsx-enter: cannot mount a sysfs of this net namespace on /nowhere: No such file or directory" ]
  run -1 --separate-stderr nsx-enter -t "$pid" -n --mount-sys=/etc/passwd -- echo wrong
  [ "$stderr" = "nsx-enter: cannot mount a sysfs of this net namespace on /etc/passwd: Not a directory" ]
}

@test "a read-only /sys stays read-only" {
  spawn unshare -n -m --propagation private -- sh -c 'mount -o remount,bind,ro /sys && exec sleep 300'
  wait_until grep -q ' /sys ro' "/proc/$pid/mountinfo"
  run -0 nsx-enter -t "$pid" -m -n --mount-sys -- sh -c 'ls /sys/class/net; grep " - sysfs" /proc/self/mountinfo'
  [ "${lines[0]}" = lo ]
  [[ ${lines[-1]} = *" /sys ro,"* ]]
}

@test "nsx-unshare --net --mount-sys, as root and as an ordinary user" {
  before=$(sh -c "$mounts_below_sys")
  run -0 nsx-unshare --net --mount-sys -- sh -c "ls /sys/class/net; $mounts_below_sys"
  [ "${lines[0]}" = lo ]
  [ "$(printf '%s\n' "${lines[@]:1}")" = "$before" ]
  run -0 as_user nsx-unshare -r --net --mount-sys -- ls /sys/class/net
  [ "$output" = lo ]
  run -0 nsx-unshare --net --mount-sys=/mnt -- ls /mnt/class/net
  [ "$output" = lo ]
  # The network does not belong to the user.
  run -1 --separate-stderr as_user nsx-unshare -r --mount-sys -- echo wrong
  [[ $stderr = *$'\n'"hint: the network namespace belongs to another user namespace: add --net" ]]
}

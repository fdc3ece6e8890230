# SPDX-License-Identifier: MIT
# nsx-enter --bind, --tmpfs and --unbind: mounts in a running target.
# shellcheck disable=SC2154 # set by bats and the loaded files
load ../lib/common
load ../lib/containers

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  root=$BATS_TEST_TMPDIR/root
  data=$BATS_TEST_TMPDIR/data
  chmod 755 "$BATS_TEST_TMPDIR"
  mkdir -p "$data/sub"
  echo hello >"$data/file"
  host_before=$(host_mounts)
}

teardown() {
  end_spawned
}

host_mounts() {
  cut -d ' ' -f 4- /proc/self/mountinfo
}

container() {
  make_busybox_root "$root" sh cat ls touch stat
  mkdir -p "$root"/{data,etc/deep}
  : >"$root/etc/conf"
  in_root "$root"
  before=$(target_mounts 4-)
}

# The mounts of the target: target_mounts COLUMNS
target_mounts() {
  cut -d " " -f "$1" "/proc/$pid/mountinfo"
}

inside() {
  nsx-enter -t "$pid" -- "$@"
}

@test "--bind mounts a directory of the host into the target, until --unbind" {
  container
  run -0 nsx-enter -t "$pid" --bind="$data:/data"
  [ "$output" = "" ]
  run -0 inside cat /data/file
  [ "$output" = hello ]
  inside touch /data/made
  [ -e "$data/made" ]
  [ "$(host_mounts)" = "$host_before" ]
  run -0 nsx-enter -t "$pid" --unbind=/data
  run -0 inside ls /data
  [ "$output" = "" ]
  [ "$(target_mounts 4-)" = "$before" ]
}

@test "a file is mounted on a file, with the options given" {
  container
  run -0 nsx-enter -t "$pid" --bind="$data/file:/etc/conf:ro,nosuid,nodev,noexec"
  run -0 inside cat /etc/conf
  [ "$output" = hello ]
  run -0 target_mounts 5,6
  [[ $output == *"/etc/conf ro,nosuid,nodev,noexec"* ]]
  run -1 inside touch /etc/conf
  [[ $output == *"Read-only file system"* ]]
  # All options apply to mounts below it as well.
  mount -t tmpfs none "$data/sub"
  run -0 nsx-enter -t "$pid" --bind="$data:/data:ro"
  umount "$data/sub"
  run -0 target_mounts 5,6
  [[ $output == *"/data/sub ro"* ]]
  [ "$(host_mounts)" = "$host_before" ]
}

@test "--tmpfs mounts a new file system" {
  container
  run -0 nsx-enter -t "$pid" --tmpfs=/data:size=64k,mode=750 --tmpfs=/etc/deep:ro
  run -0 inside stat -c '%a %u' /data
  [ "$output" = "750 0" ]
  run -0 target_mounts 5,6,9-
  [[ $output == *"/data rw,nosuid,nodev"*"size=64k,mode=750"* ]]
  [[ $output == *"/etc/deep ro,nosuid,nodev"* ]]
}

@test "missing destinations are created only with --mkdir" {
  container
  run -1 nsx-enter -t "$pid" --bind="$data:/new/dir"
  [[ $output == *"/new/dir: No such file or directory"* ]]
  [[ $output == *"--mkdir"* ]]
  [ ! -e "$root/new" ]
  run -0 nsx-enter -t "$pid" --mkdir --bind="$data:/new/dir" --bind="$data/file:/new/file" --tmpfs=/tmp/x/y
  run -0 inside cat /new/dir/file /new/file
  [ "$output" = "hello
hello" ]
  [ -f "$root/new/file" ]
}

@test "if one change fails, none is left" {
  container
  run -1 nsx-enter -t "$pid" --mkdir --bind="$data:/new/dir" --tmpfs=/data --bind="$data:/etc/conf"
  [[ $output == *"cannot mount $data on /etc/conf: a directory cannot be mounted on a file"* ]]
  [ "$(target_mounts 4-)" = "$before" ]
  [ ! -e "$root/new" ]
  run -1 nsx-enter -t "$pid" --tmpfs=/data --tmpfs=/data:size=many
  [[ $output == *"cannot set the option size=many of a tmpfs"* ]]
  run -1 nsx-enter -t "$pid" --tmpfs=/data --unbind=/etc/deep
  [[ $output == *"cannot unmount /etc/deep: nothing is mounted there"* ]]
  [ "$(target_mounts 4-)" = "$before" ]
}

@test "links of the target do not lead out of it" {
  container
  ln -s "$data" "$root/out"
  ln -s ../../../../../../../../etc/deep "$root/up"
  run -1 nsx-enter -t "$pid" --tmpfs=/out
  run -0 nsx-enter -t "$pid" --mkdir --tmpfs=/up/../../../made
  [ -d "$root/made" ]
  run -0 nsx-enter -t "$pid" --tmpfs=/up
  run -0 target_mounts 5
  [[ $output == *"/etc/deep"* ]]
  [ "$(host_mounts)" = "$host_before" ]
}

@test "a mount in use is detached only with --force" {
  container
  nsx-enter -t "$pid" --bind="$data:/data"
  spawn_target=$pid
  nsx-enter -t "$pid" --wdns=/data -- /bin/busybox sleep 300 >/dev/null 2>&1 3>&- 4>&- </dev/null &
  spawned+=($!)
  wait_until has_child "$!" busybox
  spawned+=("$child")
  pid=$spawn_target
  run -1 nsx-enter -t "$pid" --unbind=/data
  [[ $output == *"cannot unmount /data: Device or resource busy"*"--force"* ]]
  run -0 nsx-enter -t "$pid" --force --unbind=/data
  [ "$(target_mounts 4-)" = "$before" ]
}

@test "mounts that the target shares with the host are changed only with --force" {
  run -1 nsx-enter -t $$ --tmpfs="$data/sub"
  [[ $output == *"cannot change the mount on $data/sub: the mounts of the target are your own"*"--force"* ]]
  mount -t tmpfs none "$data"
  mount --make-shared "$data"
  mkdir "$data/sub"
  spawn unshare -m --propagation unchanged --fork --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
  run nsx-enter -t "$pid" --tmpfs="$data/sub"
  forced=$(nsx-enter -t "$pid" --force --tmpfs="$data/sub" && grep -c " $data/sub " /proc/self/mountinfo)
  nsx-enter -t "$pid" --force --unbind="$data/sub"
  umount "$data"
  [ "$status" = 1 ]
  [[ $output == *"the target shares this mount with the host, where it would change as well"* ]]
  [ "$forced" = 1 ]
  [ "$(host_mounts)" = "$host_before" ]
}

@test "a target with a user namespace sees the owners as its own" {
  mount -t tmpfs none "$data/sub" && mkdir "$data/sub/own" && chown 33:44 "$data/sub/own"
  # ID-mapped tmpfs needs Linux 6.3; a file system without them keeps its owners, with a note.
  spawn nsx-unshare -U -muinpC --map-users=0:100000:65536 --map-groups=0:100000:65536 --fork --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
  run nsx-enter -t "$pid" --bind="$data/sub:/mnt"
  owner=$(nsx-enter -t "$pid" -- stat -c %u:%g /mnt/own)
  umount "$data/sub"
  [ "$status" = 0 ]
  if [ "$output" = "" ]; then
    [ "$owner" = 33:44 ]
  else
    [[ $output == *"the owners of $data/sub stay as they are: its file system supports no ID-mapped mounts" ]]
    [ "$owner" = 65534:65534 ]
  fi
  run -0 nsx-enter -t "$pid" --tmpfs=/usr/share
  run -0 nsx-enter -t "$pid" -- stat -c %u:%g /usr/share
  [ "$output" = 0:0 ]
}

@test "root of a user namespace cannot undo the options, nor uncover what is below a submount" {
  mkdir -p "$data/tree/sub"
  echo hidden >"$data/tree/sub/secret"
  mount -t tmpfs none "$data/tree/sub"
  spawn nsx-unshare -U -muinpC --map-users=0:100000:65536 --map-groups=0:100000:65536 --fork --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
  run nsx-enter -t "$pid" --bind="$data/tree:/mnt:ro"
  # shellcheck disable=SC2016 # of the shell inside
  tried=$(nsx-enter -t "$pid" -- sh -c 'mount -o remount,bind,rw /mnt; umount /mnt/sub; cat /mnt/sub/secret; touch /mnt/made' 2>/dev/null) || true
  umount "$data/tree/sub"
  [ "$status" = 0 ]
  [ "$tried" = "" ]
  [ ! -e "$data/tree/made" ]
  run -0 nsx-enter -t "$pid" --force --unbind=/mnt
}

@test "one call can mount and unmount, and ignores signals until it is done" {
  container
  run -0 nsx-enter -t "$pid" --bind="$data:/data" --unbind=/data
  [ "$(target_mounts 4-)" = "$before" ]
  run -0 strace -f -qq -o /dev/null -e trace=move_mount -e inject=move_mount:signal=TERM:when=1 \
    nsx-enter -t "$pid" --bind="$data:/data" --tmpfs=/etc/deep
  [ "$(target_mounts 5 | grep -c -e '^/data$' -e '^/etc/deep$')" = 2 ]
}

@test "an ordinary user mounts into a user namespace of their own" {
  in_user
  run -0 as_user nsx-enter -t "$pid" --bind=/etc:/mnt:ro --bind=/etc/hostname:/etc/hosts
  run -0 as_user nsx-enter -t "$pid" -- cat /mnt/hostname /etc/hosts
  [ "$output" = "$(cat /etc/hostname /etc/hostname)" ]
  run -1 as_user nsx-enter -t "$pid" -- touch /mnt/hostname
  run -0 as_user nsx-enter -t "$pid" --unbind=/mnt --tmpfs=/mnt
  [ "$(host_mounts)" = "$host_before" ]
  in_all
  run -1 as_user nsx-enter -t "$pid" --tmpfs=/mnt
}

@test "impossible requests are refused" {
  for each in /x:/ /x:/./.. x:y :/x /x:y /a:/b:bad /a:/b:ro:c; do
    run -1 nsx-enter -t $$ "--bind=$each"
    [[ $output == "nsx-enter: invalid "*"for --bind"* ]]
  done
  for each in x /x:bad /x:size= /x:uid=3 /x:ro:c; do
    run -1 nsx-enter -t $$ "--tmpfs=$each"
    [[ $output == "nsx-enter: invalid "*"for --tmpfs"* ]]
  done
  run -1 nsx-enter -t $$ --unbind=x
  run -1 nsx-enter -t $$ --mkdir -- true
  [[ $output == *"--mkdir needs --bind, --tmpfs or --unbind"* ]]
  run -1 nsx-enter -t $$ --tmpfs=/x -- true
  [[ $output == *"--bind, --tmpfs and --unbind run no program"* ]]
  run -1 nsx-enter -t $$ --tmpfs=/x --tools
  [[ $output == *"so --tools has no effect"* ]]
  run -1 nsx-enter --tmpfs=/x
  [[ $output == *"a change of mounts needs a target (--target=PID)"* ]]
  run -1 nsx-enter -t $$ --force --bind=/nowhere:/mnt
  [[ $output == *"/nowhere: No such file or directory"* ]]
  [ "$(host_mounts)" = "$host_before" ]
}

@test "--plan shows the changes and makes none; a colon in a path is escaped" {
  container
  mkdir "$BATS_TEST_TMPDIR/a:b"
  run -0 nsx-enter -t "$pid" --plan --mkdir --bind="$BATS_TEST_TMPDIR/a\\:b:/new" --tmpfs=/data --unbind=/etc
  [[ $output == *"mount $BATS_TEST_TMPDIR/a:b on /new inside, which is created if missing"* ]]
  [[ $output == *"mount a new tmpfs on /data inside"* ]]
  [[ $output == *"unmount /etc inside"* ]]
  [ ! -e "$root/new" ]
  [ "$(target_mounts 4-)" = "$before" ]
}

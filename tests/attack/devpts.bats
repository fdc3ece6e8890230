# SPDX-License-Identifier: MIT
# The terminal of a program comes from the devpts of the entered container, never from an imitation. Whatever is
# mounted on its /dev/pts, the program otherwise runs on a terminal of the host.
load ../lib/common
load ../lib/terminal
load attack

setup() {
  spawned=()
  dir=$(mktemp -d /tmp/nsx-devpts.XXXXXX)
  chmod 755 "$dir"
}

teardown() {
  end_spawned
  rm -rf "$dir"
}

new_devpts='mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts /dev/pts'
mapped=(nsx-unshare -m --map-users=0:100000:65536 --map-groups=0:100000:65536 -S 0 -G 0 --)

# Starts a process in a new mount namespace after running these commands there: $pid. The optional first word
# selects a user namespace: as_user: an ordinary user's; mapped: root's, with other ids; inherits: the same, with
# the new devpts of a container that has no user namespace.
# target_with [as_user|mapped|inherits] COMMANDS
target_with() {
  local with=(unshare -m --propagation private)
  case $1 in
    as_user) with=(as_user unshare -rm) && shift ;;
    mapped) with=("${mapped[@]}") && shift ;;
    inherits) with=(unshare -m --propagation private sh -c "$new_devpts"' && exec "$@"' sh "${mapped[@]}") && shift ;;
  esac
  rm -f "$dir/ready"
  mkfifo -m 666 "$dir/ready"
  spawn "${with[@]}" sh -c "$1"' && echo ready >"$0" && exec sleep 300' "$dir/ready"
  local word
  read -rt 20 word <>"$dir/ready"
  [ "$word" = ready ]
}

# The devpts that a program's terminal is in, by the number of its file system.
where='stat -L -c %d /proc/self/fd/0'

host_devpts() {
  stat -c %d /dev/pts
}

target_devpts() {
  stat -c %d "/proc/$pid/root/dev/pts"
}

# Enters the target with these options, with and without asking for a terminal.
# is_in DEVPTS OPTIONS...
is_in() {
  local wanted=$1
  shift
  run -0 nsx-enter -t "$pid" "$@" --pty -- $where </dev/null
  [ "${output%$'\r'}" = "$wanted" ]
  run -0 at_terminal "nsx-enter -t $pid $* -- $where"
  [ "${output%$'\r'}" = "$wanted" ]
}

@test "the terminal is in the target's devpts: tty prints a name that exists and can be opened" {
  target_with "$new_devpts"
  [ "$(target_devpts)" != "$(host_devpts)" ]
  is_in "$(target_devpts)" -m
  run -0 nsx-enter -t "$pid" -m --pty -- sh -c 'tty; echo by its name >"$(tty)"; echo by /dev/tty >/dev/tty' </dev/null
  [ "${output//$'\r'/}" = $'/dev/pts/0\nby its name\nby /dev/tty' ]
  # Nothing remains afterwards.
  [ "$(echo "/proc/$pid/root/dev/pts"/[0-9]*)" = "/proc/$pid/root/dev/pts/[0-9]*" ]
  run -0 nsx-enter -t "$pid" -m --pty --plan -- true
  [[ $output = *"open a new pseudo-terminal for the program, in /dev/pts of PID $pid"* ]]
  # Without the target's files, the program sees the host's.
  run -0 nsx-enter -t "$pid" -u --pty -- $where </dev/null
  [ "${output%$'\r'}" = "$(host_devpts)" ]
}

@test "the terminal belongs to the UID of the program" {
  target_with "$new_devpts"
  owner='stat -L -c %u /proc/self/fd/0'
  run -0 nsx-enter -t "$pid" -m --pty -- $owner </dev/null
  [ "${output%$'\r'}" = 0 ]
  run -0 nsx-enter -t "$pid" -m -S 1234 --pty -- sh -c "$owner; echo by its name >\"\$(tty)\"" </dev/null
  [ "${output//$'\r'/}" = $'1234\nby its name' ]
  end_spawned
  target_with mapped "$new_devpts"
  run -0 nsx-enter -t "$pid" -m -U --pty -- sh -c "$where; $owner; echo by its name >\"\$(tty)\"" </dev/null
  [ "${output//$'\r'/}" = "$(target_devpts)"$'\n0\nby its name' ]
  run -0 nsx-enter -t "$pid" -m -U -S 5 --pty -- $owner </dev/null
  [ "${output%$'\r'}" = 5 ]
}

@test "an ordinary user's container, for the user and for root" {
  target_with as_user "$new_devpts"
  is_in "$(target_devpts)" -m -U
  run -0 as_user nsx-enter -t "$pid" -m -U --pty -- sh -c "$where; echo by its name >\"\$(tty)\"" </dev/null
  [ "${output//$'\r'/}" = "$(target_devpts)"$'\nby its name' ]
}

@test "a tmpfs with a fake ptmx is not used" {
  for device in "c 5 2" "c 1 3" "c 5 0" p; do
    target_with "mount -t tmpfs none /dev/pts && mknod -m 666 /dev/pts/ptmx $device"
    is_in "$(host_devpts)" -m
    end_spawned
  done
}

@test "a tmpfs with a fake ptmx beside a real devpts is not used" {
  target_with "mount -t tmpfs none /dev/pts && mknod -m 666 /dev/pts/ptmx c 5 2 && mkdir /dev/pts/pts &&
    ${new_devpts% *} /dev/pts/pts"
  is_in "$(host_devpts)" -m
}

@test "no /dev/pts, a file, a link out of the root, a dangling link" {
  for what in "rm -rf /dev/pts" "rm -rf /dev/pts && touch /dev/pts" "rm -rf /dev/pts && ln -s /proc/1/root/dev/pts /dev/pts" \
    "rm -rf /dev/pts && ln -s pts /dev/pts"; do
    target_with "mount -t tmpfs none /dev && mkdir /dev/pts && mknod -m 666 /dev/null c 1 3 && $what"
    is_in "$(host_devpts)" -m
    end_spawned
  done
}

@test "a devpts that provides no terminal: full, without devices, with another file over its ptmx" {
  # Taken by a process that keeps it open: the kernel takes max=0 for no limit.
  for what in "mount -o remount,max=1 /dev/pts && exec 9<>/dev/pts/ptmx" "mount -o remount,bind,nodev /dev/pts" \
    "mount --bind /dev/null /dev/pts/ptmx" "mount --bind /dev/tty /dev/pts/ptmx"; do
    target_with "$new_devpts && $what"
    is_in "$(host_devpts)" -m
    end_spawned
  done
}

@test "another user's devpts, in a container with its own ids" {
  target_with inherits true
  [ "$(target_devpts)" != "$(host_devpts)" ]
  is_in "$(host_devpts)" -m -U
}

@test "a FUSE file system that never answers" {
  mknod "$dir/device" c 10 229 || cannot "no devices can be made"
  chmod 666 "$dir/device"
  mkfifo "$dir/out"
  unshare -m --propagation private -- "$attack_dir/attack-fuse" "$dir/device" /dev/pts paths >"$dir/out" 2>&1 \
    3>&- 4>&- </dev/null &
  pid=$!
  spawned+=("$pid")
  read -r word _ <"$dir/out"
  [ "$word" = ready ] || cannot "$word"
  wait_until has_child "$pid" attack-fuse
  spawned+=("$child")
  run -0 timeout 60 nsx-enter -t "$pid" -m --pty -- stat -L -c %d /proc/self/fd/0 </dev/null
  [ "${output%$'\r'}" = "$(host_devpts)" ]
}

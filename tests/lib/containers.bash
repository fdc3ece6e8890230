# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $child, which has_child of common.bash sets
# Processes in namespaces, for the tests that enter them: their PID is in $pid, and teardown kills them.

# In new namespaces of all kinds except user.
in_all() {
  spawn unshare -muinpCT --fork --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
}

# An ordinary user's, in new namespaces of all kinds including user.
in_user() {
  spawn as_user unshare -rmuinpCT --fork --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
}

# Where cgroup v2 is mounted.
cgroup_mount() {
  awk '{ for (i = 7; i < NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") { print $5; exit } }' /proc/self/mountinfo
}

# An empty cgroup of this test: $cgroup. Removed by leave_cgroup.
make_cgroup() {
  cgroup=$(cgroup_mount)/$own_name-$BATS_TEST_NUMBER
  mkdir "$cgroup"
}

leave_cgroup() {
  [ -n "${cgroup-}" ] || return 0
  wait_until rmdir "$cgroup"
}

# The start time of a process, as in /proc/PID/stat.
start_time() {
  sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20
}

# The record that runc keeps of a container, by its first process: record_of_runc NAME PID [NUMBER]. NUMBER is its
# PID where nsx looks, if that differs.
record_of_runc() {
  mkdir -p "/run/runc/$1"
  printf '{"id":"%s","init_process_pid":%d,"init_process_start":%d}\n' "$1" "$2" "$(start_time "${3:-$2}")" \
    >"/run/runc/$1/state.json"
}

# A root directory with only busybox, and these of its programs: make_busybox_root DIR PROGRAM...
make_busybox_root() {
  local root=$1 program
  shift
  mkdir -p "$root"/{bin,etc,old,proc,tmp,usr}
  ln -s ../bin "$root/usr/bin"
  cp "$(command -v busybox)" "$root/bin/"
  for program in "$@"; do ln -s busybox "$root/bin/$program"; done
  chmod -R a+rX "$root"
}

# In new namespaces of all kinds except user, with such a root directory: in_root DIR
in_root() {
  # shellcheck disable=SC2016 # for the inner shell
  spawn unshare -muinpC --fork --kill-child -- sh -c 'mount --bind "$1" "$1" && cd "$1" &&
    mount -t proc proc proc && pivot_root . old && exec /bin/busybox sh -c "/bin/busybox umount -l /old &&
      exec /bin/busybox sleep 300"' sh "$1"
  wait_until has_child "$pid" busybox
  pid=$child
  wait_until has_argument "$pid" sleep
  spawned+=("$pid")
}

has_argument() {
  tr '\0' '\n' <"/proc/$1/cmdline" | grep -qx -- "$2"
}

# What a shell script prints in a container: seen_by SCRIPT docker exec NAME, seen_by SCRIPT runc exec ID. While runc
# sets the limit of open files, the Go runtime of its child may raise it to the hard limit (runc's pull request
# 4266): the container's first process has the requested one.
seen_by() {
  local script=$1 files
  shift
  files=$("$@" grep '^Max open files' /proc/1/limits)
  "$@" sh -c "$script" | sed "s/^Max open files.*/$files/"
}

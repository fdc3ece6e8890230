# shellcheck disable=SC2154 # $child, which has_child of common.bash sets
# Processes in namespaces, for the tests that enter them: their PID is in $pid, and teardown ends them.

# In new namespaces of all kinds but user.
in_all() {
  spawn unshare -muinpCT --fork --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
}

# An ordinary user's, in new namespaces of all kinds with user.
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

# An empty cgroup of this test's own: $cgroup. Removed by leave_cgroup.
make_cgroup() {
  cgroup=$(cgroup_mount)/nsx-test.$BATS_TEST_NUMBER.$$
  mkdir "$cgroup"
}

leave_cgroup() {
  [ -n "${cgroup-}" ] || return 0
  wait_until rmdir "$cgroup"
}

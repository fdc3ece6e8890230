# SPDX-License-Identifier: MIT
# Shared by the tests of cgroups: a private cgroup below the root, and functions that need controllers.
# shellcheck shell=bash disable=SC2154,SC2034 # what bats and common.bash set

# Everything that a test makes is below this cgroup.
mine=$own_name

cgroup_top() {
  findmnt -n -r -t cgroup2 -o TARGET | head -n 1
}

setup() {
  spawned=()
  top=$(cgroup_top)
  own=$top/$mine
  mkdir "$own"
}

# Kills what is left, and removes the cgroups.
teardown() {
  [ ! -S "$BATS_TEST_TMPDIR/tmux" ] || tmux -S "$BATS_TEST_TMPDIR/tmux" kill-server 2>/dev/null || true
  end_spawned
  [ ! -d "$own" ] || wait_until remove_cgroups "$own"
}

remove_cgroups() {
  if [ -e "$1/cgroup.kill" ]; then echo 1 >"$1/cgroup.kill"; fi
  if [ -e "$1/cgroup.freeze" ]; then echo 0 >"$1/cgroup.freeze"; fi
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
  [ ! -e "$1" ]
}

# Whether a process is directly in a cgroup: is_in PID DIRECTORY. For wait_until.
is_in() {
  grep -qx "$1" "$2/cgroup.procs"
}

# Spawns `sleep` in a cgroup: sleeper_in DIRECTORY
sleeper_in() {
  spawn sleep 300
  echo "$pid" >"$1/cgroup.procs"
}

# Whether a cgroup, or a descendant, has a process.
is_populated() {
  grep -qx 'populated 1' "$1/cgroup.events"
}
is_empty() {
  ! is_populated "$1"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# An ordinary user's process is as large as it can be in everything that others read: command line, environment,
# mounts, descriptors. Each command runs with 512 MiB of address space, half of the size of that data.

load ../lib/common
load ../lib/containers
load attack

bats_require_minimum_version 1.5.0

# For the ellipsis, which other locales show as bytes.
export LC_ALL=C.UTF-8

# Runs a command within 512 MiB, and fails if it takes more than a minute.
within_limits() {
  timeout -s KILL 60 prlimit --as=$((512 << 20)) -- "$@"
}

# Starts attack-big as the ordinary user and waits until it is ready; $pid is its PID.
start_big() {
  local out=$BATS_TEST_TMPDIR/big
  : >"$out"
  "${become_user[@]}" "$@" >"$out" 2>&1 3>&- 4>&- </dev/null &
  pid=$!
  spawned+=("$pid")
  wait_until is_ready "$out"
  if ! grep -q ready "$out"; then cannot "$(<"$out")"; fi
}

is_ready() {
  [ -s "$1" ]
}

# In its own user namespace, whose first process it is.
claim_memory() {
  start_big unshare -Ur -- "$attack_dir/attack-big" memory
}

# A file system of the user, in $dir.
make_directory() {
  dir=$(mktemp -d /tmp/nsx-big.XXXXXX)
  chown "$ordinary_uid" "$dir"
}

teardown() {
  end_spawned
  if [ -n "${dir:-}" ]; then rmdir "$dir"; fi
  if [ -n "${cgroup:-}" ]; then rmdir "$cgroup"; fi
}

@test "control: the command line and the environment are readable" {
  claim_memory
  local file
  for file in cmdline environ; do
    run -0 --separate-stderr bash -c "dd if=/proc/$pid/$file bs=1M skip=1000 count=1 | wc -c"
    [ "$output" = 1048576 ]
  done
}

@test "a command line of 1 GiB costs nsx-ls no memory, and the cut is visible" {
  claim_memory
  local list
  for list in "" --json --raw --tree=owner --matrix; do
    # shellcheck disable=SC2086 # nothing, or one word
    within_limits nsx-ls $list >/dev/null
  done
  run -0 --separate-stderr within_limits nsx-ls --task="$pid" --type=user --noheadings --list --output=COMMAND
  [[ $output == *A=xxxx*xxxx… ]]
  [ "${#output}" -lt 5000 ]
}

@test "a command line of 1 GiB costs nsx-ls NS no memory" {
  claim_memory
  run -0 within_limits nsx-ls "$(ns_of "$pid" user)"
  [[ $output == *"A=xxxx"*…* ]]
  run -0 within_limits nsx-ls --json "$(ns_of "$pid" user)"
  [[ $output == *"A=xxxx"*…* ]]
}

@test "an ordinary user's nsx-ls is not exhausted either" {
  claim_memory
  run -0 --separate-stderr as_user timeout -s KILL 60 prlimit --as=$((512 << 20)) nsx-ls --list --output=COMMAND
  [[ $output == *A=xxxx*…* ]]
}

@test "a command line of 1 GiB costs nsx-cg tree -p no memory" {
  local top
  top=$(cgroup_mount)
  [ -n "$top" ] || cannot "no cgroup2"
  cgroup=$top/$own_name
  mkdir "$cgroup"
  claim_memory
  echo "$pid" >"$cgroup/cgroup.procs"
  run -0 within_limits nsx-cg tree -p "${cgroup##*/}"
  [[ $output == *"$pid A=xxxx"*…* ]]
  run -0 within_limits nsx-cg tree -p --json "${cgroup##*/}"
  [[ $output == *"A=xxxx"*…* ]]
}

@test "nsx-enter rejects an environment of 1 GiB and names the limit" {
  claim_memory
  run -1 within_limits nsx-enter -t "$pid" --uts --env -- /bin/true
  [[ $output == *"environment of PID $pid: File too large"*"at most 8 MiB of it is read"* ]]
}

@test "200 MiB of mountinfo cost nsx-ls no memory, and the cut is reported" {
  make_directory
  start_big unshare -Urm -- "$attack_dir/attack-big" mounts "$dir"
  run -0 --separate-stderr within_limits nsx-ls --output=NS,HELD-BY
  # shellcheck disable=SC2154 # run sets it
  [[ $stderr == *"read only part of "*"the mounts of 1 mount namespace: too long"* ]]
  run -0 --separate-stderr within_limits nsx-ls --json --output=NS,HELD-BY
  [ "${#output}" -lt $((32 << 20)) ]
  [[ $stderr == *"the mounts of 1 mount namespace"* ]]
  # For one namespace, mountinfo is rejected instead of being shown in part.
  run -0 --separate-stderr within_limits nsx-ls "$(ns_of "$pid" mnt)"
  [[ $stderr == *"mountinfo of PID "*"at most 16 MiB of it is read"* ]]
}

# Only a machine of its own allows so many.
# bats test_tags=vm-only
@test "nsx-ls reads at most 131,072 descriptors and reports the cut" {
  ulimit -n 131200
  start_big unshare -Ur -- "$attack_dir/attack-big" descriptors
  run -0 --separate-stderr within_limits nsx-ls --output=NS,HELD-BY --sources=fd,process
  [[ $stderr == *"read only part of the descriptors of 1 process: too long"* ]]
}

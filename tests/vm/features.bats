#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each kernel uses the right interface, and all fallbacks give the same answer.

# shellcheck disable=SC2154 # pid and spawned are common.bash's
load ../lib/common

# The first Linux with each interface, as measured, not as the library determines it: a kernel on which the two differ
# is a finding. A new feature of the library needs its line here.
first_linux=(
  'pidfd-ns 6.11'
  'pidfd-info 6.13'
  'ns-id 6.18'
  'ns-handle 6.19'
  'listns 6.19'
  'into-cgroup 5.7'
  'bpf 6.1'
)

# Whether the running kernel is at least this version: at_least MAJOR.MINOR.
at_least() {
  local release
  read -r release </proc/sys/kernel/osrelease
  [[ $release =~ ^([0-9]+)\.([0-9]+) ]]
  [ $((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2])) -ge $((${1%.*} * 1000 + ${1#*.})) ]
}

feature_names() {
  printf '%s\n' "${first_linux[@]% *}"
}

expected_features() {
  local each
  for each in "${first_linux[@]}"; do
    if at_least "${each#* }"; then echo "${each% *} yes"; else echo "${each% *} no"; fi
  done
}

@test "the chosen interfaces are those of this kernel" {
  diff <(expected_features) <(nsx-ls --features)
}

@test "an ordinary user's interfaces are the same, except for BPF" {
  diff <(expected_features | sed 's/^bpf yes/bpf no/') <(as_user nsx-ls --features)
}

@test "NSX_KERNEL_FEATURES removes the given interface only" {
  local feature
  expected_features >"$BATS_TEST_TMPDIR/expected"
  for feature in $(feature_names); do
    diff <(sed "s/^$feature .*/$feature no/" "$BATS_TEST_TMPDIR/expected") \
      <(NSX_KERNEL_FEATURES=-$feature nsx-ls --features)
  done
}

# Starts a process in each new kind of namespace, one in all of them, and two that share one.
make_namespaces() {
  spawn_in net --net
  spawn nsenter --net="/proc/$pid/ns/net" sleep 300
  wait_until has_left "$pid" net
  spawn_in uts --uts
  spawn_in ipc --ipc
  spawn_in mnt --mount
  spawn_in cgroup --cgroup
  spawn unshare --pid --fork --kill-child sleep 300
  spawn unshare --time --fork --kill-child sleep 300
  spawn as_user unshare --user --map-root-user --uts sleep 300
  wait_until has_left "$pid" uts
  spawn_in user --user --net --uts --ipc --mount --cgroup
  # The children of those that fork.
  wait_until has_children 2
}

# Whether this many spawned processes have a child outside our pid or time namespace.
has_children() {
  local each child found=0
  for each in "${spawned[@]}"; do
    if has_child "$each" sleep && { has_left "$child" pid || has_left "$child" time; }; then
      found=$((found + 1))
    fi
  done
  [ "$found" -eq "$1" ]
}

# The inodes of the namespaces of the spawned processes and their children, without ours.
made() {
  local each child pids=("${spawned[@]}")
  for each in "${spawned[@]}"; do
    if has_child "$each" sleep; then pids+=("$child"); fi
  done
  for each in $$ "${pids[@]}"; do namespaces "$each"; done |
    awk 'NR <= kinds { ours[$2]; next } !($2 in ours) { print $2 }' kinds="${#kernel_kinds[@]}" | sort -u
}

# The rows of these namespaces: rows_of FILE COMMAND..., with the inodes in the file.
rows_of() {
  local inodes=$1
  shift
  "$@" -l -n -o NS,TYPE,NPROCS,PID,USER | awk 'NR == FNR { ours[$1]; next } $1 in ours' "$inodes" -
}

# Each interface alone, and all of them, disabled.
each_fallback_agrees() { # COMMAND...
  local feature
  rows_of "$BATS_TEST_TMPDIR/made" "$@" >"$BATS_TEST_TMPDIR/newest"
  for feature in $(feature_names) "$(feature_names | paste -sd, | sed 's/,/,-/g')"; do
    echo "without $feature:"
    export NSX_KERNEL_FEATURES=-$feature
    diff "$BATS_TEST_TMPDIR/newest" <(rows_of "$BATS_TEST_TMPDIR/made" "$@")
    unset NSX_KERNEL_FEATURES
  done
}

# bats test_tags=one-kernel
@test "every fallback lists the same namespaces" {
  make_namespaces
  made >"$BATS_TEST_TMPDIR/made"
  each_fallback_agrees nsx-ls
  # All created namespaces are listed.
  diff "$BATS_TEST_TMPDIR/made" <(awk '{ print $1 }' "$BATS_TEST_TMPDIR/newest" | sort -u)
}

# bats test_tags=one-kernel
@test "every fallback lists the same namespaces to an ordinary user" {
  make_namespaces
  made >"$BATS_TEST_TMPDIR/made"
  each_fallback_agrees as_user nsx-ls
}

@test "the census by BPF lists the same namespaces as the one by /proc" {
  make_namespaces
  made >"$BATS_TEST_TMPDIR/made"
  NSX_DEBUG=census NSX_KERNEL_FEATURES=+bpf nsx-ls 2>&1 >/dev/null | grep -q 'census: bpf: [0-9]* tasks'
  NSX_KERNEL_FEATURES=-bpf rows_of "$BATS_TEST_TMPDIR/made" nsx-ls >"$BATS_TEST_TMPDIR/by-proc"
  NSX_KERNEL_FEATURES=+bpf rows_of "$BATS_TEST_TMPDIR/made" nsx-ls >"$BATS_TEST_TMPDIR/by-bpf"
  [ -s "$BATS_TEST_TMPDIR/by-proc" ]
  diff "$BATS_TEST_TMPDIR/by-proc" "$BATS_TEST_TMPDIR/by-bpf"
}

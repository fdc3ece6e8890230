# SPDX-License-Identifier: MIT
load ../lib/common

# nsx-ls while processes, threads and namespaces come and go as fast as two processors allow, in every view of the
# table in tests/storm/ls_storm.cc. NSX_STORM_RUNS is the number of runs of each, in each test; thousands take an
# hour in the last one, and days in the others.

setup() {
  # shellcheck disable=SC2034 # for teardown
  spawned=()
  storm=$NSX_BUILD/tests/storm/ls-storm
  [ -x "$storm" ] || cannot "find ls-storm: build with -Dtests=true"
  runs=${NSX_STORM_RUNS:-1}
  touch "$BATS_TEST_TMPDIR/pin"
}

# The last line reports the runs, and that there was a storm: more processes than runs.
all_went_well() {
  echo "$output"
  [ "$status" = 0 ]
  [[ "${lines[-1]}" =~ ^$runs\ runs\ of\ ([0-9]+)\ views\;\ ([0-9]+)\ processes,\ ([0-9]+)\ threads,\ ([0-9]+)\ namespaces ]]
  [ "${BASH_REMATCH[1]}" -ge 25 ]
  [ "${BASH_REMATCH[2]}" -gt $((runs * BASH_REMATCH[1])) ]
  [ "${BASH_REMATCH[3]}" -gt 0 ]
  [ "${BASH_REMATCH[4]}" -gt 0 ]
}

# bats test_tags=slow,host-only
@test "a storm beside the machine's processes: every run of every view is right" {
  run marked "$storm" "$runs" "$BATS_TEST_TMPDIR/pin"
  all_went_well
  nothing_is_left
}

# bats test_tags=slow,host-only
@test "a storm in a PID namespace that reuses numbers at once: every run is right" {
  here=$(cat /proc/sys/kernel/pid_max)
  # From Linux 6.14 on, a PID namespace has its own limit, and a new one the largest.
  run marked unshare -p -f --kill-child --mount-proc -- sh -c '
    if [ "$(cat /proc/sys/kernel/pid_max)" != "$1" ]; then echo 600 >/proc/sys/kernel/pid_max; fi
    exec "$2" "$3" "$4"' - "$here" "$storm" "$runs" "$BATS_TEST_TMPDIR/pin"
  all_went_well
  [ "$(cat /proc/sys/kernel/pid_max)" = "$here" ]
  nothing_is_left
}

# bats test_tags=slow,host-only
@test "a storm on the CPU time that nsx-ls leaves: many runs, each of them right" {
  runs=${NSX_STORM_RUNS:-6}
  run marked "$storm" --yield "$runs" "$BATS_TEST_TMPDIR/pin"
  all_went_well
  nothing_is_left
}

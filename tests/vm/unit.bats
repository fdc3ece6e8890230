#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The unit tests, on this kernel.

load ../lib/common

# Tests that never ask the kernel take as long to emulate as all the others.
no_kernel='Options/*:Commands/*:Character.*:RowsAsJson.*:TopModel.*:Filter*'

pass() { # PROGRAM [FILTER]
  run -0 "$NSX_BUILD/tests/unit/$1" --gtest_brief=1 --gtest_filter="${2-*}"
  echo "$output"
  if [ "${NSX_MUST_WORK:-0}" = 1 ]; then
    [[ $output != *SKIPPED* ]]
  fi
}

@test "the unit tests pass" {
  pass nsx-unit-tests "-$no_kernel"
}

# bats test_tags=any-kernel
@test "recorded answers of other kernels are read as on those kernels" {
  pass nsx-recorded-tests
}

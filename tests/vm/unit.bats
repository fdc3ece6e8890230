#!/usr/bin/env bats
# The unit tests, on this kernel.

load ../lib/common

@test "the unit tests pass" {
  run -0 "$NSX_BUILD/tests/unit/nsx-unit-tests" --gtest_brief=1
  echo "$output"
  if [ "${NSX_MUST_WORK:-0}" = 1 ]; then
    [[ $output != *SKIPPED* ]]
  fi
}

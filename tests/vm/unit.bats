#!/usr/bin/env bats
# The unit tests, on this kernel.

load ../lib/common

pass() { # PROGRAM
  run -0 "$NSX_BUILD/tests/unit/$1" --gtest_brief=1
  echo "$output"
  if [ "${NSX_MUST_WORK:-0}" = 1 ]; then
    [[ $output != *SKIPPED* ]]
  fi
}

@test "the unit tests pass" {
  pass nsx-unit-tests
}

# bats test_tags=any-kernel
@test "what other kernels have answered is read as there" {
  pass nsx-recorded-tests
}

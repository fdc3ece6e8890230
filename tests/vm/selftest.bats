#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=host-only
# Every failure of a virtual machine fails the run, and is reported by its name. Boots one machine after another, of
# $NSX_VM_SELFTEST_KERNEL (default bookworm): bats tests/vm/selftest.bats

bats_require_minimum_version 1.5.0

# One machine, which runs one file of fixtures: lane FILE OPTIONS...
lane() {
  local file=$1
  shift
  run "$BATS_TEST_DIRNAME/run.sh" --no-install --results="$BATS_TEST_TMPDIR/results" "$@" \
    "${NSX_VM_SELFTEST_KERNEL:-bookworm}" -- "tests/vm/fixtures/$file"
  echo "$output"
}

@test "a test that fails in the machine fails the run, with its output" {
  NSX_MUST_WORK=0 lane fails.bats
  [ "$status" -eq 1 ]
  [[ $output == *"FAILED  this one fails"*"what it said"* ]]
  [[ $output == *"skipped this one is skipped"* ]]
  [ "${lines[-1]}" = "1 passed, 1 failed" ]
  grep -q '^not ok 3 this one fails' "$BATS_TEST_TMPDIR"/results/*.tap
}

@test "under NSX_MUST_WORK=1 a skip fails the run" {
  NSX_MUST_WORK=1 lane fails.bats
  [ "$status" -eq 1 ]
  [[ $output == *"FAILED  this one is skipped"* ]]
  [ "${lines[-1]}" = "1 passed, 2 failed" ]
}

@test "a panic is reported as one, with the console" {
  lane panics.bats
  [ "$status" -eq 1 ]
  [[ $output == *"FAILED  2 of 3 tests have no result"*"FAILED  the kernel panicked"* ]]
  [[ $output == *"sysrq triggered crash"* ]]
  [ "${lines[-1]}" = "1 passed, 2 failed" ]
}

# Makes the machine's kernel find no init, and panic, this number of times: panics_at_boot TIMES
panics_at_boot() {
  local bin=$BATS_TEST_TMPDIR/bin
  mkdir "$bin"
  yes | head -n "$1" >"$BATS_TEST_TMPDIR/times"
  cat >"$bin/qemu-system-x86_64" <<END
#!/bin/bash
PATH=$PATH times=$BATS_TEST_TMPDIR/times
# A separate boot tests for KVM.
if [[ "\$*" != *probe.cpio* && -s \$times ]]; then
  sed -i 1d "\$times"
  set -- "\${@//rdinit=\/init/rdinit=\/none}"
fi
exec qemu-system-x86_64 "\$@"
END
  chmod +x "$bin/qemu-system-x86_64"
  PATH=$bin:$PATH
}

@test "a machine whose kernel panics before any test is booted once more" {
  panics_at_boot 1
  NSX_MUST_WORK=0 lane fails.bats
  [[ $output == *"booted twice: at first the kernel panicked before a test had begun"* ]]
  [ "${lines[-1]}" = "1 passed, 1 failed" ]
  grep -q 'Kernel panic' "$BATS_TEST_TMPDIR"/results/*.first-console
}

@test "a second panic before any test is final" {
  panics_at_boot 2
  lane fails.bats
  [ "$status" -eq 1 ]
  [[ $output == *"booted twice"*"FAILED  the kernel panicked"* ]]
  [ "${lines[-1]}" = "0 passed, 1 failed" ]
}

@test "a hang is reported as one, with the console" {
  lane hangs.bats --timeout=40
  [ "$status" -eq 1 ]
  [[ $output == *"FAILED  the machine hung"* ]]
  [[ $output == *"its console"*"Run /init as init process"* ]]
  [ "${lines[-1]}" = "0 passed, 2 failed" ]
}

@test "a test that takes too long fails, and the next one runs" {
  lane lasts.bats --timeout=60
  [ "$status" -eq 1 ]
  [[ $output == *"FAILED  this one lasts"*"timeout after 45s"* ]]
  [ "${lines[-1]}" = "1 passed, 1 failed" ]
}

@test "a machine that ends before its tests fails the run" {
  lane resets.bats
  [ "$status" -eq 1 ]
  [[ $output == *"FAILED  the machine ended without all its results"* ]]
  [ "${lines[-1]}" = "1 passed, 1 failed" ]
}

@test "an unavailable kernel is skipped, and a failure under NSX_MUST_WORK=1" {
  export NSX_VM_CACHE=$BATS_TEST_TMPDIR/cache NSX_VM_MIRROR=http://127.0.0.1:9/debian
  NSX_MUST_WORK=0 lane fails.bats
  [ "$status" -eq 0 ]
  [[ $output == *"archive can't be reached"*"bookworm: skipped: the kernel is not to be had"* ]]
  [ "${lines[-1]}" = "0 passed, 0 failed" ]
  NSX_MUST_WORK=1 lane fails.bats
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "0 passed, 1 failed" ]
}

@test "a cached kernel is used when the archive can't be reached" {
  NSX_VM_MIRROR=http://127.0.0.1:9/debian lane fails.bats
  [[ $output == *"using the cached"* ]]
  [ "${lines[-1]}" = "1 passed, 1 failed" ] || [ "${lines[-1]}" = "1 passed, 2 failed" ]
}

@test "neither a machine nor a file of it is left" {
  export TMPDIR=$BATS_TEST_TMPDIR
  "$BATS_TEST_DIRNAME/run.sh" --no-install --results="$BATS_TEST_TMPDIR/results" bookworm -- \
    tests/vm/fixtures/hangs.bats >/dev/null 2>&1 3>&- &
  local run=$!
  local tap=
  for _ in $(seq 60); do
    sleep 1
    tap=$(grep -l '^1\.\.2' "$TMPDIR"/nsx-vm.*/bookworm.1/tap 2>/dev/null) && break
  done
  [ -n "$tap" ]
  pgrep -f "qemu-system.*${tap%/tap}/disk"
  kill -TERM "$run"
  wait "$run" || true
  [ ! -e "${tap%/bookworm.1/tap}" ]
  [ -z "$(pgrep -f "qemu-system.*${tap%/tap}/disk")" ]
}

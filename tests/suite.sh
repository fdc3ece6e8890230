#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs one test suite, for tests/run.sh and `meson test`. Prints the output of Google Test, or TAP.
# Usage: NSX_BUILD=DIR sh tests/suite.sh unit PROGRAM [GTEST-OPTION...]
#        NSX_BUILD=DIR sh tests/suite.sh example|cli|attack|peers|docs [BATS-OPTION...]
#
#   NSX_BUILD       the build directory
#   NSX_STAGE       an installation of it (default: one is made, after a build, and removed)
#   NSX_SANITIZED   "yes" for a build with sanitizers
#
# An ordinary user runs the bats tests that are tagged `rootless`, on the machine's own /run.
set -eu

suite=${1:?usage: tests/suite.sh SUITE [ARGUMENT...]}
shift
NSX_SOURCE=$(cd "$(dirname "$0")/.." && pwd)
NSX_BUILD=$(cd "${NSX_BUILD:?}" && pwd)
export NSX_SOURCE NSX_BUILD

# A parent that exits inside new namespaces cannot check for leaks: no /proc, no tracing.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}" UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
# Set by `meson test`.
unset MALLOC_PERTURB_ MESON_TEST_ITERATION

# Below nohup(1), signals would be ignored, which some tests are about. Root's tests have a mount namespace with a
# private /run: what others mount, pin and run meanwhile does not interfere.
alone() {
  if [ "$(id -u)" != 0 ]; then
    env --default-signal "$@"
    return
  fi
  unshare -m --propagation=private sh -c '
    mount -t tmpfs -o mode=755,nosuid,nodev run /run && mount --make-rshared / && exec "$@"' sh \
    env --default-signal "$@"
}

if [ "$suite" = unit ]; then
  alone "$@"
  exit
fi

if [ -z "${NSX_STAGE:-}" ]; then
  stage=$(mktemp -d /tmp/nsx-stage.XXXXXX)
  trap 'rm -rf "$stage"' EXIT
  trap 'exit 1' HUP INT TERM
  # An ordinary user reads it, too, wherever the source is.
  chmod 755 "$stage"
  DESTDIR=$stage meson install -C "$NSX_BUILD" --quiet >&2
  chmod -R a+rX "$stage"
  NSX_STAGE=$stage
fi
export NSX_STAGE PATH="$NSX_STAGE/usr/bin:$PATH"
LD_LIBRARY_PATH=$(dirname "$(find "$NSX_STAGE" -name libnsx.so.0)")
export LD_LIBRARY_PATH

# Tests that need a machine of their own are for tests/vm. The sanitizers' start reads /proc and takes time, so tests
# that run nsx without /proc, as fast as possible, or for long, are left to the other build.
tags='!vm-only'
[ "${NSX_SANITIZED:-}" != yes ] || tags="$tags,!needs-no-proc,!needs-speed,!slow"
[ "$(id -u)" = 0 ] || tags="$tags,rootless"
# A passed test is one line; a failed one shows its output.
alone bats --tap --timing --print-output-on-failure --filter-tags "$tags" "$@" "$NSX_SOURCE/tests/$suite" </dev/null

#!/bin/sh
# Installs what the tests need, builds nsx, and runs every test on this machine.
# See --help, and HACKING.md.
set -eu

usage() {
  cat <<'END'
Usage: sudo sh tests/run.sh [options] [-- bats-argument...]

Installs what the tests need (Debian packages), builds, and runs all tests.

  --build=DIR      the build directory (default build-tests, below the source)
  --sanitize       build with AddressSanitizer and UndefinedBehaviorSanitizer
  --build-only     build, and run no test
  --no-install     install no packages
  --only=LIST      of unit, example, cli, peers, docs (default: all, with commas)
  --vm             also run the tests on other kernels: tests/vm/run.sh
  --help           print this help

NSX_MUST_WORK=1 makes a skipped test a failure. The last line counts all tests.
END
}

source_dir=$(cd "$(dirname "$0")/.." && pwd)
build_dir=$source_dir/build-tests
sanitize=
install=yes
build_only=
only=unit,example,cli,peers,docs
vm=
while [ $# -gt 0 ]; do
  case $1 in
    --build=*) build_dir=${1#*=} ;;
    --sanitize) sanitize=yes ;;
    --build-only) build_only=yes ;;
    --no-install) install= ;;
    --only=*) only=${1#*=} ;;
    --vm) vm=yes ;;
    --help)
      usage
      exit 0
      ;;
    --)
      shift
      break
      ;;
    *)
      echo "tests/run.sh: unknown option $1; try --help" >&2
      exit 1
      ;;
  esac
  shift
done

if [ "$(id -u)" != 0 ]; then
  echo "tests/run.sh: the tests make real namespaces of every kind: run it as root (sudo)" >&2
  exit 1
fi

. "$source_dir/tools/packages.sh"
if [ -n "$install" ]; then
  # shellcheck disable=SC2086 # lists of words
  install_packages $build_packages $test_packages
fi

chosen() {
  case ",$only," in *",$1,"*) return 0 ;; *) return 1 ;; esac
}

echo "== build ($build_dir)"
setup_options="--prefix=/usr --werror"
if chosen unit; then
  setup_options="$setup_options -Dtests=true"
else
  setup_options="$setup_options -Dtests=false"
fi
if [ -n "$sanitize" ]; then
  setup_options="$setup_options -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=0 -Dcpp_args=-g1"
fi
# shellcheck disable=SC2086 # a list of words
if [ -f "$build_dir/build.ninja" ]; then
  meson setup --reconfigure $setup_options "$build_dir" "$source_dir" >/dev/null
else
  meson setup $setup_options "$build_dir" "$source_dir" >/dev/null
fi
ninja -C "$build_dir" --quiet
[ -z "$build_only" ] || exit 0

work=$(mktemp -d /tmp/nsx-tests.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
# An installation that an ordinary user can read, wherever the source is.
DESTDIR=$work/stage meson install -C "$build_dir" --quiet --no-rebuild
chmod -R a+rX "$work/stage"

export NSX_SOURCE="$source_dir" NSX_BUILD="$build_dir" NSX_STAGE="$work/stage"
export PATH="$NSX_STAGE/usr/bin:$PATH"
LD_LIBRARY_PATH=$(dirname "$(find "$NSX_STAGE" -name libnsx.so.0)")
export LD_LIBRARY_PATH
# A parent that ends inside of new namespaces can't look for leaks: no /proc, no tracing.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}" UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"

passed=0
failed=0

# Counts what a file of TAP lines tells. A skip is a success that was not tried.
count_tap() {
  ok=$(grep -c '^ok ' "$1" || true)
  bad=$(grep -c '^not ok ' "$1" || true)
  plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1" | head -n 1)
  # Tests that were planned and never came are failures.
  missing=$((${plan:-1} - ok - bad))
  [ "$missing" -ge 0 ] || missing=0
  passed=$((passed + ok))
  failed=$((failed + bad + missing))
  if [ "${NSX_MUST_WORK:-0}" = 1 ]; then
    skipped=$(grep -c '^ok .* # skip' "$1" || true)
    passed=$((passed - skipped))
    failed=$((failed + skipped))
  fi
}

# Some tests are about signals: none is ignored, be it below nohup(1).
if chosen unit; then
  for program in nsx-unit-tests nsx-recorded-tests; do
    echo "== unit ($program)"
    status=0
    env --default-signal "$build_dir/tests/unit/$program" --gtest_brief=1 >"$work/unit" 2>&1 || status=$?
    cat "$work/unit"
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$work/unit" | tail -n 1)
    bad=$(sed -n 's/^ *\([0-9]*\) FAILED TEST.*/\1/p' "$work/unit" | tail -n 1)
    skips=$(grep -c '^\[  SKIPPED \]' "$work/unit" || true)
    if [ "$status" != 0 ] && [ -z "$bad" ]; then bad=1; fi
    passed=$((passed + ${ok:-0}))
    failed=$((failed + ${bad:-0}))
    if [ "${NSX_MUST_WORK:-0}" = 1 ]; then failed=$((failed + skips)); fi
  done
fi

# What needs a machine of its own is for tests/vm. The sanitizers' own start reads /proc and takes its
# time, so what runs nsx without the one, as fast as can be, or for long, is left to the other build.
tags="--filter-tags !vm-only"
if [ -n "$sanitize" ]; then
  tags="--filter-tags !vm-only,!needs-no-proc,!needs-speed,!slow"
fi
for suite in example cli peers docs; do
  chosen $suite || continue
  echo "== $suite"
  # shellcheck disable=SC2086 # two words or none
  env --default-signal bats --tap --timing $tags "$@" "$source_dir/tests/$suite" >"$work/tap" </dev/null || true
  # What passed is one line each; what failed shows all that it printed.
  cat "$work/tap"
  count_tap "$work/tap"
done

if [ -n "$vm" ]; then
  echo "== vm"
  "$source_dir/tests/vm/run.sh" >"$work/vm" 2>&1 || true
  cat "$work/vm"
  ok=$(sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p' "$work/vm" | tail -n 1)
  bad=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed$/\1/p' "$work/vm" | tail -n 1)
  # A run without a count has failed.
  passed=$((passed + ${ok:-0}))
  failed=$((failed + ${bad:-1}))
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what the tests need, builds nsx, and runs every test on this machine.
# See --help, and HACKING.md.
set -eu

usage() {
  cat <<'END'
Usage: sudo sh tests/run.sh [options] [-- bats-argument...]

Installs what the tests need (Debian packages), builds, and runs all tests.
Run by an ordinary user, it installs nothing and runs what works without root.

  --build=DIR      the build directory (default build-tests, below the source)
  --sanitize       build with AddressSanitizer and UndefinedBehaviorSanitizer
  --build-only     build, and run no test
  --no-install     install no packages
  --only=LIST      of unit, example, cli, attack, peers, docs (default: all, with commas)
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
only=unit,example,cli,attack,peers,docs
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
if chosen unit || chosen attack || chosen cli; then
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

export NSX_BUILD="$build_dir" NSX_STAGE="$work/stage" NSX_SANITIZED="$sanitize"

passed=0
failed=0

# Counts the results in a file of TAP lines. A skip is a success that was not tried.
count_tap() {
  ok=$(grep -c '^ok ' "$1" || true)
  bad=$(grep -c '^not ok ' "$1" || true)
  plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1" | head -n 1)
  # Planned tests without a result are failures.
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

if chosen unit; then
  for program in nsx-unit-tests nsx-recorded-tests; do
    echo "== unit ($program)"
    status=0
    # A line for each test, as it ends.
    {
      sh "$source_dir/tests/suite.sh" unit "$build_dir/tests/unit/$program" 2>&1 || echo $? >"$work/status"
    } | tee "$work/unit" | grep --line-buffered -v '^\[ RUN \|^\[---\|^$'
    if [ -e "$work/status" ]; then read -r status <"$work/status"; rm "$work/status"; fi
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$work/unit" | tail -n 1)
    bad=$(sed -n 's/^ *\([0-9]*\) FAILED TEST.*/\1/p' "$work/unit" | tail -n 1)
    skips=$(grep -c '^\[  SKIPPED \].* ms)$' "$work/unit" || true)
    if [ "$status" != 0 ] && [ -z "$bad" ]; then bad=1; fi
    passed=$((passed + ${ok:-0}))
    failed=$((failed + ${bad:-0}))
    if [ "${NSX_MUST_WORK:-0}" = 1 ]; then failed=$((failed + skips)); fi
  done
fi

for suite in example cli attack peers docs; do
  chosen $suite || continue
  echo "== $suite"
  { sh "$source_dir/tests/suite.sh" "$suite" "$@" || true; } | tee "$work/tap"
  count_tap "$work/tap"
done

if [ -n "$vm" ]; then
  echo "== vm"
  { "$source_dir/tests/vm/run.sh" 2>&1 || true; } | tee "$work/vm"
  ok=$(sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p' "$work/vm" | tail -n 1)
  bad=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed$/\1/p' "$work/vm" | tail -n 1)
  # A run without a count has failed.
  passed=$((passed + ${ok:-0}))
  failed=$((failed + ${bad:-1}))
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

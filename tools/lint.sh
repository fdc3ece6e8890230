#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the given files, or all files of the repository, without changing any. Used by .ci/run and
# .pre-commit-config.yaml.
# Usage: tools/lint.sh format|shell|bats|man|tidy|tidy-all [FILE...]    (FILE is relative to the top directory)
#
#   NSX_TIDY_BUILD  build directory for clang-tidy (default: build-tidy)
set -eu
cd "$(dirname "$0")/.."

check=${1:?usage: tools/lint.sh format|shell|bats|man|tidy|tidy-all [FILE...]}
shift

# Prints the given files, or without any, the files of the repository that match: files_or PATTERN... -- FILE...
files_or() {
  patterns=
  while [ "$1" != -- ]; do
    patterns="$patterns $1"
    shift
  done
  shift
  if [ $# -gt 0 ]; then
    printf '%s\n' "$@"
  else
    set -f
    # shellcheck disable=SC2086 # a list of words
    git ls-files -- $patterns
    set +f
  fi
}

man_pages() {
  found=0
  for page in $(files_or 'man/*.[1-8]' -- "$@"); do
    # mdoc(7) has EXAMPLES further down.
    said=$(mandoc -T lint -W warning "$page" | grep -v 'conventional order: Sh ENVIRONMENT$') || true
    [ -z "$said" ] || {
      echo "$said"
      found=1
    }
  done
  return "$found"
}

# Runs clang-tidy without precompiled headers, so that each file has to include everything it uses:
# tidy CHECKS FILE...
tidy() {
  checks=$1
  shift
  build=${NSX_TIDY_BUILD:-build-tidy}
  [ -f "$build/build.ninja" ] || CXX=clang++ meson setup -Db_pch=false -Dtests=false "$build"
  ninja -C "$build" lib/cgroup/incoming.inc lib/cgroup/outgoing.inc lib/discovery/census_plain.inc \
    lib/discovery/census_probing.inc lib/discovery/lookup_plain.inc lib/discovery/lookup_probing.inc \
    lib/starter/starter_bytes.inc
  # Each file is a regular expression.
  run-clang-tidy -quiet -p "$build" -j "$(nproc)" -checks="$checks" "$@"
}

case $check in
  format)
    files_or '*.cc' '*.hh' -- "$@" | xargs clang-format --dry-run -Werror
    ;;
  shell)
    files_or '*.sh' '*.bash' .ci/run tests/vm/init 'packaging/debian/tests/*' ':!*/control' ':!tests/data' -- "$@" | xargs shellcheck -x -P SCRIPTDIR
    ;;
  bats)
    # SC2030, SC2031: each test is a subshell by design. SC2086: tables split words on purpose. SC2016: scripts in
    # single quotes are for an inner shell. SC2154: the variables are set by common.bash and bats.
    files_or '*.bats' -- "$@" | xargs shellcheck -s bats -x -P SCRIPTDIR -e SC2016,SC2030,SC2031,SC2086,SC2154
    ;;
  man)
    man_pages "$@"
    ;;
  tidy)
    # All checks on all files would take longer than all tests.
    [ $# -gt 0 ] || set -- "$PWD/(lib|tools/common)/.*\.cc"
    tidy '-clang-analyzer-*,-modernize-*,-readability-*' "$@"
    ;;
  tidy-all)
    [ $# -gt 0 ] || set -- "$PWD/(lib|tools|completions)/.*\.cc"
    tidy '' "$@"
    ;;
  *)
    echo "tools/lint.sh: unknown check $check" >&2
    exit 2
    ;;
esac

#!/bin/bash
# SPDX-License-Identifier: MIT
# Removes the defences one by one and shows that the attacks succeed: an attack test that passes without its
# defence shows nothing. No lane of CI, as each needs a build. Usage: sudo bash tests/attack/without.sh [NAME...]
#
# without/NAME.patch removes one. Lines before its first "diff" name the tests that then have to fail:
#   Test: FILE.bats REGEX
set -euo pipefail

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d /tmp/nsx-without.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
copy=$work/source
mkdir "$copy"
# Committed and uncommitted files.
(cd "$source_dir" && git ls-files -z --cached --others --exclude-standard | cpio --quiet -0 -pdm "$copy")

names=("$@")
if [ $# = 0 ]; then
  for file in "$copy"/tests/attack/without/*.patch; do names+=("$(basename "$file" .patch)"); done
fi

build() {
  ninja -C "$work/build" --quiet lib/libnsx.so.0.1.0 tools/nsx-{cg,enter,ls,pin,unshare} \
    "${attacks[@]}" >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
  }
}

meson setup --prefix=/usr -Dtests=true "$work/build" "$copy" >/dev/null
mapfile -t attacks < <(ninja -C "$work/build" -t targets all | sed -n 's/^\(tests\/attack\/attack-[a-z-]*\): .*/\1/p')

# Runs a test with this build and returns the status of bats.
try() { # FILE REGEX
  export NSX_SOURCE=$copy NSX_BUILD=$work/build NSX_STAGE=$work/stage
  rm -rf "$NSX_STAGE"
  mkdir -p "$NSX_STAGE/usr/bin" "$NSX_STAGE/usr/lib"
  cp "$work/build"/tools/nsx-{cg,enter,ls,pin,unshare} "$NSX_STAGE/usr/bin/"
  cp "$work/build/lib/libnsx.so.0.1.0" "$NSX_STAGE/usr/lib/libnsx.so.0"
  PATH=$NSX_STAGE/usr/bin:$PATH LD_LIBRARY_PATH=$NSX_STAGE/usr/lib \
    env --default-signal bats --tap "$copy/tests/attack/$1" -f "$2" </dev/null
}

passed=0 failed=0
for name in "${names[@]}"; do
  patch=$copy/tests/attack/without/$name.patch
  patch -s -d "$copy" -p1 <"$patch"
  build
  while read -r file regex; do
    if try "$file" "$regex" >"$work/log" 2>&1; then
      echo "without $name: the attack FAILED to win: $file: $regex"
      failed=$((failed + 1))
    else
      echo "without $name: the attack wins: $file: $regex"
      passed=$((passed + 1))
    fi
  done < <(sed -n '/^diff/q; s/^Test: //p' "$patch")
  patch -s -R -d "$copy" -p1 <"$patch"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

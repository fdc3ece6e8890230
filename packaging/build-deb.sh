#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the Debian packages of what is committed, in a clean tree, and puts them into a directory. They are the same
# for the same commit and build dependencies, wherever they are built.
# Usage: sh packaging/build-deb.sh [DIR]    (default: packages, below the source)
set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
. "$source_dir/tools/packages.sh"
# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $deb_packages
mkdir -p "${1:-$source_dir/packages}"
packages=$(cd "${1:-$source_dir/packages}" && pwd)

# The clone may belong to another user than root.
in_git() {
  git -c safe.directory="$source_dir" -C "$source_dir" "$@"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/nsx-deb.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
tree=$work/nsx
mkdir "$tree"
in_git archive HEAD | tar -x -C "$tree"
mv "$tree/packaging/debian" "$tree/debian"

# The version is in meson.build alone. Until NEWS.md names its date, this is a snapshot, older than the release. The
# revision is below -1, which would be Debian's own.
version=$(sed -n "s/^  version: '\(.*\)',\$/\1/p" "$tree/meson.build")
if grep -qF "## $version (unreleased)" "$tree/NEWS.md"; then
  version=$version~git$(TZ=UTC0 in_git log -1 --format=%cd --date=format-local:%Y%m%d%H%M%S)
fi
cat >"$tree/debian/changelog" <<END
nsx ($version-0nsx1) unstable; urgency=medium

  * Build of commit $(in_git rev-parse --short=12 HEAD). NEWS.md lists the changes.

 -- $(sed -n 's/^Maintainer: //p' "$tree/debian/control")  $(LC_ALL=C in_git log -1 --format=%cD)
END

# set-group-ID directories and the umask would get into the packages.
umask 022
(cd "$tree" && dpkg-buildpackage --build=binary --unsigned-changes --unsigned-buildinfo "--jobs=$(nproc)") \
  >"$work/log" 2>&1 || {
  tail -n 50 "$work/log" >&2
  exit 1
}
mv "$work"/*.deb "$work"/*.buildinfo "$work"/*.changes "$packages"
echo "== $version-0nsx1 in $packages:"
(cd "$work" && sed -n 's/^ .* \([^ ]*\.deb\)$/\1/p' "$packages/nsx_$version-0nsx1"_*.changes | sort -u)

#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages in a minimal Debian, runs every command by its name, upgrades from a lower version, and
# purges: nothing may be left. Run by tests/fresh/run.sh, which copies the packages from NSX_PACKAGES:
#   sh packaging/build-deb.sh && sudo NSX_PACKAGES=packages sh tests/fresh/run.sh bookworm sh tests/fresh/deb.sh
# Without them, it builds them there first, which needs the build dependencies.
# shellcheck disable=SC2046,SC2086 # lists of words
set -eu

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
packages=/usr/src/packages
. "$source_dir/tools/packages.sh"
names="nsx nsx-compat libnsx0 libnsx-dev"

fail() {
  echo "tests/fresh/deb.sh: $*" >&2
  exit 1
}

# Caches and apt's own records change with every installation.
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /root -o -path /usr/src \
    -o -path /var/cache -o -path /var/log -o -path /var/lib/apt \) -prune \
    -o -path /etc/ld.so.cache -o -path '/var/lib/dpkg/*-old' -o -print | LC_ALL=C sort
}

# Prints the files of packages in a directory: debs DIR NAME...
debs() {
  directory=$1
  shift
  for name in "$@"; do echo "$directory/${name}"_*.deb; done
}

install_debs() {
  run_apt_get install -y --no-install-recommends $(debs "$@")
}

installed_version() {
  dpkg-query -W -f '${Version}' "$1"
}

[ -d "$packages" ] || sh "$source_dir/packaging/build-deb.sh" "$packages"
run_apt_get update

# Its own dependencies suffice for the tools.
install_debs "$packages" nsx
sh "$source_dir/packaging/debian/tests/commands" || fail "a command fails"
dpkg --purge nsx >/dev/null

# Everything that the packages depend on stays, and is not compared.
dependencies=$(LC_ALL=C apt-get -s install --no-install-recommends g++ pkg-config $(debs "$packages" $names) |
  sed -n 's/^Inst \([^ ]*\).*/\1/p' | grep -vxE "$(echo $names | tr ' ' '|')" || true)
run_apt_get install -y --no-install-recommends $dependencies
before=$(files)

echo "== upgrade from a lower version"
lower=$(mktemp -d)
for deb in $(debs "$packages" $names); do
  name=$(basename "$deb" | sed 's/_.*//')
  dpkg-deb -R "$deb" "$lower/tree"
  version=$(sed -n 's/^Version: //p' "$lower/tree/DEBIAN/control")
  sed -i "s/$version/0.0.1-0nsx1/g" "$lower/tree/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$lower/tree" "$lower/${name}_0.0.1-0nsx1.deb" >/dev/null
  rm -rf "$lower/tree"
done
install_debs "$lower" $names
[ "$(installed_version nsx)" = 0.0.1-0nsx1 ] || fail "the lower version is not installed"
install_debs "$packages" $names
rm -rf "$lower"
for name in $names; do
  [ "$(installed_version "$name")" = "$version" ] || fail "$name is not upgraded to $version"
done

for script in commands compat library; do
  sh "$source_dir/packaging/debian/tests/$script" || fail "debian/tests/$script fails"
done
changed=$(dpkg --verify $names)
[ -z "$changed" ] || fail "changed files: $changed"
ldconfig -p | grep -qF libnsx.so.0 || fail "the dynamic linker does not find libnsx.so.0"

echo "== purge"
run_apt_get purge -y $names
left=$(files)
[ "$before" = "$left" ] || {
  echo "$before" >/tmp/nsx-before
  echo "$left" | diff /tmp/nsx-before - >&2 || true
  rm /tmp/nsx-before
  fail "purging leaves something"
}
echo "installed, used, upgraded from 0.0.1-0nsx1 to $version, and purged"

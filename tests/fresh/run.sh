#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the README's commands as a newcomer would: on a clone of what is committed, in a minimal Debian made by
# debootstrap, which has its own mount and PID namespaces and sees none of this machine's files.
# Usage: sudo sh tests/fresh/run.sh bookworm|trixie [COMMAND...]
#
#   NSX_PACKAGES    directory of Debian packages, copied to /usr/src/packages there, for deb.sh
set -eu

suite=${1:?usage: tests/fresh/run.sh bookworm|trixie [COMMAND...]}
shift
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
if [ "$(id -u)" != 0 ]; then
  echo "tests/fresh/run.sh: it makes a root directory with its own mounts: run it as root" >&2
  exit 1
fi

. "$source_dir/tools/packages.sh"
install_packages debootstrap git util-linux

root=$(mktemp -d /tmp/nsx-fresh.XXXXXX)
# Mounts below it are in their own mount namespace, and disappear with it.
trap 'rm -rf --one-file-system "$root"' EXIT
chmod 755 "$root"

# shellcheck disable=SC2016 # a word of apt's format
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
echo "== debootstrap $suite"
debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log" 2>&1 || {
  tail -n 20 "$root.log"
  exit 1
}
rm -f "$root.log"
# How this machine reaches its mirror.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
git clone --quiet "file://$source_dir" "$root/usr/src/nsx"
[ -z "${NSX_PACKAGES:-}" ] || cp -r "$NSX_PACKAGES" "$root/usr/src/packages"

if [ $# = 0 ]; then
  set -- sh -c 'sh tools/quickstart.sh && sh tools/quickstart.sh >/dev/null &&
    sh tests/fresh/install.sh && sh tests/run.sh && sh tests/run.sh --no-install --only=cli'
fi

# pivot_root(2), not chroot(2): the kernel creates no user namespaces below a chroot.
# shellcheck disable=SC2016 # for the inner shell
NSX_FRESH_ROOT=$root unshare --mount --pid --fork --kill-child -- sh -c '
  set -eu
  cd "$NSX_FRESH_ROOT"
  mount --bind . .
  cd "$NSX_FRESH_ROOT"
  mount -t proc proc proc
  mount --rbind /sys sys
  mount --rbind /dev dev
  mount -t tmpfs tmpfs run
  mkdir old
  pivot_root . old
  cd /usr/src/nsx
  umount -l /old
  rmdir /old
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" \
    NSX_MUST_WORK="${NSX_MUST_WORK:-0}" "$@"' sh "$@"

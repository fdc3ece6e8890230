#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's kernels for the virtual machines, fetched by apt and never installed.
#
#   kernels.sh names         the names of the kernels, one a line
#   kernels.sh get NAME      fetches the newest one if it is not cached; prints its directory
#   kernels.sh cached NAME   prints the directory of the cached one, if there is one
#
# A kernel's directory is named by its version; it holds vmlinuz and lib/modules/RELEASE.
#
#   NSX_VM_CACHE    where they are kept (default: ${XDG_CACHE_HOME:-~/.cache}/nsx-vm)
#   NSX_VM_MIRROR   the address of a Debian archive (default: that of this machine's apt)
#
# Exit status: 0, 1 usage or failure, 3 the kernel is not cached and cannot be fetched.

set -euo pipefail

# shellcheck source=settings.bash
. "$(dirname "${BASH_SOURCE[0]}")/settings.bash"
# shellcheck source=../lib/archive.bash
. "$(dirname "${BASH_SOURCE[0]}")/../lib/archive.bash"

# The suites of the archive, newest kernel last.
declare -A suite_of=([bookworm]=bookworm [trixie]=trixie [backports]=trixie-backports)
names=(bookworm trixie backports)

metapackage=linux-image-cloud-amd64

say() { echo "kernels.sh: $*" >&2; }

configure() { # NAME
  configure_apt "$NSX_VM_CACHE/apt/$1" "${suite_of[$1]}"
}

# apt with the configuration of one suite: apt_for NAME COMMAND ARGS...
apt_for() {
  local dir=$NSX_VM_CACHE/apt/$1
  shift
  private_apt "$dir" "$@"
}

# The packages with vmlinuz and modules. Older kernels have them in linux-image-RELEASE, newer ones in linux-binary-,
# linux-modules- and linux-base-RELEASE, so they are found by the dependencies.
packages() { # NAME
  apt_for "$1" apt-cache depends --recurse --important "$metapackage" |
    grep -Eo '^linux-(image|binary|base|modules)-[0-9].*' | sort -u
}

cached() { # NAME
  local dir
  for dir in "$NSX_VM_CACHE/kernels/$1"/*/; do
    if [ -e "$dir/complete" ]; then
      echo "${dir%/}"
      return
    fi
  done
  return 1
}

# Downloads and unpacks the packages into a directory: unpack NAME DIR PACKAGES...
unpack() (
  name=$1 dir=$2
  shift 2
  rm -rf "$dir"
  mkdir -p "$dir/debs" "$dir/unpacked" || exit 1
  cd "$dir/debs" && apt_for "$name" apt-get -q download "$@" >&2 || exit 1
  for deb in *.deb; do
    dpkg-deb -x "$deb" ../unpacked || exit 1
  done
  cd "$dir" || exit 1

  # Both are in / or in /usr, depending on whether the release has merged them; from 7.x on vmlinuz is with the modules.
  for modules in unpacked/usr/lib/modules/* unpacked/lib/modules/*; do
    if [ ! -d "$modules" ]; then continue; fi
    release=${modules##*/}
    for image in "$modules/vmlinuz" "unpacked/boot/vmlinuz-$release"; do
      if [ ! -e "$image" ]; then continue; fi
      mkdir -p lib/modules &&
        mv "$image" vmlinuz &&
        mv "$modules" "lib/modules/$release" &&
        depmod -b . "$release" &&
        rm -rf debs unpacked &&
        : >complete
      exit
    done
  done
  say "$name: no kernel with its modules in: $*"
  exit 1
)

get() { # NAME
  local name=$1 have='' version names_of dir
  mkdir -p "$NSX_VM_CACHE/kernels/$name"
  exec 9>"$NSX_VM_CACHE/lock"
  flock 9
  have=$(cached "$name") || true

  # Unreachable: the cached one is used.
  if ! configure "$name" ||
    ! apt_for "$name" apt-get -q -o APT::Update::Error-Mode=any update >"$NSX_VM_CACHE/apt/$name.log" 2>&1; then
    if [ -n "$have" ]; then
      say "$name: the archive can't be reached; using the cached ${have##*/}"
      echo "$have"
      return
    fi
    grep -E '^[EW]:' "$NSX_VM_CACHE/apt/$name.log" 2>/dev/null >&2 || true
    say "$name: the archive can't be reached and no such kernel is cached. Run this once with a network," \
      "or set NSX_VM_MIRROR to an archive that can be reached, or copy another machine's $NSX_VM_CACHE"
    return 3
  fi

  version=$(apt_for "$name" apt-cache policy "$metapackage" | sed -n 's/^  Candidate: //p')
  mapfile -t names_of < <(packages "$name")
  if [ -z "$version" ] || [ "${#names_of[@]}" -eq 0 ]; then
    say "$name: the suite ${suite_of[$name]} has no $metapackage"
    return 3
  fi
  dir=$NSX_VM_CACHE/kernels/$name/$version
  if [ ! -e "$dir/complete" ]; then
    say "$name: fetching ${names_of[*]} $version"
    if ! unpack "$name" "$dir" "${names_of[@]}"; then
      rm -rf "$dir"
      if [ -n "$have" ]; then
        say "$name: $version can't be fetched; using the cached ${have##*/}"
        echo "$have"
        return
      fi
      say "$name: $version can't be fetched and no such kernel is cached"
      return 3
    fi
  fi
  # One version of each kernel is kept.
  local other
  for other in "$NSX_VM_CACHE/kernels/$name"/*/; do
    [ "${other%/}" = "$dir" ] || rm -rf "$other"
  done
  echo "$dir"
}

command=${1:-}
case $command in
  names) printf '%s\n' "${names[@]}" ;;
  get | cached)
    if [ -z "${2:-}" ] || [ -z "${suite_of[$2]:-}" ]; then
      say "no such kernel: ${2:-} (have: ${names[*]})"
      exit 1
    fi
    "$command" "$2"
    ;;
  *)
    say "usage: kernels.sh names | get NAME | cached NAME"
    exit 1
    ;;
esac

#!/bin/bash
# SPDX-License-Identifier: MIT
# Fetches programs of Debian's archives to compare with, using apt, and unpacks but never installs them.
#
#   fetch.sh util-linux   the newest available, which users will have next
#   fetch.sh docker       docker of this machine's release: dockerd, containerd, runc and the command line
#
# Fetches it if it is newer than the cached one; prints the directory with the files of the package and its
# dependencies.
#
#   NSX_PEER_CACHE    where it is kept (default: ${XDG_CACHE_HOME:-~/.cache}/nsx-peers)
#   NSX_VM_MIRROR     the address of a Debian archive (default: that of this machine's apt)
#
# Exit status: 0, 1 failure, 3 it is not cached and cannot be fetched.

set -euo pipefail

cache=${NSX_PEER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nsx-peers}
# shellcheck source=../lib/archive.bash
. "$(dirname "${BASH_SOURCE[0]}")/../lib/archive.bash"

say() { echo "fetch.sh: $*" >&2; }

case ${1-} in
  util-linux) newest_unpacked "$cache/util-linux" "trixie-backports sid" util-linux ;;
  docker)
    # shellcheck disable=SC1091 # of this machine
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    packages=(docker.io)
    # From Debian 13 on the command line has its own package.
    if [ "$codename" != bookworm ]; then packages+=(docker-cli); fi
    newest_unpacked "$cache/docker" "$codename" "${packages[@]}"
    ;;
  *)
    say "usage: fetch.sh util-linux|docker"
    exit 1
    ;;
esac

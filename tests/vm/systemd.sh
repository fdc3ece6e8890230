#!/bin/bash
# SPDX-License-Identifier: MIT
# Fetches systemd for a virtual machine, using apt, and never installs it: the packages are of the release of Debian
# that this machine runs, as the guest's other programs are copied from here.
#
#   systemd.sh      fetches it if it is newer than the cached one; prints the directory with the unpacked files
#
# Exit status: 0, 1 failure, 3 it is not cached and cannot be fetched.

set -euo pipefail

# shellcheck source=settings.bash
. "$(dirname "${BASH_SOURCE[0]}")/settings.bash"
# shellcheck source=../lib/archive.bash
. "$(dirname "${BASH_SOURCE[0]}")/../lib/archive.bash"

say() { echo "systemd.sh: $*" >&2; }

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
newest_unpacked "$NSX_VM_CACHE/systemd" "$codename" systemd dbus dbus-user-session libpam-systemd

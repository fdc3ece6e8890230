#!/bin/bash
# SPDX-License-Identifier: MIT
# What makes systemd the first process of a virtual machine: its packages, of the same release of Debian as this
# machine, as the guest's other programs are copied from here. Fetched with apt's own tools, never installed.
#
#   systemd.sh      fetches it if it is newer than the cached one; prints the directory that it is unpacked in
#
# Exit status: 0, 1 failure, 3 it is not cached and can't be fetched.

set -euo pipefail

# shellcheck source=settings.bash
. "$(dirname "${BASH_SOURCE[0]}")/settings.bash"
# shellcheck source=../lib/archive.bash
. "$(dirname "${BASH_SOURCE[0]}")/../lib/archive.bash"

say() { echo "systemd.sh: $*" >&2; }

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
newest_unpacked "$NSX_VM_CACHE/systemd" "$codename" systemd dbus dbus-user-session libpam-systemd

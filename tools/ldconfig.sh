#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by `meson install`. Updates the cache of the dynamic linker, so that programs that use libnsx.so.0 find it
# immediately. The tools of nsx do not need it.
set -eu

# A staged installation is left to the package's own script, and only root can write the cache.
if [ -n "${DESTDIR:-}" ] || [ "$(id -u)" != 0 ]; then exit 0; fi
# Not in every user's PATH.
PATH=$PATH:/usr/sbin:/sbin
command -v ldconfig >/dev/null || exit 0
ldconfig

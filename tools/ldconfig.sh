#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by `meson install`: lets the dynamic linker find libnsx.so.0 at once, for programs that use it. The
# commands of nsx do not need it.
set -eu

# What is staged for a package is for the package's own script, and only root can write the cache.
if [ -n "${DESTDIR:-}" ] || [ "$(id -u)" != 0 ]; then exit 0; fi
# Not in everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin
command -v ldconfig >/dev/null || exit 0
ldconfig

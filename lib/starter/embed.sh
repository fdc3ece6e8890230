#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints a file as initializers of a byte array, for #include. Usage: embed.sh FILE
set -eu
od -An -v -tx1 "$1" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'

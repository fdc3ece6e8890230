# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # of tests/suite.sh
# The installed library, and programs built against it.

libdir() {
  dirname "$(find "$NSX_STAGE" -name libnsx.so.0)"
}

# The flags that nsx.pc gives for a program.
flags() {
  PKG_CONFIG_PATH=$(libdir)/pkgconfig PKG_CONFIG_SYSROOT_DIR=$NSX_STAGE pkg-config "$@" nsx
}

# An installed library or tool built with a sanitizer needs its runtime.
is_sanitized() {
  nm -D "$(libdir)/libnsx.so.0" | grep -qE ' U __(asan|ubsan)_'
}

# Builds a program as a user would, at $BATS_TEST_TMPDIR under its name, and makes it find the library.
build_example() {
  local name
  name=$(basename "$1" .cc)
  # shellcheck disable=SC2046 # lists of words
  g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror -o "$BATS_TEST_TMPDIR/$name" \
    $(is_sanitized && echo -fsanitize=address,undefined) "$1" $(flags --cflags --libs)
  LD_LIBRARY_PATH=$(libdir)
  export LD_LIBRARY_PATH
}

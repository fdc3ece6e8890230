#!/usr/bin/env bats
# What is installed, as a stranger's program and a packager see it.

load ../lib/common

libdir() {
  dirname "$(find "$NSX_STAGE" -name libnsx.so.0)"
}

# The flags that nsx.pc gives for a program.
flags() {
  PKG_CONFIG_PATH=$(libdir)/pkgconfig PKG_CONFIG_SYSROOT_DIR=$NSX_STAGE pkg-config "$@" nsx
}

# An installed library or tool with a sanitizer in it needs the runtime it was made with.
is_sanitized() {
  nm -D "$(libdir)/libnsx.so.0" | grep -qE ' U __(asan|ubsan)_'
}

@test "everything is installed in its usual place" {
  for tool in nsx-unshare nsx-enter nsx-ls nsx-pin; do
    [ -x "$NSX_STAGE/usr/bin/$tool" ]
  done
  [[ $(libdir) == "$NSX_STAGE"/usr/lib* ]]
  [ -L "$(libdir)/libnsx.so" ]
  [ -L "$(libdir)/libnsx.so.0" ]
  [ -f "$(libdir)/pkgconfig/nsx.pc" ]
  diff <(cd "$NSX_SOURCE/lib/nsx" && ls) <(cd "$NSX_STAGE/usr/include/nsx" && ls)
}

@test "nothing else is installed in a place that others use" {
  run -0 ls "$NSX_STAGE/usr" "$NSX_STAGE/usr/bin" "$NSX_STAGE/usr/include"
  [ "$(ls "$NSX_STAGE/usr/include")" = nsx ]
  [ "$(ls "$NSX_STAGE/usr/bin")" = $'nsx-cg\nnsx-enter\nnsx-ls\nnsx-pin\nnsx-unshare' ]
  [ "$(ls "$NSX_STAGE")" = usr ]
}

@test "nsx.pc tells the version and no path of the build" {
  [ "$(flags --modversion)" = "$(nsx-ls --version | sed 's/.* //')" ]
  run -1 grep -e "$NSX_BUILD" -e "$NSX_SOURCE" "$(libdir)/pkgconfig/nsx.pc"
}

@test "a program of ten lines finds the namespace of a process" {
  # shellcheck disable=SC2046 # lists of words
  g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror -o "$BATS_TEST_TMPDIR/netns" \
    $(is_sanitized && echo -fsanitize=address,undefined) \
    "$NSX_SOURCE/tests/example/netns.cc" $(flags --cflags --libs)
  export LD_LIBRARY_PATH
  LD_LIBRARY_PATH=$(libdir)
  run -0 "$BATS_TEST_TMPDIR/netns" $$
  [ "$output" = "net $(ns_of $$ net)" ]
  run -1 "$BATS_TEST_TMPDIR/netns" 0
  [ "$output" = "cannot find PID 0: a PID is a number above 0" ]
}

@test "each public header compiles on its own" {
  for header in "$NSX_STAGE"/usr/include/nsx/*.hh; do
    echo "#include <nsx/${header##*/}>" |
      g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$NSX_STAGE/usr/include" \
        -x c++ -
  done
}

@test "the library's soname has its version" {
  run -0 readelf -d "$(libdir)/libnsx.so"
  [[ $output == *"Library soname: [libnsx.so.0]"* ]]
}

@test "the library exports names of namespace nsx and no other" {
  run -0 nm -DC --defined-only "$(libdir)/libnsx.so"
  [[ $output == *" T nsx::take_census("* ]]
  local ours='(nsx::|(typeinfo|typeinfo name|vtable) for nsx::|__odr_asan\._ZN3nsx)'
  run -1 grep -vE " [TDBRVWu] $ours" <<<"$output"
}

@test "the library and the tools bring their C++ runtime along" {
  if is_sanitized; then return; fi # it is then linked dynamically
  for file in "$(libdir)/libnsx.so.0" "$NSX_STAGE"/usr/bin/*; do
    run -0 readelf -d "$file"
    [[ $output != *libstdc++* ]]
    [[ $output != *libgcc_s* ]]
  done
}

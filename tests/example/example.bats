#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The installation, from the view of another program and of a packager.

# bats file_tags=rootless
load ../lib/common
load ../lib/installed

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

@test "only files of nsx are installed in shared directories" {
  run -0 ls "$NSX_STAGE/usr" "$NSX_STAGE/usr/bin" "$NSX_STAGE/usr/include"
  [ "$(ls "$NSX_STAGE/usr/include")" = nsx ]
  [ "$(ls "$NSX_STAGE/usr/bin")" = $'nsx-cg\nnsx-enter\nnsx-ls\nnsx-pin\nnsx-unshare' ]
  [ "$(ls "$NSX_STAGE")" = usr ]
}

@test "nsx.pc has the version and no path of the build" {
  [ "$(flags --modversion)" = "$(nsx-ls --version | sed 's/.* //')" ]
  run -1 grep -e "$NSX_BUILD" -e "$NSX_SOURCE" "$(libdir)/pkgconfig/nsx.pc"
}

@test "each public header compiles on its own" {
  for header in "$NSX_STAGE"/usr/include/nsx/*.hh; do
    echo "#include <nsx/${header##*/}>" |
      g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$NSX_STAGE/usr/include" \
        -x c++ -
  done
}

@test "each public header states its purpose, with an example that compiles" {
  local header example
  for header in "$NSX_STAGE"/usr/include/nsx/*.hh; do
    [ "$(sed -n '3s,^// .*,says,p' "$header")" = says ]
    example=$(sed -n '3,/^$/s,^//   ,,p' "$header")
    [ -n "$example" ] || {
      echo "no example: $header"
      return 1
    }
    {
      echo '#include <cstdio>'
      echo '#include <fcntl.h>'
      echo '#include <unistd.h>'
      (cd "$NSX_STAGE/usr/include" && printf '#include <%s>\n' nsx/*.hh)
      echo 'void example([[maybe_unused]] const nsx::Kernel& kernel) {'
      echo "$example"
      echo '}'
    } | g++ -std=c++20 -Wall -Wextra -Wno-unused-variable -Wno-unused-but-set-variable -Werror -fsyntax-only \
      -I"$NSX_STAGE/usr/include" -x c++ -
  done
}

@test "the library's soname has its version" {
  run -0 readelf -d "$(libdir)/libnsx.so"
  [[ $output == *"Library soname: [libnsx.so.0]"* ]]
}

@test "the library exports only names of namespace nsx" {
  run -0 nm -DC --defined-only "$(libdir)/libnsx.so"
  [[ $output == *" T nsx::take_census("* ]]
  local ours='(nsx::|(typeinfo|typeinfo name|vtable) for nsx::|__odr_asan\._ZN3nsx)'
  run -1 grep -vE " [TDBRVWu] $ours" <<<"$output"
}

@test "the tools contain the library and the C++ runtime" {
  if is_sanitized; then return; fi # the runtime is then linked dynamically
  for file in "$NSX_STAGE"/usr/bin/*; do
    run -0 readelf -d "$file"
    [[ $output != *libnsx* ]]
    [[ $output != *libstdc++* ]]
    [[ $output != *libgcc_s* ]]
  done
}

@test "the library throws std::bad_alloc through a program's own runtime, and attempt() turns it into an error" {
  if is_sanitized; then return; fi # its malloc does not fail
  build_example "$NSX_SOURCE/tests/example/memory.cc"
  run -0 "$BATS_TEST_TMPDIR/memory"
  [ "${#lines[@]}" = 2 ]
  [[ ${lines[0]} =~ ^thrown:\ [1-9][0-9]*$ ]]
  [[ ${lines[1]} =~ ^out\ of\ memory:\ [1-9][0-9]*$ ]]
}

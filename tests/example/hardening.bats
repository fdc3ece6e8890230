#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats and the loaded files
# How the installed programs and the library are built: read from the files, as a distribution's checks do.
# bats file_tags=rootless
load ../lib/common

setup() {
  library=$(find "$NSX_STAGE" -name libnsx.so.0)
  tools=("$NSX_STAGE"/usr/bin/*)
  [ "${#tools[@]}" = 5 ]
  files=("${tools[@]}" "$library")
}

is_sanitized() {
  nm -D "$library" | grep -qE ' U __(asan|ubsan)_'
}

is_x86() {
  [ "$(uname -m)" = x86_64 ]
}

# The words after FLAGS and FLAGS_1 in the dynamic section.
flags() {
  readelf -dW "$1" | sed -n 's/.*(FLAGS\(_1\)\?) *\(Flags: \)\?//p' | tr '\n' ' '
}

@test "every tool is position independent" {
  local file
  for file in "${files[@]}"; do
    [[ $(readelf -hW "$file") == *"Type: "*"DYN "* ]]
    [[ $(readelf -dW "$file") != *TEXTREL* ]]
  done
  for file in "${tools[@]}"; do [[ " $(flags "$file") " == *" PIE "* ]]; done
}

@test "relocated data is read-only when a program starts" {
  local file
  for file in "${files[@]}"; do
    [[ " $(flags "$file") " == *" NOW "* ]]
    [[ $(readelf -lW "$file") == *GNU_RELRO* ]]
  done
}

@test "no segment is both writable and executable, including the stack" {
  local file segments
  for file in "${files[@]}"; do
    segments=$(readelf -lW "$file")
    # Offset, two addresses, two sizes, then the flags.
    grep -qE '^ *GNU_STACK +(0x[0-9a-f]+ +){5}RW ' <<<"$segments"
    if grep -E '^ *LOAD +(0x[0-9a-f]+ +){5}RWE' <<<"$segments"; then return 1; fi
  done
}

@test "no file has an rpath" {
  local file
  for file in "${files[@]}"; do [[ $(readelf -dW "$file") != *R*PATH* ]]; done
}

@test "stack frames are protected, and the C library checks known sizes" {
  if is_sanitized; then cannot "tell: the sanitizers' checks take the place of these"; fi
  local file
  for file in "${files[@]}"; do
    run -0 nm -D --undefined-only "$file"
    [[ $output == *__stack_chk_fail* ]]
    grep -v __stack_chk_fail <<<"$output" | grep -qE '__[a-z]+_chk(@|$)'
  done
}

@test "the C++ library checks indices and iterators" {
  local file
  for file in "${files[@]}"; do LC_ALL=C grep -qaF '__n < this->size()' "$file"; done
}

@test "indirect calls and jumps have marked targets, if the processor checks them" {
  is_x86 || skip "asked of x86-64 alone"
  local file
  # The kernel enforces it only if all objects have the note: Debian's crt1.o and libstdc++.a lack it.
  for file in "${files[@]}"; do
    run -0 objdump -d --no-show-raw-insn "$file"
    [ "$(grep -c endbr64 <<<"$output")" -gt 100 ]
  done
}

@test "large stack frames are touched page by page, and locals without a value are zero" {
  if is_sanitized; then cannot "tell: built without optimization"; fi
  local command
  # The build's own command for a file of the library, applied to another source.
  command=$(jq -r '.[] | select(.file | endswith("lib/kernel/files.cc")) | .command' "$NSX_BUILD/compile_commands.json" |
    head -n 1)
  [ -n "$command" ]
  cat >"$BATS_TEST_TMPDIR/locals.cc" <<'END'
#include <cstdio>
__attribute__((noinline)) void dirty() {
  char text[9000];
  for (char& c : text) c = 'x';
  asm volatile("" : : "r"(text) : "memory");
}
__attribute__((noinline)) int sum() {
  char text[9000];
  char* at = text;
  asm volatile("" : "+r"(at) : : "memory");
  int all = 0;
  for (int i = 0; i < 9000; ++i) all += at[i] != 0 ? 1 : 0;
  return all;
}
int main() {
  dirty();
  std::printf("%d\n", sum());
}
END
  # Warnings, the precompiled header, and the output belong to the other file.
  command=$(sed -E 's,-include [^ ]*pch\.hh,,; s, -o [^ ]+,,; s, -MD , ,; s, -M[QF] [^ ]+,,g; s, -W[^ ]*,,g; s, -c [^ ]*files\.cc,,' <<<"$command")
  (cd "$NSX_BUILD" && sh -c "$command -c -o '$BATS_TEST_TMPDIR/locals.o' '$BATS_TEST_TMPDIR/locals.cc'")
  c++ -o "$BATS_TEST_TMPDIR/locals" "$BATS_TEST_TMPDIR/locals.o"
  run -0 "$BATS_TEST_TMPDIR/locals"
  [ "$output" = 0 ]
  is_x86 || return 0
  # A probe of each page: or $0, or mov $0, at the stack pointer.
  run -0 objdump -d --no-show-raw-insn "$BATS_TEST_TMPDIR/locals.o"
  grep -qE '(or|mov)q +\$0x0,(0x[0-9a-f]+)?\(%rsp\)' <<<"$output"
  local file
  for file in "${files[@]}"; do
    objdump -d --no-show-raw-insn "$file" | grep -qE '(or|mov)q +\$0x0,(0x[0-9a-f]+)?\(%rsp\)'
  done
}

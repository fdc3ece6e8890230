// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/locale.hh"

namespace nsx::cli {

namespace {

/// Eight bytes of a text.
using Eight = std::uint64_t;
constexpr Eight kEach = 0x0101010101010101;

bool are_simple(Eight bytes) {
  // Another byte sets its highest bit in one of these, and only such a byte carries into the next.
  const Eight below_space = bytes - kEach * ' ';
  const Eight above_tilde = bytes | (bytes + kEach);
  const Eight backslash = (bytes ^ kEach * '\\') - kEach;
  return ((below_space | above_tilde | backslash) & kEach * 0x80) == 0;
}

}  // namespace

bool is_simple(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (; end - at >= std::ptrdiff_t{sizeof(Eight)}; at += sizeof(Eight)) {
    Eight bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    if (!are_simple(bytes)) return false;
  }
  return std::all_of(at, end, [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
}

}  // namespace nsx::cli

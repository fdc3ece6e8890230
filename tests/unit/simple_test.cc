// SPDX-License-Identifier: MIT
#include "common/locale.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

TEST(Simple, IsPrintableAsciiWithoutBackslashes) {
  EXPECT_TRUE(is_simple(""));
  // Each byte at each place of a word of eight, and of what is left after one.
  for (int byte = 0; byte < 256; ++byte) {
    const bool expected = byte >= ' ' && byte <= '~' && byte != '\\';
    for (std::size_t size = 1; size <= 12; ++size) {
      for (const char other : {' ', '[', ']', '~'}) {
        for (std::size_t at = 0; at < size; ++at) {
          std::string text(size, other);
          text[at] = static_cast<char>(byte);
          ASSERT_EQ(is_simple(text), expected) << byte << " at " << at << " of " << size;
        }
      }
    }
  }
}

}  // namespace
}  // namespace nsx::cli

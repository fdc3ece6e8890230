// SPDX-License-Identifier: MIT
#include <cstdlib>

#include "common/table.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

TEST(WantsColor, AsItWasAsked) {
  EXPECT_TRUE(must(wants_color("always")));
  EXPECT_FALSE(must(wants_color("never")));
  EXPECT_EQ(failure(wants_color("sometimes")),
            "invalid argument 'sometimes' for --color: expected auto, always or never");
}

TEST(EscapeSequence, IsNoneForPlain) {
  EXPECT_EQ(escape_sequence(Style::plain), nullptr);
  EXPECT_STREQ(escape_sequence(Style::bold), "\033[1m");
  EXPECT_STREQ(escape_sequence(Style::cyan), "\033[36m");
}

}  // namespace
}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#include <string>

#include <gtest/gtest.h>

#include "kernel/text.hh"

namespace nsx {
namespace {

TEST(NestsDeeper, CountsWhatIsOpenAtOnce) {
  EXPECT_FALSE(nests_deeper("", 0));
  EXPECT_FALSE(nests_deeper("[{}, {}, {}]", 2));
  EXPECT_TRUE(nests_deeper("[{}, {\"a\": []}]", 2));
  EXPECT_TRUE(nests_deeper(std::string(100'000, '['), 64));
}

TEST(NestsDeeper, PassesOverStrings) {
  EXPECT_FALSE(nests_deeper(R"(["[[[[", "\"[[[", "\\"])", 1));
  EXPECT_TRUE(nests_deeper(R"(["\\", [1]])", 1));
}

}  // namespace
}  // namespace nsx

#include "kernel/text.hh"

#include <cstdint>

#include <gtest/gtest.h>

namespace nsx {
namespace {

TEST(ParseNumber, TakesAWholeDecimalNumberThatFits) {
  EXPECT_EQ(parse_number<std::uint32_t>("0"), 0U);
  EXPECT_EQ(parse_number<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_EQ(parse_number<int>("-7"), -7);
}

TEST(ParseNumber, RefusesAllElse) {
  for (const char* text : {"", " 1", "1 ", "+1", "-1", "0x1", "1x", "4294967296", "one"}) {
    EXPECT_EQ(parse_number<std::uint32_t>(text), std::nullopt) << text;
  }
}

TEST(NextField, TakesOnePieceAfterTheOther) {
  std::string_view rest = "a,,b,";
  EXPECT_EQ(next_field(rest, ','), "a");
  EXPECT_EQ(next_field(rest, ','), "");
  EXPECT_EQ(next_field(rest, ','), "b");
  EXPECT_EQ(rest, "");
  EXPECT_EQ(next_field(rest, ','), "");
}

}  // namespace
}  // namespace nsx

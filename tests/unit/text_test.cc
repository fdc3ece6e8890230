// SPDX-License-Identifier: MIT
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

TEST(ContinuesCharacter, IsOfAllBytesButTheFirst) {
  for (const std::string whole : {"a", "\u00e9", "\u20ac", "\U0001f600"}) {
    EXPECT_FALSE(continues_character(whole[0])) << whole;
    for (std::size_t i = 1; i < whole.size(); ++i)
      EXPECT_TRUE(continues_character(whole[i])) << whole;
  }
  EXPECT_FALSE(continues_character('\xff'));
}

TEST(DropPartialCharacter, LeavesWholeOnes) {
  const auto dropped = [](std::string text) {
    drop_partial_character(text);
    return text;
  };
  EXPECT_EQ(dropped(""), "");
  for (const std::string whole : {"a", "\u00e9", "\u20ac", "\U0001f600"}) {
    EXPECT_EQ(dropped("x" + whole), "x" + whole);
    for (std::size_t size = 1; size < whole.size(); ++size)
      EXPECT_EQ(dropped("x" + whole.substr(0, size)), "x");
  }
  // Bytes that are not UTF-8 are unchanged.
  EXPECT_EQ(dropped("\x80\x80\x80\x80"), "\x80\x80\x80\x80");
}

}  // namespace
}  // namespace nsx

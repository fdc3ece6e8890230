// SPDX-License-Identifier: MIT
#include "common/locale.hh"

#include <clocale>
#include <cstdlib>

#include "common/table_text.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

class LocaleCharacters : public ::testing::Test {
 protected:
  void SetUp() override { before_ = std::setlocale(LC_CTYPE, nullptr); }
  void TearDown() override { std::setlocale(LC_CTYPE, before_.c_str()); }

  /// "length:code", or "length" for bytes that are not a character.
  static std::string first(std::string_view text) {
    const LocaleCharacter character = first_locale_character(text);
    const std::string length = std::to_string(character.length);
    return character.code ? length + ':' + std::to_string(*character.code) : length;
  }

  std::string before_;
};

TEST_F(LocaleCharacters, AreThoseOfUtf8) {
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  EXPECT_EQ(first("ab"), "1:97");
  EXPECT_EQ(first("\u00e9b"), "2:233");
  EXPECT_EQ(first("\u20ac"), "3:8364");
  EXPECT_EQ(first("\U0001f600x"), "4:128512");
}

TEST_F(LocaleCharacters, AreNotMadeOfOtherBytes) {
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  EXPECT_EQ(first("\xff"), "1");
  EXPECT_EQ(first("\xe2\x82"), "1");  // cut off
  EXPECT_EQ(first("\xa9z"), "1");
  EXPECT_EQ(first(std::string_view("\0a", 2)), "1");
}

TEST_F(LocaleCharacters, OfTheCLocaleAreAscii) {
  ASSERT_NE(std::setlocale(LC_CTYPE, "C"), nullptr);
  EXPECT_EQ(first("a"), "1:97");
  EXPECT_EQ(first_locale_character("\u00e9").length, 1U);
}

TEST_F(LocaleCharacters, AreReadWhenATextNeedsThem) {
  ASSERT_EQ(::setenv("LC_ALL", "C.UTF-8", 1), 0);
  ASSERT_NE(std::setlocale(LC_CTYPE, "C"), nullptr);
  use_locale();
  EXPECT_EQ(display_width("ascii"), 5U);
  EXPECT_STREQ(std::setlocale(LC_CTYPE, nullptr), "C");
  EXPECT_EQ(display_width("漢字"), 4U);
  EXPECT_STREQ(std::setlocale(LC_CTYPE, nullptr), "C.UTF-8");
  ASSERT_EQ(::unsetenv("LC_ALL"), 0);
}

}  // namespace
}  // namespace nsx::cli

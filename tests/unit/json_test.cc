// SPDX-License-Identifier: MIT
#include "common/json.hh"

#include <gtest/gtest.h>

namespace nsx::cli {
namespace {

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  JsonWriter json;
  json.open('{').key("list").open('[').number(1).number(-2).open('{').close().close();
  json.key("word").string("text").key("nothing").string_or_null("").key("id").number_or_null(0);
  EXPECT_EQ(json.close().take(), R"({"list":[1,-2,{}],"word":"text","nothing":null,"id":null})");
}

TEST(JsonWriter, EscapesWhatWouldEndAStringOrReachATerminal) {
  JsonWriter json;
  EXPECT_EQ(json.string("a\"b\\c\n\x1b\x7f\xc3\xa4").take(),
            "\"a\\\"b\\\\c\\u000a\\u001b\\u007f\xc3\xa4\"");
  // Alone among characters that need no escape, too.
  EXPECT_EQ(JsonWriter().string("a \"b\"").take(), R"("a \"b\"")");
  EXPECT_EQ(JsonWriter().string("a\\b").take(), R"("a\\b")");
  EXPECT_EQ(JsonWriter().string("a b").take(), R"("a b")");
}

TEST(JsonWriter, EscapesWhatReordersTextOrIsInvisible) {
  JsonWriter json;
  EXPECT_EQ(json.string("a\u202eb\u200bc\u2028\ufeff\u061c\U000e0041\u00e9").take(),
            "\"a\\u202eb\\u200bc\\u2028\\ufeff\\u061c\\udb40\\udc41\u00e9\"");
}

TEST(JsonWriter, WritesNothingButUtf8) {
  const struct {
    const char* text;
    const char* written;
  } cases[] = {
      {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
      {"a\xff"
       "b\x80",
       "a\\ufffdb\\ufffd"},
      {"\xc3", "\\ufffd"},                                   // cut short
      {"\xe2\x82x", "\\ufffd\\ufffdx"},                      // likewise
      {"\xc0\xaf", "\\ufffd\\ufffd"},                        // "/" in two bytes
      {"\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd"},             // in three
      {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},             // half of a pair of UTF-16
      {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},  // more than U+10FFFF
      {"\xc2\x9b"
       "2J",
       "\\u009b2J"},  // a terminal's CSI
  };
  for (const auto& c : cases) {
    JsonWriter json;
    EXPECT_EQ(json.string(c.text).take(), '"' + std::string(c.written) + '"');
  }
}

TEST(JsonWriter, WritesAsciiInLines) {
  JsonWriter json(JsonLayout::ascii_lines);
  json.open('[').open('{').close().open('[').close().open('{').key("a\xc3\xa4").number(1);
  json.key("b").open('[').string("\b\t\n\f\r\x01/\x7f\xf0\x9f\x98\x80").null().close();
  EXPECT_EQ(json.close().close().take(), R"([
  {},
  [],
  {
    "a\u00e4": 1,
    "b": [
      "\b\t\n\f\r\u0001/\u007f\ud83d\ude00",
      null
    ]
  }
])");
}

TEST(JsonWriter, WritesBooleans) {
  JsonWriter json;
  json.open('[').boolean(true).boolean(false);
  EXPECT_EQ(json.close().take(), "[true,false]");
}

TEST(JsonWriter, WritesTheLargestNumbers) {
  JsonWriter json;
  json.open('[').number(~std::uint64_t{0}).number(INT64_MIN).number_or_null(7);
  EXPECT_EQ(json.close().take(), "[18446744073709551615,-9223372036854775808,7]");
}

}  // namespace
}  // namespace nsx::cli

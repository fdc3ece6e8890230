// SPDX-License-Identifier: MIT
#include <array>
#include <regex.h>

#include "filter_row.hh"

namespace nsx::cli {
namespace {

std::string error(std::string_view text) {
  return failure(parse_filter(text));
}

/// The message without the filter that it quotes, after checking that it has that.
std::string reason(const std::string& text) {
  const std::string start = "invalid filter '" + printable(text) + "': ";
  const std::string message = error(text);
  return message.starts_with(start) ? message.substr(start.size()) : "elsewhere: " + message;
}

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i)
    all += text;
  return all;
}

TEST(FilterFailures, ReadInFull) {
  EXPECT_EQ(error("NPROCS >> 3"),
            "invalid filter 'NPROCS >> 3': at character 9: expected a value, not '>'");
  const std::array columns{std::string_view("NS"), std::string_view("TYPE")};
  EXPECT_EQ(
      failure(Filter::parse("NPROX > 3", columns)),
      "invalid filter 'NPROX > 3': at character 1: unknown column 'NPROX': expected one of NS, "
      "TYPE");
  EXPECT_EQ(
      failure(Filter::parse("TYPE == net", columns)),
      "invalid filter 'TYPE == net': at character 9: unknown column 'net': expected one of NS, "
      "TYPE\nhint: write \"net\" to compare with text");
}

TEST(FilterFailures, PointAtThePosition) {
  const struct {
    std::string filter, reason;
  } cases[] = {
      {"", "at character 1: expected a value, not the end"},
      {"  ", "at character 3: expected a value, not the end"},
      {"NS ==", "at character 6: expected a value, not the end"},
      {"NS == and", "at character 7: expected a value, not 'and'"},
      {"== 3", "at character 1: expected a value, not '=='"},
      {"NS and", "at character 7: expected a value, not the end"},
      {"or NS", "at character 1: expected a value, not 'or'"},
      {"NS and and PID", "at character 8: expected a value, not 'and'"},
      {"not", "at character 4: expected a value, not the end"},
      {"NS == not 3", "at character 7: expected a value, not 'not'"},
      {"NS == (3)", "at character 7: expected a value, not '('"},
      {"()", "at character 2: expected a value, not ')'"},
      {"NS 3", "at character 4: expected an operator, not '3'"},
      {"NS PID", "at character 4: expected an operator, not 'PID'"},
      {"NS 'a b'", "at character 4: expected an operator, not 'a b'"},
      {"NS \"a b\"", "at character 4: expected an operator, not \"a b\""},
      {"NS )", "at character 4: expected an operator, not ')'"},
      {"NS == 3)", "at character 8: expected 'and' or 'or', not ')'"},
      {"NS == 3 4", "at character 9: expected 'and' or 'or', not '4'"},
      {"1 < NPROCS < 5", "at character 12: expected 'and' or 'or', not '<'"},
      {"(NS) == 3", "at character 6: expected 'and' or 'or', not '=='"},
      {"(NS == 3", "at character 9: expected 'and', 'or' or ')', not the end"},
      {"((NS)", "at character 6: expected 'and', 'or' or ')', not the end"},
      {"(NS 3)", "at character 5: expected an operator or ')', not '3'"},
      {"NS = 3", "at character 4: unexpected '=' (did you mean '=='?)"},
      {"NS & PID", "at character 4: unexpected '&' (did you mean '&&'?)"},
      {"NS | PID", "at character 4: unexpected '|' (did you mean '||'?)"},
      {"NS === 3", "at character 6: unexpected '=' (did you mean '=='?)"},
      {"NS == -3", "at character 7: unexpected '-': numbers have no sign"},
      {"NS ; PID", "at character 4: unexpected ';'"},
      {"NS == é", "at character 7: unexpected 'é'"},
      {"'é' == ]", "at character 8: unexpected ']'"},
      {"NS \x1b", "at character 4: unexpected '\\x1b'"},
      {std::string("NS \0", 4), "at character 4: unexpected '\\x00'"},
      {"NS == '\xff", "at character 7: missing closing quote"},
      {"NS == 'a\" or 'b", "at character 15: expected 'and' or 'or', not 'b'"},
      {"NS == \"a", "at character 7: missing closing quote"},
      {"NS == 'a\\'", "at character 7: missing closing quote"},
      {"NS == '\\", "at character 7: missing closing quote"},
      {std::string("NS == 'a\0b'", 11), "at character 9: text cannot contain a NUL"},
      {"NS == 3X",
       "at character 7: invalid number '3X': expected a number like 12, 0.5, 4K (4KiB) or 4KB"},
      {"NS == 3Ki",
       "at character 7: invalid number '3Ki': expected a number like 12, 0.5, 4K (4KiB) or 4KB"},
      {"NS == 3.",
       "at character 7: invalid number '3.': expected a number like 12, 0.5, 4K (4KiB) or 4KB"},
      {"NS == 3.K",
       "at character 7: invalid number '3.K': expected a number like 12, 0.5, 4K (4KiB) or 4KB"},
      {"NS == 1.2.3",
       "at character 7: invalid number '1.2.3': expected a number like 12, 0.5, 4K (4KiB) or 4KB"},
      {"NS == 3and PID",
       "at character 7: invalid number '3and': expected a number like 12, 0.5, 4K (4KiB) or 4KB"},
      {"NS == 0x10",
       "at character 7: invalid number '0x10': expected a number like 12, 0.5, 4K (4KiB) or 4KB"},
      {"NS == 18446744073709551616",
       "at character 7: number '18446744073709551616' is out of range: the largest is "
       "18446744073709551615"},
      {"NS == 16E",
       "at character 7: number '16E' is out of range: the largest is 18446744073709551615"},
      {"NS =~ PID", "at character 7: expected a regular expression in quotes, not 'PID'"},
      {"NS =~ 3", "at character 7: expected a regular expression in quotes, not '3'"},
      {"NS =~", "at character 6: expected a regular expression in quotes, not the end"},
      {"PID and true !~ 'x'", "at character 9: 'true' is not text to match"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(reason(c.filter), c.reason);
}

TEST(FilterFailures, CarryWhatRegcompSays) {
  for (const char* pattern : {"(", "a{2,1}", "[[:nonsense:]]", "[z-a]"}) {
    regex_t compiled{};
    const int code = ::regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);
    ASSERT_NE(code, 0) << pattern;
    std::array<char, 128> why{};
    ::regerror(code, &compiled, why.data(), why.size());
    EXPECT_EQ(reason("NS and TYPE =~ '" + std::string(pattern) + "'"),
              "at character 16: invalid regular expression: " + std::string(why.data()));
  }
}

TEST(FilterFailures, EndWhereNestingGetsTooDeep) {
  constexpr std::size_t kMost = Filter::kMaxDepth;
  const auto nested = [](std::size_t depth) {
    return times(depth, "(") + "true" + times(depth, ")");
  };
  EXPECT_TRUE(picks(nested(kMost)));
  EXPECT_EQ(reason(nested(kMost + 1)), "at character 101: nested deeper than 100 levels");
  EXPECT_TRUE(picks(times(kMost, "!") + "true"));
  EXPECT_EQ(reason(times(kMost + 1, "not ") + "true"),
            "at character 401: nested deeper than 100 levels");
  EXPECT_TRUE(picks(times(kMost / 2, "!(") + "true" + times(kMost / 2, ")")));
  EXPECT_EQ(reason(times(kMost / 2, "!(") + "!true" + times(kMost / 2, ")")),
            "at character 101: nested deeper than 100 levels");
  // Closed parentheses no longer count.
  EXPECT_TRUE(picks(times(1000, "!(!ZERO) or ") + "!!!!(true)"));
}

TEST(FilterFailures, EndAtItsLength) {
  const std::string link = "ZERO or ";
  const std::string chain = times((Filter::kMaxLength - 4) / link.size(), link) + "true";
  EXPECT_TRUE(picks(chain));
  std::string longest = chain + std::string(Filter::kMaxLength - chain.size(), ' ');
  EXPECT_TRUE(picks(longest));
  EXPECT_EQ(error(longest + ' '), "invalid filter: it is longer than 65536 bytes");
}

TEST(FilterFailures, KeepPatternsFromTakingAllMemory) {
  const auto with = [](const std::string& pattern) { return "TYPE !~ '" + pattern + '\''; };
  const std::string start = "at character 9: invalid regular expression: ";
  EXPECT_TRUE(picks(with(std::string(Filter::kMaxPatternLength, 'a'))));
  EXPECT_EQ(reason(with(std::string(Filter::kMaxPatternLength + 1, '('))),
            start + "it is longer than 1024 bytes");
  for (const std::string pattern : {
           "a{5000}",
           "x{2,5000}",
           "x{5000,}",
           "x{4294967295}",
           "((x{20}){20}){20}",
           "x{99}{99}",
           "+++++++++++++",
           "x*************",
           "x?*+?*+?*+?*+?*+",
           ".+++++++++++++",
           "(((((((((((((x+)+)+)+)+)+)+)+)+)+)+)+)+",
           "(x|y*|z?){2000}",
           "()+++++++++++++",
           "[a(]{5000}",
           "[])]{5000}",
           "[^]({1}]{5000}",
           "[[:alpha:](]{5000}",
           "\\\\({5000}",
           "a){5000}",
           "(x{3000})(y{3000})",
           "(x{4000}(y{2000}",
       }) {
    EXPECT_EQ(reason(with(pattern)), start + "its repetitions expand to more than 5000 parts");
  }
  for (const char* pattern : {
           "a{255}",
           "[0-9a-f]{64}",
           "([0-9]{1,3}[.]){3}[0-9]{1,3}",
           "a++++++++",
           "[{5000}]",
           "[+++++++++++++++]",
           "[]+++++++++++++]",
           "[^]+++++++++++++]",
           "[[:alpha:]++++++++++++++]",
           "[[.].]++++++++++++++]",
           "\\\\+[+++++++++++++]",
           "(a+)(b+)(c+)(d+)(e+)(f+)(g+)(h+)(i+)(j+)(k+)",
           "((((((((((((x))))))))))))+",
           "a{2}b{2}c{2}d{2}e{2}f{2}g{2}h{2}i{2}j{2}k{2}l{2}m{2}",
       }) {
    EXPECT_TRUE(parse_filter(with(pattern)).has_value()) << pattern;
  }
}

}  // namespace
}  // namespace nsx::cli

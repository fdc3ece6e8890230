// SPDX-License-Identifier: MIT
#include "common/filter.hh"

#include <tuple>

#include "filter_row.hh"

namespace nsx::cli {
namespace {

struct Case {
  const char* filter;
  bool is_picked;
};

void expect(std::initializer_list<Case> cases) {
  for (const Case& c : cases)
    EXPECT_EQ(picks(c.filter), c.is_picked) << c.filter;
}

TEST(Filter, TakesAndAndOrFromLeftToRightAsLsnsDoes) {
  const std::vector<std::string_view> columns{"A", "B", "C"};
  for (unsigned bits = 0; bits < 8; ++bits) {
    std::vector<Value> row;
    for (unsigned i = 0; i < 3; ++i)
      row.emplace_back(std::uint64_t{(bits >> i) & 1U});
    const bool a = (bits & 1U) != 0, b = (bits & 2U) != 0, c = (bits & 4U) != 0;
    const auto matches = [&](const char* text, Rank rank) {
      return must(Filter::parse(text, columns, rank))
          .matches([&](std::size_t column) -> const Value& { return row[column]; });
    };
    EXPECT_EQ(matches("A or B and C", Rank::one), (a || b) && c);
    EXPECT_EQ(matches("A or B and C", Rank::and_first), a || (b && c));
    EXPECT_EQ(matches("A and B or C and A", Rank::one), ((a && b) || c) && a);
    EXPECT_EQ(matches("A or (B and C)", Rank::one), a || (b && c));
  }
}

TEST(Filter, ComparesNumbersInEachSpelling) {
  for (const auto& [symbol, word, below, same, above] : {
           std::tuple{"==", "eq", false, true, false},
           std::tuple{"!=", "ne", true, false, true},
           std::tuple{"<", "lt", true, false, false},
           std::tuple{"<=", "le", true, true, false},
           std::tuple{">", "gt", false, false, true},
           std::tuple{">=", "ge", false, true, true},
       }) {
    for (const std::string op : {symbol, word}) {
      EXPECT_EQ(picks("NPROCS " + op + " 4"), below) << op;
      EXPECT_EQ(picks("NPROCS " + op + " 3"), same) << op;
      EXPECT_EQ(picks("NPROCS " + op + " 2"), above) << op;
      EXPECT_EQ(picks("2 " + op + " NPROCS"), below) << op << ", the column behind it";
      EXPECT_EQ(picks("3 " + op + " NPROCS"), same) << op << ", the column behind it";
      EXPECT_EQ(picks("4 " + op + " NPROCS"), above) << op << ", the column behind it";
      EXPECT_EQ(picks("TYPE " + op + " 'nets'"), below) << op << ", of texts";
      EXPECT_EQ(picks("TYPE " + op + " 'net'"), same) << op << ", of texts";
      EXPECT_EQ(picks("TYPE " + op + " 'ne'"), above) << op << ", of texts";
    }
  }
}

TEST(Filter, NeedsNoSpaceAndTakesAny) {
  expect({
      {"NPROCS==3&&TYPE=='net'||ZERO", true},
      {"!(NPROCS!=3)", true},
      {" \t\n!\r\n( NPROCS\v!=\f3 ) ", true},
  });
}

TEST(Filter, CombinesTestsByEachWord) {
  expect({
      {"true and true", true},
      {"true and false", false},
      {"false && true", false},
      {"false or true", true},
      {"false || false", false},
      {"true or false", true},
      {"not false", true},
      {"! true", false},
      {"!!true", true},
      {"not not not true", false},
      {"NOT true OR True And TRUE", true},
  });
}

TEST(Filter, LetsAndBindTighterThanOrAndNotTighterThanBoth) {
  expect({
      {"true or true and false", true},
      {"(true or true) and false", false},
      {"false and true or true", true},
      {"false and (true or true)", false},
      {"true or false and false or false", true},
      {"not true or true", true},
      {"not (true or true)", false},
      {"not false and false", false},
      {"not (false and false)", true},
      {"not NPROCS == 1", true},
      {"!NPROCS == 3", false},
      {"!(!(NPROCS == 3))", true},
      {"((((NPROCS))) and (NPROCS == 3))", true},
  });
}

TEST(Filter, TakesColumnsOnBothSides) {
  expect({
      {"NS == NS", true},
      {"NS > NPROCS", true},
      {"NPROCS < BELOW", false},
      {"USER > TYPE", true},
      {"RATE > LOAD", true},
      {"NETNSID != NS", true},
      {"3 < 4", true},
      {"'a' == 'b'", false},
  });
}

TEST(Filter, KnowsColumnsInAnyCaseAndWithSigns) {
  expect({
      {"ns == 4026531836", true},
      {"Ns == nS", true},
      {"MAJ:MIN == '8:1'", true},
      {"%cpu > 79 and %CPU < 81", true},
      {"_A-B.C/D1 == 1", true},
  });
}

TEST(Filter, ReadsNumbers) {
  expect({
      {"4K == 4096", true},
      {"4k == 4KiB", true},
      {"4kib == 4096", true},
      {"3B == 3 and 1.5b == 1.5", true},
      {"4KB == 4000", true},
      {"1M == 1048576 and 1MB == 1000000", true},
      {"1G == 1024M and 1T == 1024G and 1P == 1024T and 1E == 1024P", true},
      {"1TB == 1000GB and 1PB == 1000TB and 1EB == 1000PB", true},
      {"15E == 17293822569102704640", true},
      {"0Z == 0 and 0YiB == 0", true},
      {"18446744073709551615 == BIG", true},
      {"18446744073709551614 < BIG", true},
      {"18446744073709551614 == BIG", false},
      {"0.5 == LOAD", true},
      {"0.50000001 > LOAD", true},
      {"1.5K == 1536", true},
      {"1.5KB == 1500", true},
      {"007 == 7", true},
      {"0.5 < 1 and 1 > 0.5", true},
      {"BELOW < 0", true},
      // A double next to it would be 2^64.
      {"18446744073709551616.0 == BIG", false},
      {"18446744073709551616.0 > BIG", true},
  });
}

TEST(Filter, ReadsTexts) {
  expect({
      {R"(TYPE == "net")", true},
      {"TYPE == 'net'", true},
      {"TYPE == ' net'", false},
      {"TYPE == 'NET'", false},
      {R"(LINES == "one\ntwo\tthree \"quoted\" it's \\")", true},
      {R"(LINES == 'one\ntwo\tthree "quoted" it\'s \\')", true},
      {"LINES == 'one\ntwo\tthree \"quoted\" it\\'s \\\\'", true},
      {R"('\.' == "\\.")", true},
      {R"('a\"b' == 'a\\"b')", true},
      {"'é' == \"\xc3\xa9\"", true},
      {"'\xff' > 'a'", true},
  });
}

TEST(Filter, LooksForRegularExpressions) {
  expect({
      {"TYPE =~ 'net'", true},
      {"TYPE =~ 'e'", true},
      {"TYPE =~ '^e'", false},
      {"TYPE =~ '^(net|uts)$'", true},
      {"TYPE =~ 'N'", false},
      {"TYPE !~ 'e'", false},
      {"TYPE !~ '^u'", true},
      {"not TYPE =~ 'e'", false},
      {R"(VERSION =~ "^6\.1\.")", true},
      {R"(TYPE =~ "n\.t")", false},
      {"NS =~ '^40265'", true},
      {"LOAD =~ '^0.5$'", true},
      {"'abc' =~ 'b'", true},
      {"12 =~ '^12$'", true},
      {"TYPE =~ ''", true},
  });
}

TEST(Filter, LooksBehindANul) {
  const std::array columns{std::string_view("COMMAND")};
  const Value command = std::string("sleep\0evil", 10);
  const auto value = [&](std::size_t) -> const Value& { return command; };
  EXPECT_TRUE(must(Filter::parse("COMMAND =~ 'evil$'", columns)).matches(value));
  EXPECT_FALSE(must(Filter::parse("COMMAND == 'sleep'", columns)).matches(value));
}

TEST(Filter, ComparesATextThatIsANumberWithANumber) {
  expect({
      {"NETNSID == 12", true},
      {"NETNSID < 100", true},
      {"NETNSID < '100'", false},
      {"NS == '4026531836'", true},
      {"NPROCS < '20'", true},
      {"NPROCS == '03'", true},
      {"RATE == 2.5", true},
      {"RATE > 2", true},
      {"RATE == '2.5'", false},
      {"BIG == '18446744073709551615'", true},
      {"BIG < '99999999999999999999999'", true},
  });
}

TEST(Filter, HoldsAnyOtherTextApartFromANumber) {
  for (const char* text : {"FREE", "BLANK", "VERSION", "'1K'", "'-3'", "'+3'", "' 3'", "'3.'",
                           "'.3'", "'inf'", "'nan'", "'0x3'", "'3e0'"}) {
    for (const char* op : {"==", "<", "<=", ">", ">="}) {
      EXPECT_FALSE(picks(std::string(text) + ' ' + op + " 3")) << text << op;
      EXPECT_FALSE(picks("NPROCS " + std::string(op) + ' ' + text)) << text << op;
    }
    EXPECT_TRUE(picks(std::string(text) + " != 3")) << text;
    EXPECT_TRUE(picks("3 != " + std::string(text))) << text;
  }
}

TEST(Filter, TakesAnOperandAloneForWhetherItIsNotEmpty) {
  expect({
      {"NPROCS", true}, {"ZERO", false},   {"LOAD", true},    {"TYPE", true},  {"BLANK", false},
      {"NSFS", true},   {"HOLLOW", false}, {"NONE", false},   {"PID", false},  {"'text'", true},
      {"''", false},    {"1", true},       {"0", false},      {"0.0", false},  {"true", true},
      {"false", false}, {"FALSE", false},  {"not PID", true}, {"BELOW", true},
  });
}

TEST(Filter, AsksAllTextsOfAList) {
  expect({
      {"NSFS == '/run/red'", true},
      {"'/run/blue' == NSFS", true},
      {"NSFS == '/run'", false},
      {"NSFS != '/run/red'", false},
      {"NSFS != '/run'", true},
      {"NSFS =~ 'red$'", true},
      {"NSFS =~ 'green'", false},
      {"NSFS !~ 'red$'", false},
      {"NSFS !~ 'green'", true},
      {"NSFS > '/run/blue'", true},
      {"NSFS > '/run/red'", false},
      {"IDS < 8", true},
      {"IDS > 9", false},
      {"IDS == 9", true},
      {"IDS != 8", true},
      {"IDS == IDS", true},
      {"IDS == NSFS", false},
      {"NPROCS < IDS", true},
  });
}

TEST(Filter, TakesNothingForNoNumberAndTheEmptyText) {
  for (const std::string none : {"PID", "NONE"}) {
    for (const char* op : {"==", "<", "<=", ">", ">="}) {
      for (const char* other : {"0", "1", "'a'", "NS", "TYPE", "PID", "NONE", "NSFS", "LOAD"}) {
        EXPECT_FALSE(picks(none + ' ' + op + ' ' + other)) << none << op << other;
        EXPECT_FALSE(picks(other + (' ' + std::string(op) + ' ') + none)) << other << op << none;
      }
    }
    for (const char* other : {"0", "1", "'a'", "NS", "TYPE", "PID", "NONE", "NSFS"})
      EXPECT_TRUE(picks(none + " != " + other)) << none << other;
    EXPECT_TRUE(picks(none + " == ''"));
    EXPECT_TRUE(picks("'' == " + none));
    EXPECT_TRUE(picks("BLANK == " + none));
    EXPECT_FALSE(picks(none + " != ''"));
    EXPECT_FALSE(picks(none + " <= ''"));
    EXPECT_TRUE(picks(none + " !~ 'a'"));
    EXPECT_FALSE(picks(none + " =~ 'a'"));
    EXPECT_TRUE(picks(none + " =~ '^$'"));
  }
}

TEST(Filter, AsksForTruthWhereAComparisonHasTrueOrFalse) {
  expect({
      {"NPROCS == true", true},
      {"ZERO == true", false},
      {"ZERO == false", true},
      {"true == TYPE", true},
      {"PID == false", true},
      {"PID != true", true},
      {"NONE == true", false},
      {"NSFS == true", true},
      {"TYPE > false", true},
      {"TYPE > true", false},
      {"true == true", true},
      {"BLANK lt TRUE", true},
      {"NETNSID == true", true},
      {"0 == false", true},
  });
}

TEST(Filter, NamesTheColumnsThatItLooksAt) {
  using Columns = std::vector<std::size_t>;
  EXPECT_EQ(must(parse_filter("TYPE == 'net' and (NS > NPROCS or not ns)")).columns(),
            (Columns{6, 0, 1}));
  EXPECT_EQ(must(parse_filter("1 == 1")).columns(), Columns{});
}

TEST(Filter, LooksAtNothingThatDoesNotDecide) {
  std::vector<std::size_t> asked;
  const auto noted = [&](std::size_t column) -> const Value& {
    asked.push_back(column);
    return value_of(column);
  };
  EXPECT_TRUE(must(parse_filter("NS or NPROCS and ZERO")).matches(noted));
  EXPECT_FALSE(must(parse_filter("ZERO and NS or BLANK and (NS or NS)")).matches(noted));
  EXPECT_EQ(asked, (std::vector<std::size_t>{0, 2, 8}));
}

TEST(Filter, SurvivesAMove) {
  Filter first = must(parse_filter("TYPE =~ 'n.t'"));
  Filter second = std::move(first);
  EXPECT_TRUE(second.matches(value_of));
  second = must(parse_filter("TYPE =~ 'uts'"));
  EXPECT_FALSE(second.matches(value_of));
}

}  // namespace
}  // namespace nsx::cli

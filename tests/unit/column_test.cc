// SPDX-License-Identifier: MIT
#include "common/column.hh"

#include "support.hh"

namespace nsx::cli {
namespace {

struct Pair {
  std::uint64_t number;
  std::vector<std::string> texts;
};

using PairColumn = Column<Pair, int>;

constexpr std::array kColumns{
    PairColumn{.table = {.name = "FIRST-ONE"},
               .type = ColumnType::number,
               .cell = [](const Pair& pair) -> Cell {
                 return {pair.number, "many"};
               }},
    PairColumn{.table = {.name = "TWICE"},
               .type = ColumnType::number,
               .cell = [](const Pair& pair) -> Cell { return {pair.number * 2}; },
               .json = [](const Pair&, JsonWriter& json) { json.boolean(true); },
               .key = "double"},
    PairColumn{.table = {.name = "TEXTS"},
               .type = ColumnType::list,
               .cell = [](const Pair& pair) -> Cell { return {list_or_nothing(pair.texts)}; }},
};

constexpr ColumnId kTwice = column_named(kColumns, "TWICE");
constexpr std::array kAliases{ColumnAlias{"TWO", kTwice}};
constexpr ColumnNames kNames{.words = kWordsOf<kColumns>.data(), .aliases = kAliases};

TEST(Columns, AreKnownByTheirNamesAndOtherWords) {
  EXPECT_STREQ(kNames.words, "FIRST-ONE TWICE TEXTS");
  EXPECT_EQ(must(parse_column(kNames, "twice")), kTwice);
  EXPECT_EQ(must(parse_columns(kNames, "+TEXTS", {kTwice})),
            (std::vector{kTwice, column_named(kColumns, "TEXTS")}));
  EXPECT_EQ(must(parse_columns(kNames, "two,TWICE", {})), (std::vector{kTwice, kTwice}));
  for (const char* list : {"", "TWICE,", "TWIC", "TWICES", "FIRST-ONE TWICE"})
    EXPECT_FALSE(parse_columns(kNames, list, {})) << list;
  EXPECT_EQ(failure(parse_columns(kNames, "x", {})),
            "unknown column 'x': expected one of FIRST-ONE, TWICE, TEXTS");
}

TEST(Columns, MakeCells) {
  const Pair pair{7, {"a", "b"}};
  JsonWriter json;
  json.open('{');
  for (const PairColumn& column : kColumns)
    write_member(column, pair, json);
  write_member(kColumns[2], {7, {}}, json);
  EXPECT_EQ(json.close().take(), R"({"first_one":7,"double":true,"texts":["a","b"],"texts":null})");
  JsonWriter values;
  values.open('[');
  for (const Cell& cell : {Cell{}, Cell{Value(), "max"}, Cell{1.25}, Cell{"a", "b"}})
    write_cell(cell, values);
  EXPECT_EQ(values.close().take(), R"([null,"max",1.25,"a"])");
  EXPECT_TRUE(table_column(kColumns[0]).is_number);
  EXPECT_FALSE(table_column(kColumns[2]).is_number);
}

TEST(RowFilter, ComparesColumnsWithEachOther) {
  const auto takes = [](const char* text) {
    const Pair pair{7, {"a", "b"}};
    return must(RowFilter::parse(kNames, text)).matches([&](ColumnId id) {
      return at(kColumns, id).cell(pair).value;
    });
  };
  EXPECT_FALSE(takes("FIRST-ONE == TWICE"));
  EXPECT_TRUE(takes("FIRST-ONE < TWICE"));
  EXPECT_FALSE(takes("TWICE < FIRST-ONE"));
  EXPECT_TRUE(takes("TWO == 14 and TEXTS == 'b'"));
  const auto filter = must(RowFilter::parse(kNames, "TWO and TWICE"));
  for (const ColumnId id : filter.columns())
    EXPECT_EQ(id, kTwice);
}

}  // namespace
}  // namespace nsx::cli

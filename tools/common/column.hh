// SPDX-License-Identifier: MIT
#pragma once
// The columns of a list. Each tool has one constexpr table with a row a column, which says all of
// it: -o, --sort, -Q, -H, JSON, completions and the check of the manual follow from that table.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

#include "common/filter.hh"
#include "common/json.hh"
#include "common/table.hh"
#include "common/value.hh"

namespace nsx::cli {

/// A column, by its place in the table of its tool.
enum class ColumnId : std::uint8_t {};

/// What the cells of a column hold.
enum class ColumnType : std::uint8_t { number, text, list };

/// All of a column. A `Row` is data that has been read already: cells are made of it alone.
template <class Row, class Needs>
struct Column {
  TableColumn table;                   ///< its name and layout; `is_number` follows from `type`
  ColumnType type = ColumnType::text;  ///< of the value
  const char* help = "";
  Needs needs = {};  ///< what has to be read for its cells
  Cell (*cell)(const Row&) = nullptr;
  void (*json)(const Row&, JsonWriter&) = nullptr;  ///< writes a value; null: that of the cell
  const char* key = nullptr;                        ///< in JSON; null: made of the name
};

/// Writes a cell's value: nothing as null, unless it is shown as something, a list as an array.
void write_cell(const Cell& cell, JsonWriter& json);

/// The key of a column in JSON: its name in lower case, with "_" for "-" and "_percent" for "%".
std::string json_key(std::string_view name);

/// Writes a cell as a member of the open object.
template <class Row, class Needs>
void write_member(const Column<Row, Needs>& column, const Row& row, JsonWriter& json) {
  json.key(column.key != nullptr ? column.key : json_key(column.table.name));
  if (column.json != nullptr) return column.json(row, json);
  write_cell(column.cell(row), json);
}

/// How a column is laid out.
template <class Row, class Needs>
TableColumn table_column(const Column<Row, Needs>& column) {
  TableColumn table = column.table;
  table.is_number = column.type == ColumnType::number;
  return table;
}

/// A table of columns, which ids are the places of.
template <class Columns>
constexpr const auto& at(const Columns& columns, ColumnId id) {
  return columns[static_cast<std::size_t>(id)];
}

/// The column of this name; code that names one that is not in the table does not compile.
template <class Columns>
consteval ColumnId column_named(const Columns& columns, std::string_view name) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].table.name == name) return ColumnId{static_cast<std::uint8_t>(i)};
  }
  throw "no column has this name";
}

/// The names of all columns of a table with blanks between, as the tables of options list words.
template <const auto& columns>
inline constexpr auto kWordsOf = [] {
  constexpr std::size_t kSize = [] {
    std::size_t size = 0;
    for (const auto& column : columns)
      size += std::string_view(column.table.name).size() + 1;
    return size;
  }();
  std::array<char, kSize> words{};
  char* end = words.data();
  for (const auto& column : columns) {
    if (end != words.data()) *end++ = ' ';
    for (const char c : std::string_view(column.table.name))
      *end++ = c;
  }
  return words;
}();

/// Another word for a column.
struct ColumnAlias {
  std::string_view word;
  ColumnId column;
};

/// By what a tool knows its columns.
struct ColumnNames {
  const char* words;                          ///< of kWordsOf
  std::span<const ColumnAlias> aliases = {};  ///< as good as names in lists and filters
};

/// The column of this name. Case does not matter.
Result<ColumnId> parse_column(const ColumnNames& names, std::string_view name);

/// The columns of a list like "NAME,MEM", or "+OOM" for `standard` and these behind it.
Result<std::vector<ColumnId>> parse_columns(const ColumnNames& names, std::string_view list,
                                            std::vector<ColumnId> standard);

/// A filter by the columns of a tool.
class RowFilter {
 public:
  static Result<RowFilter> parse(const ColumnNames& names, std::string_view text,
                                 Rank rank = Rank::and_first);

  /// Those that it looks at.
  const std::vector<ColumnId>& columns() const { return columns_; }

  /// Whether it picks a row, of which it is given the values in these columns.
  bool matches(const std::function<Value(ColumnId)>& value_of) const;

 private:
  RowFilter(Filter filter, std::vector<ColumnId> columns)
      : filter_(std::move(filter)), columns_(std::move(columns)) {}

  Filter filter_;
  std::vector<ColumnId> columns_;  // of filter_.columns(), in the same order
};

}  // namespace nsx::cli

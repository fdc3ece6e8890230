// SPDX-License-Identifier: MIT
#pragma once
// The columns of a list. Each tool has one constexpr table with one row per column. -o, --sort, -Q,
// -H, JSON, completions and the test of the manual all follow from that table.

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

/// A column, as its index in the table of its tool.
enum class ColumnId : std::uint8_t {};

/// The type of a column's values.
enum class ColumnType : std::uint8_t { number, text, list };

/// The complete description of a column. A `Row` holds data that has already been read: making a
/// cell reads nothing more.
template <class Row, class Needs>
struct Column {
  TableColumn table;                   ///< name and layout; `is_number` is derived from `type`
  ColumnType type = ColumnType::text;  ///< of the values
  const char* help = "";
  Needs needs = {};  ///< the data that has to be read for its cells
  Cell (*cell)(const Row&) = nullptr;
  void (*json)(const Row&, JsonWriter&) = nullptr;  ///< writes the value; null: write_cell() does
  const char* key = nullptr;                        ///< in JSON; null: json_key() of the name
};

/// Writes a cell's value. A list becomes an array; an empty value becomes the text that people see
/// in the cell, or null if there is none.
void write_cell(const Cell& cell, JsonWriter& json);

/// Returns the key of a column in JSON: its name in lower case, with "_" for "-" and "_percent"
/// for "%".
std::string json_key(std::string_view name);

/// Writes a cell as a member of the open object.
template <class Row, class Needs>
void write_member(const Column<Row, Needs>& column, const Row& row, JsonWriter& json) {
  json.key(column.key != nullptr ? column.key : json_key(column.table.name));
  if (column.json != nullptr) return column.json(row, json);
  write_cell(column.cell(row), json);
}

/// Returns the layout of a column.
template <class Row, class Needs>
TableColumn table_column(const Column<Row, Needs>& column) {
  TableColumn table = column.table;
  table.is_number = column.type == ColumnType::number;
  return table;
}

/// Returns the column with this id in a table.
template <class Columns>
constexpr const auto& at(const Columns& columns, ColumnId id) {
  return columns[static_cast<std::size_t>(id)];
}

/// Returns the column with this name. A name that is not in the table is a compile-time error.
template <class Columns>
consteval ColumnId column_named(const Columns& columns, std::string_view name) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].table.name == name) return ColumnId{static_cast<std::uint8_t>(i)};
  }
  throw "no column has this name";
}

/// The names of all columns of a table, separated by spaces, as Option::words expects them.
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

/// An alternative name of a column.
struct ColumnAlias {
  std::string_view word;
  ColumnId column;
};

/// The words that a tool accepts for its columns.
struct ColumnNames {
  const char* words;                          ///< of kWordsOf
  std::span<const ColumnAlias> aliases = {};  ///< accepted like names in lists and filters
};

/// Returns the column with this name or alias, ignoring case. Errors: unknown column.
Result<ColumnId> parse_column(const ColumnNames& names, std::string_view name);

/// Parses a list of columns, "NAME,MEM". A leading "+" appends them to `standard`: "+OOM".
Result<std::vector<ColumnId>> parse_columns(const ColumnNames& names, std::string_view list,
                                            std::vector<ColumnId> standard);

/// A filter on the columns of a tool.
class RowFilter {
 public:
  static Result<RowFilter> parse(const ColumnNames& names, std::string_view text,
                                 Rank rank = Rank::and_first);

  /// The columns that the filter uses.
  const std::vector<ColumnId>& columns() const { return columns_; }

  /// Returns whether a row matches. `value_of` returns the row's value in a column; it is called
  /// for columns() only.
  bool matches(const std::function<Value(ColumnId)>& value_of) const;

 private:
  RowFilter(Filter filter, std::vector<ColumnId> columns)
      : filter_(std::move(filter)), columns_(std::move(columns)) {}

  Filter filter_;
  std::vector<ColumnId> columns_;  // the ids of filter_.columns(), in the same order
};

}  // namespace nsx::cli

#pragma once
// Tables, trees and JSON, laid out by libsmartcols as lsblk(8) and lsns(8) are.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/result.hh>

#include "common/style.hh"

namespace nsx::cli {

struct TableColumn {
  const char* name;             ///< "NPROCS"; lower-case in JSON
  bool is_right = false;        ///< aligned to the right
  bool is_number = false;       ///< in JSON; else a string
  bool is_last_resort = false;  ///< cut off where a terminal is too narrow
  bool is_list = false;         ///< a line feed parts the values of a cell; else a comma does
  bool has_tree = false;        ///< carries the lines of the tree
  bool is_foldable = false;     ///< broken at ", " where a terminal is too narrow
};

struct TableRow {
  std::vector<std::string> cells;          ///< one a column; an empty one is null in JSON
  std::optional<std::size_t> parent = {};  ///< an earlier row of the same table
  std::vector<Style> styles = {};          ///< one a column, or none at all: plain
};

enum class TableFormat { plain, raw, json };

struct TableOptions {
  TableFormat format = TableFormat::plain;
  bool headings = true;
  bool color = false;
  bool truncate = true;           ///< columns of last resort
  bool wrap = true;               ///< lists have a line a value, and long cells are broken
  const char* json_key = "rows";  ///< of the rows
};

/// Writes a table to stdout.
Status print_table(std::span<const TableColumn> columns, std::vector<TableRow> rows,
                   const TableOptions& options);

/// The same, plainly.
inline Status print_table(const char* json_key, std::span<const TableColumn> columns,
                          std::vector<TableRow> rows, TableFormat format, bool headings) {
  return print_table(columns, std::move(rows),
                     {.format = format, .headings = headings, .json_key = json_key});
}

}  // namespace nsx::cli

#pragma once
// Tables, trees and JSON, laid out by libsmartcols as lsblk(8) and lsns(8) are.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/result.hh>

namespace nsx::cli {

struct TableColumn {
  const char* name;       ///< "NPROCS"; lower-case in JSON
  bool is_right;          ///< aligned to the right
  bool is_number;         ///< in JSON; else a string
  bool is_last_resort;    ///< cut off where a terminal is too narrow
  bool is_list;           ///< a line feed parts the values of a cell; with raw, a comma does
  bool has_tree = false;  ///< carries the lines of the tree
};

struct TableRow {
  std::vector<std::string> cells;     ///< one a column; an empty one is null in JSON
  std::optional<std::size_t> parent;  ///< an earlier row of the same table
};

enum class TableFormat { plain, raw, json };

/// Writes a table to stdout. `name` is the key of the rows in JSON.
Status print_table(const char* name, std::span<const TableColumn> columns,
                   std::span<const TableRow> rows, TableFormat format, bool headings);

}  // namespace nsx::cli

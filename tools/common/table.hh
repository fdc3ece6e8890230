// SPDX-License-Identifier: MIT
#pragma once
// Tables and trees, laid out by libsmartcols as lsblk(8) and lsns(8) are, and colours for terminals
// whose owner wants them.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/result.hh>

namespace nsx::cli {

enum class Style : std::uint8_t { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

/// The sequence that switches a terminal to a style (ECMA-48, SGR); null: plain.
const char* escape_sequence(Style style);

/// Whether to use colours, by what --color was given: auto (or null: not given), always or never.
/// auto means: stdout is a terminal, and neither NO_COLOR (https://no-color.org) nor TERM=dumb asks
/// for none.
Result<bool> wants_color(const char* when);

struct TableColumn {
  const char* name;             ///< "NPROCS"
  bool is_right = false;        ///< aligned to the right
  bool is_number = false;       ///< in the JSON of lsns(8); else a string
  bool is_last_resort = false;  ///< cut off where a terminal is too narrow
  bool is_list = false;         ///< a `kBreak` (value.hh) parts the values of a cell
  bool has_tree = false;        ///< carries the lines of the tree
  bool is_foldable = false;     ///< broken at ", " where a terminal is too narrow
  std::size_t width = 0;        ///< padded to at least this
  std::size_t least = 0;        ///< cut down to this where a terminal is too narrow; 0: never
  bool keeps_end = false;       ///< of what is cut, as of paths
  bool is_optional = false;     ///< removed where a terminal is too narrow, if it says nothing
  bool is_extra = false;        ///< removed where a terminal is too narrow for the least widths
  const char* nothing = "";     ///< what a cell that says nothing holds
};

struct TableRow {
  std::vector<std::string> cells;          ///< one a column
  std::optional<std::size_t> parent = {};  ///< an earlier row of the same table
  std::vector<Style> styles = {};          ///< one a column, or none at all: plain
};

/// `json` is no table: each list writes its own (column.hh). `json_of_lsns` is what lsns(8) prints:
/// laid out by libsmartcols, with trees and lists as text.
enum class TableFormat { plain, raw, json, json_of_lsns };

struct TableOptions {
  TableFormat format = TableFormat::plain;
  bool headings = true;
  bool color = false;
  bool truncate = true;           ///< columns of last resort
  bool fit = false;               ///< with `truncate`: other columns, too, so that no row wraps
  bool lone_backslashes = false;  ///< stay as they are, as in lsns(8), but those before an "x"
  bool wrap = true;               ///< lists have a line a value, and long cells are broken
  const char* json_key = "rows";  ///< of the rows, in the JSON of lsns(8)
};

/// Writes a table to stdout. Cells hold text as it is: it is escaped for a terminal or JSON here.
/// Rows of a tree come depth first.
Status print_table(std::span<const TableColumn> columns, std::vector<TableRow> rows,
                   const TableOptions& options);

}  // namespace nsx::cli

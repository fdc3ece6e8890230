// SPDX-License-Identifier: MIT
#pragma once
// Tables and trees, laid out by libsmartcols like those of lsblk(8) and lsns(8), and colors.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/result.hh>

namespace nsx::cli {

enum class Style : std::uint8_t { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

/// Returns the SGR sequence (ECMA-48) that switches a terminal to a style; null for plain.
const char* escape_sequence(Style style);

/// Returns whether to use colors, from the argument of --color: always, never or auto (null: not
/// given, the same as auto). auto enables colors if stdout is a terminal, and neither NO_COLOR
/// (https://no-color.org) nor TERM=dumb disables them.
Result<bool> wants_color(const char* when);

struct TableColumn {
  const char* name;             ///< "NPROCS"
  bool is_right = false;        ///< aligned to the right
  bool is_number = false;       ///< a number in the JSON of lsns(8), otherwise a string
  bool is_last_resort = false;  ///< cut off if the terminal is too narrow
  bool is_list = false;         ///< cells hold values separated by kBreak (value.hh)
  bool has_tree = false;        ///< holds the lines of the tree
  bool is_foldable = false;     ///< broken at ", " if the terminal is too narrow
  std::size_t width = 0;        ///< minimum width; shorter cells are padded
  std::size_t least = 0;        ///< cut down to this if the terminal is too narrow; 0: never cut
  bool keeps_end = false;       ///< cutting keeps the end, as is best for paths
  bool is_optional = false;     ///< removed if the terminal is too narrow and all cells are empty
  bool is_extra = false;        ///< removed if the terminal is too narrow for the least widths
  const char* nothing = "";     ///< content of a cell that counts as empty
};

struct TableRow {
  std::vector<std::string> cells;          ///< one per column
  std::optional<std::size_t> parent = {};  ///< index of an earlier row of the same table
  std::vector<Style> styles = {};          ///< one per column, or empty: all plain
};

/// The output format. `json` is not printed as a table: each list writes its own JSON (column.hh).
/// `json_of_lsns` is the JSON of lsns(8), written by libsmartcols, with trees and lists as text.
enum class TableFormat { plain, raw, json, json_of_lsns };

struct TableOptions {
  TableFormat format = TableFormat::plain;
  bool headings = true;
  bool color = false;
  bool truncate = true;  ///< cut columns of last resort
  bool fit = false;      ///< with `truncate`: reduce other columns, too, so that no row wraps
  bool lone_backslashes = false;  ///< escape only backslashes before an "x", as in lsns(8)
  bool wrap = true;               ///< print one line per value of a list, and break long cells
  const char* json_key = "rows";  ///< key of the rows in the JSON of lsns(8)
};

/// Writes a table to stdout. Cells hold raw text, which is escaped here for a terminal or JSON.
/// Rows of a tree must be in depth-first order.
Status print_table(std::span<const TableColumn> columns, std::vector<TableRow> rows,
                   const TableOptions& options);

}  // namespace nsx::cli

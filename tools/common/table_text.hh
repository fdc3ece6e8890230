// SPDX-License-Identifier: MIT
#pragma once
// The texts of a table, and how they fit a terminal. LC_CTYPE determines the width of characters.

#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/table.hh"

namespace nsx::cli {

// Widths, and fitting tables and long cells to that of the terminal.

/// Returns the width of the terminal on stdout, in columns; none if stdout is not a terminal.
std::optional<std::size_t> terminal_width();

/// Cuts each line of a text to `width` columns, with an ellipsis for the missing part. The end is
/// kept of numbers, and with `keeps_end`; otherwise the start.
std::string cut(const std::string& text, std::size_t width, bool keeps_end);

/// Shortens container IDs, words of 64 hexadecimal digits, to their first 12.
std::string with_short_ids(const std::string& text);

/// The space for a table.
struct Room {
  std::size_t width = 0;
  bool headings = true;
};

/// Reduces a table to the width of `room`; `names` are its headings. A table that is too wide is
/// reduced in this order: optional columns that are empty in all rows are removed; cells shrink to
/// the least width of their columns, those of last resort first; the last column is cut further;
/// columns on the right are replaced by an ellipsis. Cells must already be escaped, and rows must
/// be in depth-first order.
void fit_table(std::vector<TableColumn>& columns, std::vector<std::string>& names,
               std::vector<TableRow>& rows, const Room& room);

/// Returns the width of a text on a terminal in this locale, in columns: that of its longest line.
std::size_t display_width(std::string_view text);

/// What is drawn before the text of a row of a tree.
struct TreeLine {
  std::string text;
  std::size_t width = 0;  ///< in columns
};

/// Draws the tree of the rows, one line for each.
std::vector<TreeLine> tree_lines(std::span<const TableRow> rows);

/// Breaks a text at ", " into lines of at most `width` columns where possible.
std::string fold(const std::string& text, std::size_t width);

/// Breaks the cells of foldable columns so that rows fit into `width` columns where possible.
void fold_cells(std::span<const TableColumn> columns, std::span<TableRow> rows, std::size_t width);

/// A character of the locale.
struct LocaleCharacter {
  std::size_t length = 1;            ///< in bytes
  std::optional<wchar_t> code = {};  ///< none: the byte is not part of a valid character
};

/// Returns the first character of `text`, which must not be empty.
LocaleCharacter first_locale_character(std::string_view text);

// What print_table() does, in parts: a table becomes text, and its lines are laid out here or by
// libsmartcols.

/// A table as it is printed. In a plain one, everything is escaped and reduced to the width of the
/// terminal, and cells of several lines hold line feeds.
struct TableText {
  std::vector<TableColumn> columns;
  std::vector<std::string> names;  ///< the headings
  std::vector<TableRow> rows;
};

/// `width` is that of the terminal, if stdout is one.
TableText table_text(std::span<const TableColumn> columns, std::vector<TableRow> rows,
                     const TableOptions& options, std::optional<std::size_t> width);

/// Appends a byte as "\xHH".
void append_hex(std::string& out, char c);

/// Returns whether cells of a column may hold several lines.
bool has_lines(const TableColumn& column, const TableOptions& options);

/// The lines of a plain or raw table, byte by byte as libsmartcols lays them out.
class TableLines {
 public:
  /// Refers to `text` and `options`, which must outlive it.
  TableLines(const TableText& text, const TableOptions& options);

  /// Returns whether libsmartcols prints the same on a terminal of this width. It does not if it
  /// would reduce or break cells, or if the layout depends on its version.
  bool are_certain(std::optional<std::size_t> width) const;

  /// Errors are left to the caller, as errors of `out`.
  void write(std::FILE* out) const;

 private:
  void append_heading(std::string& out) const;
  void append_row(std::string& out, std::size_t row) const;
  void append_cell(std::string& out, std::size_t column, const TreeLine& tree,
                   std::string_view cell, const char* style) const;
  const TreeLine& tree_of(std::size_t row, std::size_t column) const;
  bool is_right(std::size_t column) const;
  std::size_t heading_width(std::size_t column) const;

  const TableText& text_;
  const TableOptions& options_;
  std::vector<TreeLine> tree_;         ///< of each row; empty without a tree
  std::vector<std::size_t> contents_;  ///< the widths of the cells of each column
  std::vector<std::size_t> widths_;    ///< the widths of the columns
};

/// Prints a table in any format with libsmartcols, which is only loaded now.
Status print_with_smartcols(TableText text, const TableOptions& options, std::FILE* out);

}  // namespace nsx::cli

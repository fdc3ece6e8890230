// SPDX-License-Identifier: MIT
#pragma once
// What print_table() does, in parts: a table becomes text, and its lines are laid out here or by
// libsmartcols.

#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/fit.hh"
#include "common/table.hh"

namespace nsx::cli {

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

// SPDX-License-Identifier: MIT
#include <libsmartcols.h>
#include <memory>

#include "common/locale.hh"
#include "common/table_text.hh"
#include "symbols.hh"
#include "try.hh"

namespace nsx::cli {

namespace {

constexpr const char* kLibrary = "libsmartcols.so.1";

/// The functions of libsmartcols in use. It is opened when a table first needs it: few do, and
/// loading it takes longer than printing most tables.
struct Smartcols {
  decltype(&::scols_new_table) new_table;
  decltype(&::scols_unref_table) unref_table;
  decltype(&::scols_table_set_stream) set_stream;
  decltype(&::scols_table_enable_raw) enable_raw;
  decltype(&::scols_table_enable_json) enable_json;
  decltype(&::scols_table_set_name) set_name;
  decltype(&::scols_table_enable_noencoding) enable_noencoding;
  decltype(&::scols_table_enable_noheadings) enable_noheadings;
  decltype(&::scols_table_enable_colors) enable_colors;
  decltype(&::scols_table_new_column) new_column;
  decltype(&::scols_column_get_header) header;
  decltype(&::scols_column_set_json_type) set_json_type;
  decltype(&::scols_column_set_wrapfunc) set_wrapfunc;
  decltype(&::scols_column_set_flags) set_flags;
  decltype(&::scols_wrapnl_chunksize) chunk_size;
  decltype(&::scols_wrapnl_nextchunk) next_chunk;
  decltype(&::scols_table_new_line) new_line;
  decltype(&::scols_line_set_data) set_data;
  decltype(&::scols_line_get_cell) cell;
  decltype(&::scols_cell_set_color) set_color;
  decltype(&::scols_print_table) print;
};

Result<Smartcols> open_smartcols() {
  Symbols library(kLibrary);
  if (!library.is_open()) {
    return refuse("load", kLibrary, "it is not installed", "install libsmartcols1");
  }
  Smartcols scols{};
  library.find(scols.new_table, "scols_new_table");
  library.find(scols.unref_table, "scols_unref_table");
  library.find(scols.set_stream, "scols_table_set_stream");
  library.find(scols.enable_raw, "scols_table_enable_raw");
  library.find(scols.enable_json, "scols_table_enable_json");
  library.find(scols.set_name, "scols_table_set_name");
  library.find(scols.enable_noencoding, "scols_table_enable_noencoding");
  library.find(scols.enable_noheadings, "scols_table_enable_noheadings");
  library.find(scols.enable_colors, "scols_table_enable_colors");
  library.find(scols.new_column, "scols_table_new_column");
  library.find(scols.header, "scols_column_get_header");
  library.find(scols.set_json_type, "scols_column_set_json_type");
  library.find(scols.set_wrapfunc, "scols_column_set_wrapfunc");
  library.find(scols.set_flags, "scols_column_set_flags");
  library.find(scols.chunk_size, "scols_wrapnl_chunksize");
  library.find(scols.next_chunk, "scols_wrapnl_nextchunk");
  library.find(scols.new_line, "scols_table_new_line");
  library.find(scols.set_data, "scols_line_set_data");
  library.find(scols.cell, "scols_line_get_cell");
  library.find(scols.set_color, "scols_cell_set_color");
  library.find(scols.print, "scols_print_table");
  if (!library.is_complete()) return refuse("load", kLibrary, "it is older than util-linux 2.33");
  return scols;
}

tl::unexpected<Error> out_of_memory() {
  return fail("lay out", "the table", ENOMEM);
}

Status add_column(const Smartcols& scols, libscols_table* table, const TableColumn& column,
                  const std::string& name, const TableOptions& options) {
  int flags = 0;
  // Right-aligned numbers would be detached from the lines of the tree.
  if (column.is_right && !column.has_tree) flags |= SCOLS_FL_RIGHT;
  if (column.is_last_resort && options.truncate) flags |= SCOLS_FL_TRUNC;
  if (column.has_tree) flags |= SCOLS_FL_TREE;
  libscols_column* made =
      scols.new_column(table, name.c_str(), static_cast<double>(column.width), flags);
  if (made == nullptr) return out_of_memory();
  if (options.color && scols.set_color(scols.header(made), escape_sequence(Style::bold)) != 0) {
    return out_of_memory();
  }
  if (options.format == TableFormat::json_of_lsns) {
    scols.set_json_type(made, column.is_number ? SCOLS_JSON_NUMBER : SCOLS_JSON_STRING);
  }
  if (has_lines(column, options)) {
    scols.set_wrapfunc(made, scols.chunk_size, scols.next_chunk, nullptr);
    scols.set_flags(made, flags | SCOLS_FL_WRAP);
  }
  return {};
}

Status set_cells(const Smartcols& scols, libscols_line* line, const TableRow& row,
                 const TableOptions& options) {
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    if (row.cells[i].empty()) continue;
    if (scols.set_data(line, i, row.cells[i].c_str()) != 0) return out_of_memory();
    if (!options.color || row.styles.empty() || row.styles[i] == Style::plain) continue;
    if (scols.set_color(scols.cell(line, i), escape_sequence(row.styles[i])) != 0) {
      return out_of_memory();
    }
  }
  return {};
}

}  // namespace

Status print_with_smartcols(TableText text, const TableOptions& options, std::FILE* out) {
  need_locale();
  const Smartcols scols = TRY(open_smartcols());
  const std::unique_ptr<libscols_table, decltype(scols.unref_table)> table(scols.new_table(),
                                                                           scols.unref_table);
  if (!table) return out_of_memory();
  scols.set_stream(table.get(), out);
  scols.enable_raw(table.get(), options.format == TableFormat::raw ? 1 : 0);
  if (options.format == TableFormat::json_of_lsns) {
    scols.enable_json(table.get(), 1);
    if (scols.set_name(table.get(), options.json_key) != 0) return out_of_memory();
  }
  // What the library escapes is less than a terminal must not get. In a raw table, it escapes all
  // that is not printable ASCII.
  if (options.format == TableFormat::plain) scols.enable_noencoding(table.get(), 1);
  scols.enable_noheadings(table.get(), options.headings ? 0 : 1);
  scols.enable_colors(table.get(), options.color ? 1 : 0);
  for (std::size_t i = 0; i < text.columns.size(); ++i) {
    TRY(add_column(scols, table.get(), text.columns[i], text.names[i], options));
  }
  std::vector<libscols_line*> lines;
  lines.reserve(text.rows.size());
  for (TableRow& row : text.rows) {
    libscols_line* parent = row.parent ? lines[*row.parent] : nullptr;
    libscols_line* line = scols.new_line(table.get(), parent);
    if (line == nullptr) return out_of_memory();
    lines.push_back(line);
    TRY(set_cells(scols, line, row, options));
    row = {};  // copied: the memory is of use for the next ones
  }
  if (scols.print(table.get()) != 0) return fail("write", "standard output");
  return {};
}

}  // namespace nsx::cli

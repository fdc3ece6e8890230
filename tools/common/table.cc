#include "common/table.hh"

#include <algorithm>
#include <libsmartcols.h>
#include <memory>
#include <unistd.h>

#include "common/fold.hh"

namespace nsx::cli {

namespace {

struct Unref {
  void operator()(libscols_table* table) const { ::scols_unref_table(table); }
};
using ScolsTable = std::unique_ptr<libscols_table, Unref>;

tl::unexpected<Error> out_of_memory() {
  return fail("lay out", "the table", ENOMEM);
}

bool has_lines(const TableColumn& column, const TableOptions& options) {
  return (column.is_list || column.is_foldable) && options.wrap &&
         options.format == TableFormat::plain;
}

Status add_column(libscols_table* table, const TableColumn& column, const TableOptions& options) {
  int flags = 0;
  // Numbers that carry the tree's lines would stand away from them on the right.
  if (column.is_right && !column.has_tree) flags |= SCOLS_FL_RIGHT;
  if (column.is_last_resort && options.truncate) flags |= SCOLS_FL_TRUNC;
  if (column.has_tree) flags |= SCOLS_FL_TREE;
  libscols_column* made = ::scols_table_new_column(table, column.name, 0, flags);
  if (made == nullptr) return out_of_memory();
  if (options.format == TableFormat::json && column.is_number &&
      ::scols_column_set_json_type(made, SCOLS_JSON_NUMBER) != 0) {
    return out_of_memory();
  }
  if (options.color &&
      ::scols_cell_set_color(::scols_column_get_header(made), escape_sequence(Style::bold)) != 0) {
    return out_of_memory();
  }
  if (has_lines(column, options)) {
    // The library escapes control characters; this one has a meaning here.
    ::scols_column_set_safechars(made, "\n");
    ::scols_column_set_wrapfunc(made, ::scols_wrapnl_chunksize, ::scols_wrapnl_nextchunk, nullptr);
    ::scols_column_set_flags(made, flags | SCOLS_FL_WRAP);
  }
  return {};
}

Status set_cells(libscols_line* line, TableRow& row, std::span<const TableColumn> columns,
                 const TableOptions& options) {
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    std::string& cell = row.cells[i];
    if (cell.empty()) continue;
    if (columns[i].is_list && options.format != TableFormat::json &&
        !has_lines(columns[i], options)) {
      std::replace(cell.begin(), cell.end(), '\n', ',');
    }
    if (::scols_line_set_data(line, i, cell.c_str()) != 0) return out_of_memory();
    if (!options.color || row.styles.empty() || row.styles[i] == Style::plain) continue;
    if (::scols_cell_set_color(::scols_line_get_cell(line, i), escape_sequence(row.styles[i])) !=
        0) {
      return out_of_memory();
    }
  }
  return {};
}

}  // namespace

Status print_table(std::span<const TableColumn> columns, std::vector<TableRow> rows,
                   const TableOptions& options) {
  const ScolsTable table(::scols_new_table());
  if (!table) return out_of_memory();
  ::scols_table_enable_json(table.get(), options.format == TableFormat::json ? 1 : 0);
  ::scols_table_enable_raw(table.get(), options.format == TableFormat::raw ? 1 : 0);
  ::scols_table_enable_noheadings(table.get(), options.headings ? 0 : 1);
  ::scols_table_enable_colors(table.get(), options.color ? 1 : 0);
  if (::scols_table_set_name(table.get(), options.json_key) != 0) return out_of_memory();

  for (const TableColumn& column : columns) {
    if (auto done = add_column(table.get(), column, options); !done) return done;
  }
  if (options.wrap && options.format == TableFormat::plain && ::isatty(STDOUT_FILENO) == 1) {
    fold_cells(columns, rows, ::scols_table_get_termwidth(table.get()));
  }
  std::vector<libscols_line*> lines;
  lines.reserve(rows.size());
  for (TableRow& row : rows) {
    libscols_line* parent = row.parent ? lines[*row.parent] : nullptr;
    libscols_line* line = ::scols_table_new_line(table.get(), parent);
    if (line == nullptr) return out_of_memory();
    lines.push_back(line);
    if (auto done = set_cells(line, row, columns, options); !done) return done;
    row = {};  // copied: the memory is of use for the next ones
  }
  if (::scols_print_table(table.get()) != 0) return fail("write", "standard output");
  return {};
}

}  // namespace nsx::cli

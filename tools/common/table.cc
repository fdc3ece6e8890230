#include "common/table.hh"

#include <algorithm>
#include <libsmartcols.h>
#include <memory>

namespace nsx::cli {

namespace {

struct Unref {
  void operator()(libscols_table* table) const { ::scols_unref_table(table); }
};
using ScolsTable = std::unique_ptr<libscols_table, Unref>;

tl::unexpected<Error> out_of_memory() {
  return fail("lay out", "the table", ENOMEM);
}

Status add_column(libscols_table* table, const TableColumn& column, TableFormat format) {
  int flags = 0;
  // Numbers that carry the tree's lines would stand away from them on the right.
  if (column.is_right && !column.has_tree) flags |= SCOLS_FL_RIGHT;
  if (column.is_last_resort) flags |= SCOLS_FL_TRUNC;
  if (column.has_tree) flags |= SCOLS_FL_TREE;
  libscols_column* made = ::scols_table_new_column(table, column.name, 0, flags);
  if (made == nullptr) return out_of_memory();
  if (format == TableFormat::json && column.is_number &&
      ::scols_column_set_json_type(made, SCOLS_JSON_NUMBER) != 0) {
    return out_of_memory();
  }
  if (column.is_list && format == TableFormat::plain) {
    // The library escapes control characters; this one has a meaning here.
    ::scols_column_set_safechars(made, "\n");
    ::scols_column_set_wrapfunc(made, ::scols_wrapnl_chunksize, ::scols_wrapnl_nextchunk, nullptr);
    ::scols_column_set_flags(made, flags | SCOLS_FL_WRAP);
  }
  return {};
}

}  // namespace

Status print_table(const char* name, std::span<const TableColumn> columns,
                   std::span<const TableRow> rows, TableFormat format, bool headings) {
  const ScolsTable table(::scols_new_table());
  if (!table) return out_of_memory();
  ::scols_table_enable_json(table.get(), format == TableFormat::json ? 1 : 0);
  ::scols_table_enable_raw(table.get(), format == TableFormat::raw ? 1 : 0);
  ::scols_table_enable_noheadings(table.get(), headings ? 0 : 1);
  if (::scols_table_set_name(table.get(), name) != 0) return out_of_memory();

  for (const TableColumn& column : columns) {
    if (auto done = add_column(table.get(), column, format); !done) return done;
  }
  std::vector<libscols_line*> lines;
  lines.reserve(rows.size());
  for (const TableRow& row : rows) {
    libscols_line* parent = row.parent ? lines[*row.parent] : nullptr;
    libscols_line* line = ::scols_table_new_line(table.get(), parent);
    if (line == nullptr) return out_of_memory();
    lines.push_back(line);
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (row.cells[i].empty()) continue;
      std::string cell = row.cells[i];
      if (columns[i].is_list && format == TableFormat::raw) {
        std::replace(cell.begin(), cell.end(), '\n', ',');
      }
      if (::scols_line_set_data(line, i, cell.c_str()) != 0) return out_of_memory();
    }
  }
  if (::scols_print_table(table.get()) != 0) return fail("write", "standard output");
  return {};
}

}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#include "common/table.hh"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cwctype>
#include <libsmartcols.h>
#include <memory>
#include <string_view>
#include <unistd.h>

#include "common/fit.hh"
#include "common/report.hh"
#include "common/value.hh"
#include "try.hh"

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

Status add_column(libscols_table* table, const TableColumn& column, const std::string& name,
                  const TableOptions& options) {
  int flags = 0;
  // Right-aligned numbers would be detached from the lines of the tree.
  if (column.is_right && !column.has_tree) flags |= SCOLS_FL_RIGHT;
  if (column.is_last_resort && options.truncate) flags |= SCOLS_FL_TRUNC;
  if (column.has_tree) flags |= SCOLS_FL_TREE;
  libscols_column* made =
      ::scols_table_new_column(table, name.c_str(), static_cast<double>(column.width), flags);
  if (made == nullptr) return out_of_memory();
  if (options.color &&
      ::scols_cell_set_color(::scols_column_get_header(made), escape_sequence(Style::bold)) != 0) {
    return out_of_memory();
  }
  if (options.format == TableFormat::json_of_lsns) {
    ::scols_column_set_json_type(made, column.is_number ? SCOLS_JSON_NUMBER : SCOLS_JSON_STRING);
  }
  if (has_lines(column, options)) {
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
    if (columns[i].is_list) {
      std::ranges::replace(cell, kBreak, options.format == TableFormat::json_of_lsns ? '\n' : ',');
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

void append_hex(std::string& text, char c) {
  constexpr const char* kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  text.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 0xf]);
}

/// Escapes "\\x" as "\\x5cx", and leaves other backslashes as they are.
std::string printable_but_lone_backslashes(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    text += line.substr(i).starts_with("\\x") ? "\\x5c" : std::string{line[i]};
  }
  return visible(text);
}

/// Escapes one line of a cell for a terminal.
std::string shown(std::string_view line, const TableOptions& options) {
  const std::string text =
      options.lone_backslashes ? printable_but_lone_backslashes(line) : printable(line);
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const LocaleCharacter character = first_locale_character(rest);
    const std::string_view bytes = rest.substr(0, character.length);
    if (character.code && std::iswprint(static_cast<wint_t>(*character.code)) != 0) {
      out += bytes;
    } else {
      // Not encodable in this locale, or not assigned.
      for (const char byte : bytes)
        append_hex(out, byte);
    }
    rest.remove_prefix(character.length);
  }
  return out;
}

/// Escapes a cell of a plain table for a terminal. The values of a list are separated by line feeds
/// afterwards.
void escape_cell(const TableColumn& column, std::string& cell, const TableOptions& options) {
  if (!column.is_list) {
    cell = shown(cell, options);
    return;
  }
  std::string escaped;
  for (std::size_t start = 0; start <= cell.size();) {
    const std::size_t end = std::min(cell.find(kBreak, start), cell.size());
    escaped += (start == 0 ? "" : "\n") +
               shown(std::string_view(cell).substr(start, end - start), options);
    start = end + 1;
  }
  cell = std::move(escaped);
}

/// Joins the values of each list into one line.
void join_lists(std::span<const TableColumn> columns, std::span<TableRow> rows) {
  for (TableRow& row : rows) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (columns[i].is_list) std::replace(row.cells[i].begin(), row.cells[i].end(), '\n', ',');
    }
  }
}

bool is_wanted_by_environment() {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) != "dumb";
}

}  // namespace

Status print_table(std::span<const TableColumn> wanted, std::vector<TableRow> rows,
                   const TableOptions& options) {
  const ScolsTable table(::scols_new_table());
  if (!table) return out_of_memory();
  ::scols_table_enable_raw(table.get(), options.format == TableFormat::raw ? 1 : 0);
  if (options.format == TableFormat::json_of_lsns) {
    ::scols_table_enable_json(table.get(), 1);
    if (::scols_table_set_name(table.get(), options.json_key) != 0) return out_of_memory();
  }
  // What the library escapes is less than a terminal must not get. In a raw table, it escapes all
  // that is not printable ASCII.
  if (options.format == TableFormat::plain) ::scols_table_enable_noencoding(table.get(), 1);
  ::scols_table_enable_noheadings(table.get(), options.headings ? 0 : 1);
  ::scols_table_enable_colors(table.get(), options.color ? 1 : 0);

  std::vector<TableColumn> columns(wanted.begin(), wanted.end());
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const TableColumn& column : columns)
    names.emplace_back(column.name);
  if (options.format == TableFormat::plain) {
    for (std::string& name : names)
      name = shown(name, options);
    for (TableRow& row : rows) {
      for (std::size_t i = 0; i < row.cells.size(); ++i)
        escape_cell(columns[i], row.cells[i], options);
    }
    if (!options.wrap) join_lists(columns, rows);
    if (const auto width = terminal_width()) {
      if (options.wrap) fold_cells(columns, rows, *width);
      if (options.fit && options.truncate) {
        fit_table(columns, names, rows, {.width = *width, .headings = options.headings});
      }
    }
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    TRY(add_column(table.get(), columns[i], names[i], options));
  }
  std::vector<libscols_line*> lines;
  lines.reserve(rows.size());
  for (TableRow& row : rows) {
    libscols_line* parent = row.parent ? lines[*row.parent] : nullptr;
    libscols_line* line = ::scols_table_new_line(table.get(), parent);
    if (line == nullptr) return out_of_memory();
    lines.push_back(line);
    TRY(set_cells(line, row, columns, options));
    row = {};  // copied: the memory is of use for the next ones
  }
  if (::scols_print_table(table.get()) != 0) return fail("write", "standard output");
  return {};
}

const char* escape_sequence(Style style) {
  // Same order as `Style`.
  constexpr std::array<const char*, 9> kSequences{nullptr,    "\033[1m",  "\033[2m",
                                                  "\033[31m", "\033[32m", "\033[33m",
                                                  "\033[34m", "\033[35m", "\033[36m"};
  return kSequences[static_cast<std::size_t>(style)];
}

Result<bool> wants_color(const char* when) {
  const std::string_view text = when != nullptr ? when : "auto";
  if (text == "always") return true;
  if (text == "never") return false;
  if (text == "auto") return ::isatty(STDOUT_FILENO) == 1 && is_wanted_by_environment();
  return problem("invalid argument '{}' for --color", text, "expected auto, always or never");
}

}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#include "common/table_text.hh"

#include <algorithm>
#include <cwctype>
#include <string_view>

#include <nsx/text.hh>

#include "common/locale.hh"
#include "common/value.hh"

namespace nsx::cli {

namespace {

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
  if (is_simple(cell)) return;
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

/// Separates the values of lists by another character.
void separate_lists(TableText& text, char before, char after) {
  for (std::size_t i = 0; i < text.columns.size(); ++i) {
    if (!text.columns[i].is_list) continue;
    for (TableRow& row : text.rows)
      std::ranges::replace(row.cells[i], before, after);
  }
}

void escape(TableText& text, const TableOptions& options) {
  for (std::string& name : text.names)
    name = shown(name, options);
  for (TableRow& row : text.rows) {
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      escape_cell(text.columns[i], row.cells[i], options);
  }
}

}  // namespace

TableText table_text(std::span<const TableColumn> columns, std::vector<TableRow> rows,
                     const TableOptions& options, std::optional<std::size_t> width) {
  TableText text{{columns.begin(), columns.end()}, {}, std::move(rows)};
  text.names.reserve(columns.size());
  for (const TableColumn& column : columns)
    text.names.emplace_back(column.name);
  if (options.format != TableFormat::plain) {
    separate_lists(text, kBreak, options.format == TableFormat::json_of_lsns ? '\n' : ',');
    return text;
  }
  escape(text, options);
  if (!options.wrap) separate_lists(text, '\n', ',');
  if (!width) return text;
  if (options.wrap) fold_cells(text.columns, text.rows, *width);
  if (options.fit && options.truncate) {
    fit_table(text.columns, text.names, text.rows, {.width = *width, .headings = options.headings});
  }
  return text;
}

void append_hex(std::string& text, char c) {
  constexpr const char* kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  text.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 0xf]);
}

bool has_lines(const TableColumn& column, const TableOptions& options) {
  return (column.is_list || column.is_foldable) && options.wrap &&
         options.format == TableFormat::plain;
}

}  // namespace nsx::cli

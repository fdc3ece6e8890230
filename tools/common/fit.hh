// SPDX-License-Identifier: MIT
#pragma once
// What a terminal has room for: tables that are wider, long cells, and the width of characters in
// the encoding of the locale (LC_CTYPE).

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/table.hh"

namespace nsx::cli {

/// The columns of the terminal that stdout is; none: it is no terminal.
std::optional<std::size_t> terminal_width();

/// Cuts a text to `width` columns, with an ellipsis for what is missing. Of a number, and with
/// `keeps_end`, the end stays; otherwise the start does. Lines are cut one by one.
std::string cut(const std::string& text, std::size_t width, bool keeps_end);

/// The same text with the IDs of containers, 64 hexadecimal digits, as their first 12.
std::string with_short_ids(const std::string& text);

/// What a table has to fit into.
struct Room {
  std::size_t width = 0;
  bool headings = true;
};

/// Makes a table at most that wide; `names` are its headings. If it is wider, in this order:
/// optional columns that say nothing in any row are removed; cells shrink, those of last resort
/// first, to the least that their columns state; the last column is cut further; columns on the
/// right are removed, and an ellipsis takes their place. Cells have to be escaped already. Rows
/// have to come depth first.
void fit_table(std::vector<TableColumn>& columns, std::vector<std::string>& names,
               std::vector<TableRow>& rows, const Room& room);

/// The columns that a text takes on a terminal, in the locale. Of several lines: the longest one.
std::size_t display_width(const std::string& text);

/// Breaks a text at ", " into lines that take at most `width` columns, where that is possible.
std::string fold(const std::string& text, std::size_t width);

/// Breaks the cells of foldable columns so that the rows fit on a terminal, where that is possible.
void fold_cells(std::span<const TableColumn> columns, std::span<TableRow> rows, std::size_t width);

/// A character of the locale.
struct LocaleCharacter {
  std::size_t length = 1;            ///< in bytes
  std::optional<wchar_t> code = {};  ///< none: the byte is not part of a character
};

/// The first character of `text`, which must not be empty.
LocaleCharacter first_locale_character(std::string_view text);

}  // namespace nsx::cli

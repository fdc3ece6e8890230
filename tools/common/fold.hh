#pragma once
// Long cells on narrow terminals.

#include <span>

#include "common/table.hh"

namespace nsx::cli {

/// The columns that a text takes on a terminal, in the locale. Of several lines: the longest one.
std::size_t display_width(const std::string& text);

/// Breaks a text at ", " into lines that take at most `width` columns, where that is possible.
std::string fold(const std::string& text, std::size_t width);

/// Breaks the cells of foldable columns so that the rows fit on a terminal, where that is possible.
void fold_cells(std::span<const TableColumn> columns, std::span<TableRow> rows, std::size_t width);

}  // namespace nsx::cli

#include "common/fold.hh"

#include <algorithm>
#include <cwchar>

namespace nsx::cli {

namespace {

/// A cell that is cut off needs no more than this.
constexpr std::size_t kCutOff = 16;
/// Narrower lines would be harder to read than such that the terminal breaks.
constexpr std::size_t kNarrowest = 24;

std::size_t line_width(const std::string& line) {
  std::size_t width = 0;
  std::mbstate_t state{};
  for (std::size_t at = 0; at < line.size();) {
    wchar_t character = 0;
    const std::size_t length = std::mbrtowc(&character, line.data() + at, line.size() - at, &state);
    if (length == 0 || length > line.size()) {
      // Not a character of the locale: shown as "\xHH".
      width += 4;
      ++at;
      state = {};
      continue;
    }
    width += static_cast<std::size_t>(std::max(::wcwidth(character), 0));
    at += length;
  }
  return width;
}

std::size_t natural_width(const TableColumn& column, std::span<const TableRow> rows,
                          std::size_t index) {
  std::size_t width = display_width(column.name);
  for (const TableRow& row : rows)
    width = std::max(width, display_width(row.cells[index]));
  return column.is_last_resort ? std::min(width, kCutOff) : width;
}

}  // namespace

std::size_t display_width(const std::string& text) {
  std::size_t width = 0;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    width = std::max(width, line_width(text.substr(start, end - start)));
    start = end + 1;
  }
  return width;
}

std::string fold(const std::string& text, std::size_t width) {
  std::string folded;
  std::string line;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t comma = text.find(", ", start);
    const std::size_t end = comma == std::string::npos ? text.size() : comma + 1;
    const std::string part = text.substr(start, end - start);
    if (!line.empty() && line_width(line) + 1 + line_width(part) > width) {
      folded += line + '\n';
      line = part;
    } else {
      line += (line.empty() ? "" : " ") + part;
    }
    start = comma == std::string::npos ? text.size() : comma + 2;
  }
  return folded + line;
}

void fold_cells(std::span<const TableColumn> columns, std::span<TableRow> rows, std::size_t width) {
  std::size_t foldable = 0;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_foldable) {
      ++foldable;
    } else {
      taken += natural_width(columns[i], rows, i);
    }
    ++taken;  // a blank between
  }
  if (foldable == 0) return;
  const std::size_t room = std::max(taken < width ? (width - taken) / foldable : 0, kNarrowest);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].is_foldable) continue;
    for (TableRow& row : rows)
      row.cells[i] = fold(row.cells[i], room);
  }
}

}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>

#include "common/locale.hh"
#include "common/table_text.hh"

namespace nsx::cli {

namespace {

/// Output is written in parts of this size.
constexpr std::size_t kPart = std::size_t{64} * 1024;

/// Returns whether a raw table has a byte as it is.
bool is_kept_raw(char c) {
  if (c > ' ' && c <= '~') return c != '\\';
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x80) return false;
  need_locale();
  return std::isprint(byte) != 0 && std::isblank(byte) == 0 && std::iscntrl(byte) == 0;
}

/// Appends a text up to its first null character, with other bytes as "\xHH".
void append_raw(std::string& out, std::string_view text) {
  for (const char c : text.substr(0, text.find('\0'))) {
    if (is_kept_raw(c)) {
      out += c;
    } else {
      append_hex(out, c);
    }
  }
}

}  // namespace

TableLines::TableLines(const TableText& text, const TableOptions& options)
    : text_(text), options_(options) {
  const bool is_tree = std::ranges::any_of(text.columns, &TableColumn::has_tree);
  if (is_tree) tree_ = tree_lines(text.rows);
  if (options.format == TableFormat::raw) return;
  contents_.resize(text.columns.size());
  for (std::size_t row = 0; row < text.rows.size(); ++row) {
    for (std::size_t i = 0; i < contents_.size(); ++i) {
      const std::size_t width = tree_of(row, i).width + display_width(text.rows[row].cells[i]);
      contents_[i] = std::max(contents_[i], width);
    }
  }
  for (std::size_t i = 0; i < contents_.size(); ++i)
    widths_.push_back(std::max({contents_[i], heading_width(i), text.columns[i].width}));
}

bool TableLines::are_certain(std::optional<std::size_t> width) const {
  if (options_.format == TableFormat::raw) return true;
  std::size_t total = widths_.size() - 1;  // the spaces between columns
  bool can_reduce = false;
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    const TableColumn& column = text_.columns[i];
    // Versions from 2.38 to 2.42 differ in the space for headings that are not printed, and in
    // minimum widths beside headings that are as wide as the cells.
    const std::size_t heading = heading_width(i);
    const bool is_padded = i + 1 < widths_.size() || is_right(i);
    if (is_padded && !options_.headings && contents_[i] < heading) return false;
    if (contents_[i] <= heading && heading < column.width) return false;
    const auto has_break = [&](const TableRow& row) {
      return row.cells[i].find('\n') != std::string::npos;
    };
    if (has_lines(column, options_) && std::ranges::any_of(text_.rows, has_break)) return false;
    total += widths_[i];
    can_reduce = can_reduce || (column.is_last_resort && options_.truncate);
  }
  return !width || !can_reduce || total <= *width;
}

void TableLines::write(std::FILE* out) const {
  if (text_.rows.empty()) return;  // nor headings
  std::string part;
  part.reserve(kPart);
  if (options_.headings) append_heading(part);
  for (std::size_t row = 0; row < text_.rows.size(); ++row) {
    append_row(part, row);
    if (part.size() < kPart && row + 1 < text_.rows.size()) continue;
    std::fwrite(part.data(), 1, part.size(), out);
    part.clear();
  }
}

void TableLines::append_heading(std::string& out) const {
  const char* style = options_.color ? escape_sequence(Style::bold) : nullptr;
  for (std::size_t i = 0; i < text_.names.size(); ++i)
    append_cell(out, i, {}, text_.names[i], style);
}

void TableLines::append_row(std::string& out, std::size_t row) const {
  const TableRow& cells = text_.rows[row];
  for (std::size_t i = 0; i < cells.cells.size(); ++i) {
    const std::string& cell = cells.cells[i];
    const bool has_style = options_.color && !cells.styles.empty() && !cell.empty();
    append_cell(out, i, tree_of(row, i), cell,
                has_style ? escape_sequence(cells.styles[i]) : nullptr);
  }
}

void TableLines::append_cell(std::string& out, std::size_t column, const TreeLine& tree,
                             std::string_view cell, const char* style) const {
  const bool is_last = column + 1 == text_.columns.size();
  const char end = is_last ? '\n' : ' ';
  if (options_.format == TableFormat::raw) {
    append_raw(out, tree.text);
    append_raw(out, cell);
    out += end;
    return;
  }
  const std::size_t padding = widths_[column] - tree.width - display_width(cell);
  const bool is_right = this->is_right(column) && !cell.empty();
  if (style != nullptr) out += style;
  if (is_right) out.append(padding, ' ');
  if (tree.width != 0) out += tree.text;
  out += cell;
  if (!is_right && !is_last) out.append(padding, ' ');
  if (style != nullptr) out += "\033[0m";
  out += end;
}

const TreeLine& TableLines::tree_of(std::size_t row, std::size_t column) const {
  static const TreeLine kNone;
  return text_.columns[column].has_tree ? tree_[row] : kNone;
}

bool TableLines::is_right(std::size_t column) const {
  return text_.columns[column].is_right && !text_.columns[column].has_tree;
}

std::size_t TableLines::heading_width(std::size_t column) const {
  return std::max<std::size_t>(display_width(text_.names[column]), 1);
}

}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <cwchar>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/locale.hh"
#include "common/table_text.hh"
#include "common/value.hh"

namespace nsx::cli {

namespace {

bool is_utf8() {
  need_locale();
  return std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
}

const char* ellipsis() {
  return is_utf8() ? "…" : "...";
}

/// Returns the length of each character of a line, in bytes.
std::vector<std::size_t> character_lengths(std::string_view line) {
  std::vector<std::size_t> lengths;
  for (; !line.empty(); line.remove_prefix(lengths.back()))
    lengths.push_back(first_locale_character(line).length);
  return lengths;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string cut_line(const std::string& line, std::size_t width, bool keeps_end) {
  if (display_width(line) <= width) return line;
  const std::string mark = ellipsis();
  const std::size_t mark_width = display_width(mark);
  if (width <= mark_width) return mark.substr(0, is_utf8() ? mark.size() : width);
  const bool is_end = keeps_end || is_number(line);
  std::size_t room = width - mark_width;
  std::vector<std::size_t> lengths = character_lengths(line);
  if (is_end) std::reverse(lengths.begin(), lengths.end());
  std::size_t kept = 0;
  for (const std::size_t length : lengths) {
    const std::size_t at = is_end ? line.size() - kept - length : kept;
    const std::size_t taken = display_width(line.substr(at, length));
    if (taken > room) break;
    room -= taken;
    kept += length;
  }
  return is_end ? mark + line.substr(line.size() - kept) : line.substr(0, kept) + mark;
}

class Fitter {
 public:
  Fitter(std::vector<TableColumn>& columns, std::vector<std::string>& names,
         std::vector<TableRow>& rows, const Room& room)
      : columns_(columns),
        names_(names),
        rows_(rows),
        width_(std::max(room.width, kNarrowest)),
        headings_(room.headings) {
    for (std::size_t i = 0; i < columns.size(); ++i)
      widths_.push_back(natural_width(i, tree_width(i)));
  }

  void fit() {
    if (total(true) <= width_) return;
    take_over_layout();
    remove_empty();
    shorten_ids();
    remove_extra();
    shrink(true, 0);
    shrink(false, 0);
    shrink(true, kFew);
    cut_right();
    for (std::size_t i = 0; i < columns_.size(); ++i)
      cut_cells(i);
  }

 private:
  static constexpr std::size_t kNarrowest = 8;
  /// A narrower cell would be useless.
  static constexpr std::size_t kFew = 7;

  std::size_t tree_width(std::size_t index) const {
    if (!columns_[index].has_tree) return 0;
    std::vector<std::size_t> depths(rows_.size());
    std::size_t widest = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].parent) depths[i] = depths[*rows_[i].parent] + 2;
      widest = std::max(widest, depths[i] + display_width(rows_[i].cells[index]));
    }
    return widest;
  }

  std::size_t natural_width(std::size_t index, std::size_t at_least) const {
    // libsmartcols gives an empty column a width of one.
    std::size_t width = std::max<std::size_t>(headings_ ? display_width(names_[index]) : 0, 1);
    for (const TableRow& row : rows_)
      width = std::max(width, display_width(row.cells[index]));
    return std::max(width, at_least);
  }

  std::size_t total(bool padded) const {
    std::size_t sum = columns_.empty() ? 0 : columns_.size() - 1;  // the spaces between columns
    for (std::size_t i = 0; i < columns_.size(); ++i)
      sum += padded ? std::max(widths_[i], columns_[i].width) : widths_[i];
    return sum;
  }

  /// Removes everything else that would change the layout. The tree becomes text, so that it can
  /// be cut like other text.
  void take_over_layout() {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      TableColumn& column = columns_[i];
      column.width = 0;
      widths_[i] = std::min(widths_[i], width_);
      if (!column.has_tree) continue;
      const std::vector<TreeLine> tree = tree_lines(rows_);
      for (std::size_t row = 0; row < rows_.size(); ++row)
        rows_[row].cells[i].insert(0, tree[row].text);
      column.has_tree = column.is_right = false;
    }
    for (TableRow& row : rows_)
      row.parent.reset();
  }

  void remove(std::size_t index) {
    const auto at = static_cast<std::ptrdiff_t>(index);
    columns_.erase(columns_.begin() + at);
    names_.erase(names_.begin() + at);
    widths_.erase(widths_.begin() + at);
    for (TableRow& row : rows_) {
      row.cells.erase(row.cells.begin() + at);
      if (!row.styles.empty()) row.styles.erase(row.styles.begin() + at);
    }
  }

  void remove_empty() {
    for (std::size_t i = columns_.size(); i-- > 0 && total(false) > width_;) {
      const TableColumn& column = columns_[i];
      const bool is_empty = std::all_of(rows_.begin(), rows_.end(), [&](const TableRow& row) {
        return row.cells[i].empty() || row.cells[i] == column.nothing;
      });
      if (column.is_optional && is_empty) remove(i);
    }
  }

  void shorten_ids() {
    for (std::size_t i = 0; i < columns_.size() && total(false) > width_; ++i) {
      if (columns_[i].least == 0) continue;
      for (TableRow& row : rows_)
        row.cells[i] = with_short_ids(row.cells[i]);
      widths_[i] = std::min(natural_width(i, 0), width_);
    }
  }

  void remove_extra() {
    for (std::size_t i = columns_.size(); i-- > 0;) {
      std::size_t least = columns_.size() - 1;
      for (std::size_t j = 0; j < columns_.size(); ++j)
        least += columns_[j].least != 0 ? std::min(widths_[j], columns_[j].least) : widths_[j];
      if (columns_[i].is_extra && least > width_) remove(i);
    }
  }

  /// Narrows the widest column until the table fits or no column can shrink any more. `least`
  /// replaces the least widths of the columns unless it is 0.
  void shrink(bool last_resort, std::size_t least) {
    for (std::size_t sum = total(false); sum > width_; --sum) {
      std::size_t widest = columns_.size();
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (last_resort && !columns_[i].is_last_resort) continue;
        if (columns_[i].least == 0) continue;
        if (widths_[i] <= (least != 0 ? least : columns_[i].least)) continue;
        if (widest == columns_.size() || widths_[i] > widths_[widest]) widest = i;
      }
      if (widest == columns_.size()) return;
      --widths_[widest];
    }
  }

  /// Cuts the last column, or removes it if too little would be left of it.
  void cut_right() {
    bool is_cut = false;
    while (columns_.size() > 1 && total(false) + (is_cut ? 2 : 0) > width_) {
      const std::size_t excess = total(false) + (is_cut ? 2 : 0) - width_;
      std::size_t& last = widths_.back();
      if (columns_.back().least != 0 && last >= excess + kFew) {
        last -= excess;
      } else {
        remove(columns_.size() - 1);
        is_cut = true;
      }
    }
    if (columns_.size() == 1) widths_.front() = std::min(widths_.front(), width_ - 2);
    if (!is_cut) return;
    columns_.push_back({.name = ""});
    names_.emplace_back(cut(ellipsis(), 1, false));
    widths_.push_back(1);
    for (TableRow& row : rows_) {
      row.cells.emplace_back();
      if (!row.styles.empty()) row.styles.push_back(Style::plain);
    }
  }

  void cut_cells(std::size_t index) {
    const TableColumn& column = columns_[index];
    const std::size_t width = widths_[index];
    names_[index] = cut(with_short_ids(names_[index]), width, column.keeps_end);
    for (TableRow& row : rows_)
      row.cells[index] = cut(row.cells[index], width, column.keeps_end);
  }

  std::vector<TableColumn>& columns_;
  std::vector<std::string>& names_;
  std::vector<TableRow>& rows_;
  const std::size_t width_;
  const bool headings_;
  std::vector<std::size_t> widths_;
};

/// The width reserved for a column of last resort, which may be cut off.
constexpr std::size_t kCutOff = 16;
/// Narrower lines would be harder to read than lines that the terminal wraps.
constexpr std::size_t kNarrowest = 24;

std::size_t line_width(std::string_view line) {
  std::size_t width = 0;
  while (!line.empty()) {
    const LocaleCharacter character = first_locale_character(line);
    // Bytes that are not characters of the locale are shown as "\xHH".
    width += character.code ? static_cast<std::size_t>(std::max(::wcwidth(*character.code), 0)) : 4;
    line.remove_prefix(character.length);
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

std::optional<std::size_t> terminal_width() {
  if (::isatty(STDOUT_FILENO) != 1) return std::nullopt;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const auto width = parse_number<std::size_t>(columns != nullptr ? columns : "");
  constexpr std::size_t kUsual = 80;
  return width && *width > 0 ? *width : kUsual;
}

std::string cut(const std::string& text, std::size_t width, bool keeps_end) {
  std::string all;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (start > 0) all += '\n';
    all += cut_line(text.substr(start, end - start), width, keeps_end);
    start = end + 1;
  }
  return all;
}

std::string with_short_ids(const std::string& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::size_t kFull = 64;
  constexpr std::size_t kShort = 12;
  std::string shortened;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of(kDigits, at), text.size());
    if (end - at == kFull) {
      shortened += text.substr(at, kShort);
    } else {
      shortened += text.substr(at, end - at);
    }
    if (end < text.size()) shortened += text[end];
    at = end + 1;
  }
  return shortened;
}

void fit_table(std::vector<TableColumn>& columns, std::vector<std::string>& names,
               std::vector<TableRow>& rows, const Room& room) {
  Fitter(columns, names, rows, room).fit();
}

std::size_t display_width(std::string_view text) {
  if (is_simple(text)) return text.size();
  std::size_t width = 0;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    width = std::max(width, line_width(text.substr(start, end - start)));
    start = end + 1;
  }
  return width;
}

std::vector<TreeLine> tree_lines(std::span<const TableRow> rows) {
  const bool is_wide = is_utf8();
  const char* branch = is_wide ? "├─" : "|-";
  const char* corner = is_wide ? "└─" : "`-";
  const char* line = is_wide ? "│ " : "| ";
  std::vector<bool> is_last(rows.size(), true);
  std::vector<std::size_t> last_child(rows.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].parent) continue;
    std::size_t& last = last_child[*rows[i].parent];
    if (last != rows.size()) is_last[last] = false;
    last = i;
  }
  std::vector<TreeLine> lines(rows.size());
  std::vector<std::string> below(rows.size());  // what is drawn before the children of each row
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].parent) continue;
    const std::string& before = below[*rows[i].parent];
    lines[i] = {before + (is_last[i] ? corner : branch), lines[*rows[i].parent].width + 2};
    if (last_child[i] != rows.size()) below[i] = before + (is_last[i] ? "  " : line);
  }
  return lines;
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
    ++taken;  // the space between columns
  }
  if (foldable == 0) return;
  const std::size_t room = std::max(taken < width ? (width - taken) / foldable : 0, kNarrowest);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].is_foldable) continue;
    for (TableRow& row : rows)
      row.cells[i] = fold(row.cells[i], room);
  }
}

LocaleCharacter first_locale_character(std::string_view text) {
  need_locale();
  wchar_t code = 0;
  std::mbstate_t state{};
  const std::size_t length = std::mbrtowc(&code, text.data(), text.size(), &state);
  // 0 stands for a null character; errors are larger than any length.
  if (length == 0 || length > text.size()) return {};
  return {length, code};
}

}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>

#include "common/table_text.hh"
#include "nsx-cg/top_live.hh"

namespace nsx::cg_tool {

namespace {

constexpr TopSize kSmallest{.lines = 6, .columns = 30};
constexpr int kNarrowestName = 14;
constexpr std::size_t kNoteLines = 2;
constexpr std::size_t kMessageLines = 3;
constexpr TopStyle kHeading{.is_reversed = true};

constexpr std::array kHelp{
    "Up Down PgUp PgDn Home End, k j g G   select a cgroup; Esc: deselect",
    "Left Right       scroll the columns",
    "Enter            show only the selected cgroup and its descendants",
    "u, Backspace     go up one level",
    "e p              explain the limits of the cgroup; list its processes",
    "a c m t          sort by name, CPU, memory, tasks",
    "i o E            sort by bytes read, bytes written, events",
    "< >              sort by the previous, next column",
    "r                reverse the order",
    "v                switch between list and tree",
    "/ n N            search for a name or container; next, previous match",
    "f                filter the cgroups, such as CPU% > 5 and MEM > 1G",
    "+ -              longer, shorter interval; Space: update now",
    "F                freeze or thaw the selected cgroup",
    "K                kill all processes in it and its descendants",
    "q                quit",
};

std::string decimal(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", number);
  return text.data();
}

TopLine whole_line(std::string_view text, int width, TopStyle style = {}) {
  return {{joined(fitted(text, width, TopAlign::left, TopCut::end)), style}};
}

/// A column and its width on the screen.
struct Placed {
  cli::ColumnId column = {};
  int width = 0;
};

class Drawing {
 public:
  Drawing(const TopModel& model, TopSize size, const std::string& note)
      : model_(model), size_(size), note_(note) {}

  TopScreen draw() {
    if (size_.lines < kSmallest.lines || size_.columns < kSmallest.columns) {
      for (int i = 0; i < size_.lines; ++i)
        add(whole_line(i == 0 ? "terminal too small (q quits)" : "", size_.columns));
      return std::move(screen_);
    }
    if (model_.page() != nullptr) {
      add_page(*model_.page());
      add_bottom();
      return std::move(screen_);
    }
    add(whole_line(title(), size_.columns, {.is_bold = true}));
    for (const std::string& line : wrapped(note_, size_.columns, kNoteLines))
      add(whole_line(line, size_.columns));
    if (model_.mode() == TopMode::help) {
      add_help();
    } else {
      place_columns();
      add(headings());
      add_rows();
    }
    add_bottom();
    return std::move(screen_);
  }

 private:
  void add(TopLine line) { screen_.lines.push_back(std::move(line)); }

  std::string title() const {
    const TopSettings& settings = model_.settings();
    const std::size_t all = model_.snapshot().reading.cgroups.size();
    const std::size_t shown = model_.rows().size();
    std::string text = "nsx-cg top " + cli::with_short_ids(printable(model_.base())) + "  ";
    if (shown != all) text += std::to_string(shown) + " of ";
    text += std::to_string(all) + (all == 1 ? " cgroup" : " cgroups");
    text += ", by " + std::string(top_name(settings.sort));
    text += settings.falling ? " (descending)" : " (ascending)";
    constexpr double kSecond = 1000;
    text += ", every " + decimal(static_cast<double>(settings.interval.count()) / kSecond) + " s";
    if (!settings.filter.empty()) text += ", filter: " + settings.filter;
    return text;
  }

  /// Returns the text of a cell. In a tree, the name is the last component of the path.
  std::string text_of(cli::ColumnId id, std::size_t row) const {
    const Row& shown = model_.rows()[row];
    if (id == column("NAME") && model_.settings().is_tree) {
      const std::string& path = model_.snapshot().reading.cgroups[shown.cgroup].path;
      if (!shown.parent) return printable(path);
      std::size_t depth = 0;
      for (auto above = shown.parent; above; above = model_.rows()[*above].parent)
        ++depth;
      return std::string(2 * depth, ' ') + printable(path.substr(path.rfind('/') + 1));
    }
    const cli::Cell cell = top_cell(id, model_.snapshot(), shown.cgroup, model_.settings().exact);
    return cell.shown.empty() ? printable(cli::text_of(cell.value)) : cell.shown;
  }

  /// Returns a width for all visible cells and most future values, so that columns rarely move.
  int width_of_column(cli::ColumnId column) const {
    constexpr int kUsual = 5;
    int width = std::max(kUsual, width_of(top_name(column)));
    for (std::size_t i = model_.first_row(); i < end_of_rows(); ++i)
      width = std::max(width, width_of(text_of(column, i)));
    return width;
  }

  std::size_t end_of_rows() const {
    return std::min(model_.rows().size(), model_.first_row() + room_for_rows(size_, note_));
  }

  /// Returns the width of a text column. It takes room from later columns only for its heading or
  /// for a container ID; from the next column only for its heading.
  static int width_of_text(std::span<const int> widths, int heading, int left) {
    constexpr int kId = 12;
    int room = left - 1;
    for (const int width : widths.subspan(1))
      room -= width + 1;
    const int beside_first = left - 1 - (widths.size() > 1 ? widths[1] + 1 : 0);
    const int least = std::max(heading, std::min(kId, beside_first));
    return std::min(widths.front(), std::max(room, least));
  }

  void place_columns() {
    std::vector<cli::ColumnId> columns = model_.columns();
    columns.push_back(kEventsColumn);
    std::vector<int> widths;
    widths.reserve(columns.size());
    for (const cli::ColumnId column : columns)
      widths.push_back(width_of_column(column));
    const std::span numbers(widths.data(), widths.size() - 1);
    int left = size_.columns - kNarrowestName;
    for (std::size_t i = model_.first_column(); i < columns.size(); ++i) {
      int width = widths[i];
      const int heading = width_of(top_name(columns[i]));
      if (columns[i] == kEventsColumn) {
        width = std::min(width, std::max(heading, left - 1));
      } else if (!is_right(columns[i])) {
        width = width_of_text(numbers.subspan(i), heading, left);
      }
      if (left < width + 1) break;
      left -= width + 1;
      placed_.push_back({columns[i], width});
    }
    const int wanted = width_of_column(column("NAME"));
    // Unused room goes to the name.
    name_width_ = std::min(kNarrowestName + left, std::max(kNarrowestName, wanted));
  }

  TopLine headings() const {
    TopLine line;
    const auto add_heading = [&](cli::ColumnId column, int width) {
      TopStyle style = kHeading;
      style.is_bold = style.is_underlined = column == model_.settings().sort;
      const auto align = is_right(column) ? TopAlign::right : TopAlign::left;
      line.push_back({joined(fitted(top_name(column), width, align, TopCut::end)), style});
    };
    add_heading(column("NAME"), name_width_);
    int used = name_width_;
    for (const Placed& placed : placed_) {
      line.push_back({" ", kHeading});
      add_heading(placed.column, placed.width);
      used += placed.width + 1;
    }
    line.push_back(
        {std::string(static_cast<std::size_t>(std::max(0, size_.columns - used)), ' '), kHeading});
    return line;
  }

  void add_rows() {
    for (std::size_t i = model_.first_row(); i < end_of_rows(); ++i)
      add(row_line(i));
  }

  TopLine row_line(std::size_t row) const {
    const std::size_t cgroup = model_.rows()[row].cgroup;
    const bool is_selected = model_.selected_row() == row;
    const cli::ColumnId name = column("NAME");
    const TopCut cut = model_.settings().is_tree ? TopCut::end : TopCut::start;
    const std::string shown = path_within(text_of(name, row), name_width_, cut);
    TopLine line{{joined(fitted(shown, name_width_, TopAlign::left, cut)),
                  {.tone = tone_of(name, model_.snapshot(), cgroup),
                   .is_bold = is_selected,
                   .is_reversed = is_selected}}};
    for (const Placed& placed : placed_) {
      line.push_back({" ", {}});
      add_cell(line, row, placed);
    }
    return line;
  }

  /// Draws a cell with its bar in the background.
  void add_cell(TopLine& line, std::size_t row, const Placed& placed) const {
    const std::size_t cgroup = model_.rows()[row].cgroup;
    const auto align = is_right(placed.column) ? TopAlign::right : TopAlign::left;
    const auto glyphs = fitted(text_of(placed.column, row), placed.width, align, TopCut::end);
    TopStyle style{.tone = tone_of(placed.column, model_.snapshot(), cgroup)};
    style.is_bold = model_.selected_row() == row;

    const auto bar = bar_of(placed.column, model_.snapshot(), cgroup);
    const auto full = std::lround(bar.value_or(0) * placed.width);
    std::string on_bar;
    std::string beside;
    int place = 0;
    for (const TopGlyph& glyph : glyphs) {
      (place < full ? on_bar : beside) += glyph.text;
      place += glyph.width;
    }
    if (!on_bar.empty()) {
      TopStyle reversed = style;
      reversed.is_reversed = true;
      line.push_back({on_bar, reversed});
    }
    // A good value colors only its bar; others color the text, too.
    if (style.tone == TopTone::good) style.tone = TopTone::plain;
    if (!beside.empty()) line.push_back({beside, style});
  }

  /// Draws a page. Long lines are wrapped with an indent.
  void add_page(const TopPage& page) {
    constexpr int kIndent = 4;
    const bool explains = page.action.kind == TopAction::Kind::explain;
    const std::string title = explains ? "Limits of " : "Processes of ";
    const int room = size_.columns - width_of(title);
    add(whole_line(title + name_of(page.action, room), size_.columns, {.is_bold = true}));
    const auto most = static_cast<std::size_t>(size_.lines) - 1;
    for (std::size_t i = page.first; i < page.lines.size(); ++i) {
      std::string indent;
      for (const std::string& line : wrapped(page.lines[i], size_.columns - kIndent, most)) {
        if (screen_.lines.size() == most) return;
        add(whole_line(indent + line, size_.columns));
        indent.assign(kIndent, ' ');
      }
    }
  }

  void add_help() {
    const auto most = static_cast<std::size_t>(size_.lines) - 2;
    for (const char* text : kHelp) {
      if (screen_.lines.size() > most) break;
      add(whole_line(text, size_.columns));
    }
  }

  void add_bottom() {
    const auto last = static_cast<std::size_t>(size_.lines) - 1;
    while (screen_.lines.size() < last)
      add(whole_line("", size_.columns));
    switch (model_.mode()) {
      case TopMode::search:
        add_prompt("search: ");
        return;
      case TopMode::filter:
        add_prompt("filter: ");
        return;
      case TopMode::confirm:
        add(whole_line(question(), size_.columns, {.is_bold = true}));
        return;
      case TopMode::help:
        add(whole_line("press any key to return", size_.columns));
        return;
      case TopMode::page:
      case TopMode::browse:
        break;
    }
    if (!model_.message().empty()) {
      // A long message covers rows while it is shown.
      const auto lines = wrapped(model_.message(), size_.columns, kMessageLines);
      screen_.lines.resize(last + 1 - lines.size());
      for (const std::string& line : lines)
        add(whole_line(line, size_.columns, {.is_bold = true}));
    } else {
      add(whole_line(model_.page() != nullptr
                         ? "Esc q back  Up Down scroll  e explain  p processes  Space update"
                         : "h help  q quit  e explain  p processes  / search  f filter  F freeze  "
                           "K kill",
                     size_.columns));
    }
  }

  /// Draws an input line. The end of the input stays visible, and an error is shown after it.
  void add_prompt(const std::string& prompt) {
    std::string text = model_.input();
    const int most = size_.columns - width_of(prompt) - 1;
    const int width = std::min(width_of(text), most);
    text = joined(fitted(text, width, TopAlign::left, TopCut::start));
    screen_.cursor = width_of(prompt) + width;
    TopLine line{{prompt, {.is_bold = true}}, {text, {}}};
    const int left = size_.columns - *screen_.cursor;
    line.push_back({joined(fitted(model_.message().empty() ? "" : "  " + model_.message(), left,
                                  TopAlign::left, TopCut::end)),
                    {.tone = TopTone::warning}});
    add(std::move(line));
  }

  static std::string name_of(const TopAction& action, int width) {
    return name_within(printable(action.container), printable(action.path), width);
  }

  /// Returns the question to confirm an action. The name has priority: the words are shortened
  /// first.
  std::string question() const {
    const TopAction& asked = model_.asked();
    std::string before = "kill all processes in and below ";
    if (asked.kind == TopAction::Kind::freeze) before = "freeze ";
    if (asked.kind == TopAction::Kind::thaw) before = "thaw ";
    const std::string after = "? [y/N]";
    const auto room = [&] { return size_.columns - width_of(before) - width_of(after); };
    constexpr int kFewest = 14;
    if (room() < kFewest && asked.kind == TopAction::Kind::kill) before = "kill all in ";
    return before + name_of(asked, room()) + after;
  }

  const TopModel& model_;
  TopSize size_;
  const std::string& note_;
  TopScreen screen_;
  std::vector<Placed> placed_;
  int name_width_ = 0;
};

}  // namespace

std::size_t room_for_rows(TopSize size, const std::string& note) {
  // The title, the headings and the bottom line.
  constexpr int kOthers = 3;
  const auto notes = static_cast<int>(wrapped(note, size.columns, kNoteLines).size());
  return static_cast<std::size_t>(std::max(1, size.lines - kOthers - notes));
}

TopScreen draw(const TopModel& model, TopSize size, const std::string& note) {
  return Drawing(model, size, note).draw();
}

}  // namespace nsx::cg_tool

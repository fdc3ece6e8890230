// SPDX-License-Identifier: MIT
// The keys of nsx-cg top.

#include <algorithm>
#include <cstring>

#include <nsx/text.hh>

#include "nsx-cg/cells.hh"
#include "nsx-cg/top_model.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

using Name = TopKey::Name;
using Kind = TopAction::Kind;

constexpr std::chrono::milliseconds kShortestInterval{100};
constexpr std::chrono::milliseconds kLongestInterval{60'000};
constexpr std::size_t kMaxInput = 1000;

TopAction action_on(const CgroupSample& cgroup, TopAction::Kind kind) {
  const cli::Cell container = short_container(cgroup.place);
  return {kind, cgroup.path, cgroup.id, cli::text_of(container.value)};
}

/// Whether the path of a cgroup or the name of its container contains a text, ignoring case.
bool has_text(const CgroupSample& sample, const std::string& text) {
  const auto holds = [&](const std::string& name) {
    return ::strcasestr(name.c_str(), text.c_str()) != nullptr;
  };
  return holds(sample.path) || (sample.place.container && holds(sample.place.container->text()));
}

/// Removes the last UTF-8 character.
void remove_last(std::string& text) {
  while (!text.empty()) {
    const char byte = text.back();
    text.pop_back();
    if (!continues_character(byte)) return;
  }
}

}  // namespace

TopAction TopModel::press(const TopKey& key) {
  message_.clear();
  switch (mode_) {
    case TopMode::browse:
      return browse(key);
    case TopMode::confirm:
      return answer_question(key);
    case TopMode::help:
      mode_ = TopMode::browse;
      return {};
    case TopMode::page:
      return turn_page(key);
    case TopMode::search:
    case TopMode::filter:
      type(key);
      break;
  }
  return {};
}

TopAction TopModel::browse(const TopKey& key) {
  const auto page = static_cast<std::ptrdiff_t>(room_);
  switch (key.name) {
    case Name::up:
      move(-1);
      break;
    case Name::down:
      move(1);
      break;
    case Name::page_up:
      move(-page);
      break;
    case Name::page_down:
      move(page);
      break;
    case Name::home:
      select(0);
      break;
    case Name::end:
      select(rows_.size());
      break;
    case Name::left:
      if (first_column_ > 0) --first_column_;
      break;
    case Name::right:
      if (first_column_ < settings_.columns.size()) ++first_column_;
      break;
    case Name::enter:
      if (!selected_row_) {
        message_ = "select a cgroup first, with the arrow keys";
      } else {
        narrow(std::string(cgroup_of(*selected_row_).path));
      }
      break;
    case Name::backspace:
      if (is_narrowed()) narrow(parent_of(base_));
      break;
    case Name::escape:
      selected_row_.reset();
      break;
    case Name::character:
      if (key.text.size() == 1) return browse_letter(key.text.front());
      break;
  }
  return {};
}

TopAction TopModel::browse_letter(char letter) {
  switch (letter) {
    case 'q':
      return {Kind::quit};
    case ' ':
      return {Kind::refresh};
    case '\f':
      return {Kind::repaint};
    case 'j':
      move(1);
      break;
    case 'k':
      move(-1);
      break;
    case 'g':
      select(0);
      break;
    case 'G':
      select(rows_.size());
      break;
    case 'a':
      sort_by(column("NAME"));
      break;
    case 'c':
      sort_by(column("CPU%"));
      break;
    case 'm':
      sort_by(column("MEM"));
      break;
    case 't':
      sort_by(column("PIDS/MAX"));
      break;
    case 'i':
      sort_by(column("RBPS"));
      break;
    case 'o':
      sort_by(column("WBPS"));
      break;
    case 'E':
      sort_by(kEventsColumn);
      break;
    case 'e':
      return look_at(Kind::explain);
    case 'p':
      return look_at(Kind::processes);
    case '<':
      sort_beside(-1);
      break;
    case '>':
      sort_beside(1);
      break;
    case 'r':
      settings_.falling = !settings_.falling;
      arrange();
      break;
    case 'v':
      settings_.is_tree = !settings_.is_tree;
      arrange();
      break;
    case 'u':
      if (is_narrowed()) narrow(parent_of(base_));
      break;
    case '/':
      ask_for(TopMode::search, {});
      break;
    case 'n':
      search(1);
      break;
    case 'N':
      search(-1);
      break;
    case 'f':
      ask_for(TopMode::filter, settings_.filter);
      break;
    case '+':
      change_interval(1);
      break;
    case '-':
      change_interval(-1);
      break;
    case 'F':
      return ask(Kind::freeze);
    case 'K':
      return ask(Kind::kill);
    case 'h':
    case '?':
      mode_ = TopMode::help;
      break;
    default:
      message_ = "unknown key: press h for help";
      break;
  }
  return {};
}

void TopModel::ask_for(TopMode mode, std::string input) {
  mode_ = mode;
  input_ = std::move(input);
}

void TopModel::type(const TopKey& key) {
  constexpr char kClears = 'U' - '@';  // Ctrl-U, as in a shell
  switch (key.name) {
    case Name::enter:
      accept_input();
      break;
    case Name::escape:
      mode_ = TopMode::browse;
      break;
    case Name::backspace:
      remove_last(input_);
      break;
    case Name::character:
      if (key.text == std::string_view(&kClears, 1)) {
        input_.clear();
      } else if (input_.size() + key.text.size() <= kMaxInput) {
        input_ += key.text;
      }
      break;
    default:
      break;
  }
}

void TopModel::accept_input() {
  if (mode_ == TopMode::search) {
    mode_ = TopMode::browse;
    searched_ = input_;
    search(1);
    return;
  }
  // An invalid filter stays in the input line to be corrected.
  if (auto done = set_filter(input_); !done) {
    message_ = done.error().message();
    return;
  }
  mode_ = TopMode::browse;
  arrange();
}

void TopModel::search(int step) {
  if (searched_.empty()) {
    message_ = "no text to search for: press / to enter it";
    return;
  }
  const std::size_t count = rows_.size();
  // Start after the selected row, otherwise at the first visible one, and wrap around.
  std::size_t row = selected_row_ ? *selected_row_ : first_row_ + (step > 0 ? count - 1 : 1);
  for (std::size_t i = 0; i < count; ++i) {
    row = (row + (step > 0 ? 1 : count - 1)) % count;
    if (has_text(cgroup_of(row), searched_)) {
      select(row);
      return;
    }
  }
  message_ = "no match for '" + searched_ + '\'';
}

TopAction TopModel::ask(TopAction::Kind kind) {
  if (!selected_row_) {
    message_ = "select a cgroup first, with the arrow keys";
    return {};
  }
  const CgroupSample& chosen = cgroup_of(*selected_row_);
  if (chosen.path == "/") {
    message_ = "the root cannot be frozen or killed";
    return {};
  }
  if (kind == Kind::freeze && chosen.frozen.value_or(false)) kind = Kind::thaw;
  asked_ = action_on(chosen, kind);
  mode_ = TopMode::confirm;
  return {};
}

TopAction TopModel::look_at(TopAction::Kind kind) {
  if (!selected_row_) {
    message_ = "select a cgroup first, with the arrow keys";
    return {};
  }
  const CgroupSample& chosen = cgroup_of(*selected_row_);
  return action_on(chosen, kind);
}

void TopModel::show_page(const TopAction& action, std::vector<std::string> lines) {
  const std::size_t first = page_.action == action && mode_ == TopMode::page ? page_.first : 0;
  page_ = {action, std::move(lines), first};
  if (page_.first >= page_.lines.size()) page_.first = 0;
  mode_ = TopMode::page;
}

TopAction TopModel::turn_page(const TopKey& key) {
  const auto scroll = [&](std::ptrdiff_t by) {
    const auto last = static_cast<std::ptrdiff_t>(page_.lines.size()) - 1;
    const auto first = static_cast<std::ptrdiff_t>(page_.first) + by;
    page_.first = static_cast<std::size_t>(
        std::clamp<std::ptrdiff_t>(first, 0, std::max<std::ptrdiff_t>(last, 0)));
  };
  const auto screen = static_cast<std::ptrdiff_t>(room_);
  const auto all = static_cast<std::ptrdiff_t>(page_.lines.size());
  const char letter = key.text.size() == 1 ? key.text.front() : '\0';
  switch (key.name) {
    case Name::up:
      scroll(-1);
      return {};
    case Name::down:
      scroll(1);
      return {};
    case Name::page_up:
      scroll(-screen);
      return {};
    case Name::page_down:
      scroll(screen);
      return {};
    case Name::home:
      scroll(-all);
      return {};
    case Name::end:
      scroll(all - screen);
      return {};
    case Name::character:
      break;
    default:
      mode_ = TopMode::browse;
      return {};
  }
  TopAction other = page_.action;
  switch (letter) {
    case 'j':
      scroll(1);
      break;
    case 'k':
      scroll(-1);
      break;
    case 'e':
      other.kind = Kind::explain;
      return other;
    case 'p':
      other.kind = Kind::processes;
      return other;
    case ' ':
      return other;
    case '\f':
      return {Kind::repaint};
    case 'q':
      mode_ = TopMode::browse;
      break;
    default:
      break;
  }
  return {};
}

TopAction TopModel::answer_question(const TopKey& key) {
  mode_ = TopMode::browse;
  if (key.text == "y" || key.text == "Y") return asked_;
  message_ = "canceled";
  return {};
}

bool TopModel::can_sort_by(cli::ColumnId column) {
  const std::string why = why_missing(settings_, column);
  if (why.empty()) return true;
  message_ = "cannot sort by " + std::string(top_name(column)) + ": " + why;
  return false;
}

void TopModel::sort_by(cli::ColumnId column) {
  if (!can_sort_by(column)) return;
  settings_.sort = column;
  settings_.falling = is_falling(column);
  arrange();
}

void TopModel::sort_beside(int step) {
  std::vector<cli::ColumnId> shown{column("NAME")};
  const auto others = columns();
  shown.insert(shown.end(), others.begin(), others.end());
  shown.push_back(kEventsColumn);
  const auto now = std::find(shown.begin(), shown.end(), settings_.sort);
  // If the sort column is not shown, start at the first one.
  auto place = now != shown.end() ? now - shown.begin() + step : 0;
  place = std::clamp<std::ptrdiff_t>(place, 0, static_cast<std::ptrdiff_t>(shown.size()) - 1);
  sort_by(shown[static_cast<std::size_t>(place)]);
}

void TopModel::change_interval(int step) {
  const auto wanted = step > 0 ? settings_.interval * 2 : settings_.interval / 2;
  settings_.interval = std::clamp(wanted, std::min(kShortestInterval, settings_.interval),
                                  std::max(kLongestInterval, settings_.interval));
}

}  // namespace nsx::cg_tool

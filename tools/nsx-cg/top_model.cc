#include "nsx-cg/top_model.hh"

#include <algorithm>
#include <cstring>

namespace nsx::cg_tool {

namespace {

using Name = TopKey::Name;
using Kind = TopDeed::Kind;

constexpr std::chrono::milliseconds kShortestInterval{100};
constexpr std::chrono::milliseconds kLongestInterval{60'000};
constexpr std::size_t kMaxInput = 1000;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

bool is_at(const TopSnapshot& snapshot, const std::string& path) {
  const auto& cgroups = snapshot.reading.cgroups;
  return std::any_of(cgroups.begin(), cgroups.end(),
                     [&](const CgroupSample& sample) { return sample.path == path; });
}

/// Takes off the last character of UTF-8.
void remove_last(std::string& text) {
  constexpr unsigned char kMask = 0xc0;
  constexpr unsigned char kFollows = 0x80;
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.back());
    text.pop_back();
    if ((byte & kMask) != kFollows) return;
  }
}

}  // namespace

Result<TopModel> TopModel::make(TopSettings settings) {
  TopModel model(std::move(settings));
  if (auto done = model.set_filter(model.settings_.filter); !done) return error_of(done);
  return model;
}

Status TopModel::set_filter(const std::string& text) {
  if (text.find_first_not_of(' ') == std::string::npos) {
    filter_.reset();
    settings_.filter.clear();
    return {};
  }
  auto filter = cli::Filter::parse(text, top_column_names());
  if (!filter) return error_of(filter);
  filter_.emplace(std::move(*filter));
  settings_.filter = text;
  return {};
}

CgroupFileSet TopModel::wanted_files() const {
  CgroupFileSet files = files_of(kEventsColumn);
  files.insert(files_of(settings_.sort));
  for (const std::size_t column : settings_.columns)
    files.insert(files_of(column));
  if (filter_) {
    for (const std::size_t column : filter_->columns())
      files.insert(files_of(column));
  }
  return files;
}

void TopModel::take(TopSnapshot snapshot) {
  const bool was_narrowed = is_narrowed();
  whole_ = std::move(snapshot);
  if (whole_.reading.cgroups.empty()) return;
  top_ = whole_.reading.cgroups.front().path;
  if (!was_narrowed) base_ = top_;
  std::string base = base_;
  while (base != top_ && !is_at(whole_, base))
    base = parent_of(base);
  if (base != base_) message_ = printable(base_) + " has been removed";
  narrow(base);
}

void TopModel::narrow(const std::string& path) {
  base_ = path;
  part_ = is_narrowed() ? subtree(whole_, path) : TopSnapshot{};
  arrange();
}

void TopModel::arrange() {
  const TopSnapshot& shown = snapshot();
  RowRequest wanted{.is_tree = settings_.is_tree, .depth = {}};
  if (filter_) {
    wanted.accepts = [&](std::size_t cgroup) {
      cli::Value value;
      return filter_->matches([&](std::size_t column) -> const cli::Value& {
        return value = top_cell(column, shown, cgroup, true).value;
      });
    };
  }
  std::vector<cli::Value> keys;
  keys.reserve(shown.reading.cgroups.size());
  for (std::size_t i = 0; i < shown.reading.cgroups.size(); ++i)
    keys.push_back(sort_key(settings_.sort, shown, i));
  wanted.key = [&](std::size_t cgroup) -> const cli::Value& { return keys[cgroup]; };
  wanted.descending = settings_.falling;
  rows_ = make_rows(shown.reading, wanted);

  if (selected_row_) {
    const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) {
      return shown.reading.cgroups[row.cgroup].id == selected_id_;
    });
    // One that is gone leaves the selection to what is in its place now.
    select(found != rows_.end() ? static_cast<std::size_t>(found - rows_.begin()) : *selected_row_);
  }
  set_room(room_);
}

void TopModel::select(std::size_t row) {
  if (rows_.empty()) {
    selected_row_.reset();
    return;
  }
  selected_row_ = std::min(row, rows_.size() - 1);
  selected_id_ = cgroup_of(*selected_row_).id;
  show_selected();
}

void TopModel::set_room(std::size_t rows) {
  room_ = std::max<std::size_t>(rows, 1);
  first_row_ = std::min(first_row_, rows_.size() > room_ ? rows_.size() - room_ : 0);
  show_selected();
}

void TopModel::show_selected() {
  if (!selected_row_) return;
  first_row_ = std::min(first_row_, *selected_row_);
  if (*selected_row_ >= first_row_ + room_) first_row_ = *selected_row_ - room_ + 1;
}

void TopModel::move(std::ptrdiff_t by) {
  if (!selected_row_) {
    // The first step only begins.
    select(by < 0 && by != -1 ? 0 : first_row_);
    return;
  }
  const auto row = static_cast<std::ptrdiff_t>(*selected_row_) + by;
  select(static_cast<std::size_t>(std::max<std::ptrdiff_t>(row, 0)));
}

TopDeed TopModel::press(const TopKey& key) {
  message_.clear();
  switch (mode_) {
    case TopMode::browse:
      return browse(key);
    case TopMode::confirm:
      return answer(key);
    case TopMode::help:
      mode_ = TopMode::browse;
      return {};
    case TopMode::search:
    case TopMode::filter:
      type(key);
      break;
  }
  return {};
}

TopDeed TopModel::browse(const TopKey& key) {
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
        message_ = "choose a cgroup first, with the arrow keys";
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

TopDeed TopModel::browse_letter(char letter) {
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
      sort_by(number_of(Column::cgroup_name));
      break;
    case 'c':
      sort_by(number_of(Column::cpu));
      break;
    case 'm':
      sort_by(number_of(Column::mem));
      break;
    case 't':
      sort_by(number_of(Column::pids));
      break;
    case 'i':
      sort_by(number_of(Column::rbps));
      break;
    case 'o':
      sort_by(number_of(Column::wbps));
      break;
    case 'e':
      sort_by(kEventsColumn);
      break;
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
      message_ = "no such key: h shows those that there are";
      break;
  }
  return {};
}

void TopModel::ask_for(TopMode mode, std::string input) {
  mode_ = mode;
  input_ = std::move(input);
}

void TopModel::type(const TopKey& key) {
  constexpr char kClears = 'U' - '@';  // as in a shell
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
  // A mistake stays where it can be mended.
  if (auto done = set_filter(input_); !done) {
    message_ = done.error().message();
    return;
  }
  mode_ = TopMode::browse;
  arrange();
}

void TopModel::search(int step) {
  if (searched_.empty()) {
    message_ = "nothing to search for: / asks for it";
    return;
  }
  const std::size_t count = rows_.size();
  // From the one behind the selected, or else from the first that is seen, all around.
  std::size_t row = selected_row_ ? *selected_row_ : first_row_ + (step > 0 ? count - 1 : 1);
  for (std::size_t i = 0; i < count; ++i) {
    row = (row + (step > 0 ? 1 : count - 1)) % count;
    if (::strcasestr(cgroup_of(row).path.c_str(), searched_.c_str()) != nullptr) {
      select(row);
      return;
    }
  }
  message_ = "nothing found for " + searched_;
}

TopDeed TopModel::ask(TopDeed::Kind kind) {
  if (!selected_row_) {
    message_ = "choose a cgroup first, with the arrow keys";
    return {};
  }
  const CgroupSample& chosen = cgroup_of(*selected_row_);
  if (chosen.path == "/") {
    message_ = "the root cannot be frozen or killed";
    return {};
  }
  if (kind == Kind::freeze && chosen.frozen.value_or(false)) kind = Kind::thaw;
  asked_ = {kind, chosen.path, chosen.id};
  mode_ = TopMode::confirm;
  return {};
}

TopDeed TopModel::answer(const TopKey& key) {
  mode_ = TopMode::browse;
  if (key.text == "y" || key.text == "Y") return asked_;
  message_ = "nothing was done";
  return {};
}

void TopModel::sort_by(std::size_t column) {
  settings_.sort = column;
  settings_.falling = is_falling(column);
  arrange();
}

void TopModel::sort_beside(int step) {
  std::vector<std::size_t> shown{number_of(Column::cgroup_name)};
  shown.insert(shown.end(), settings_.columns.begin(), settings_.columns.end());
  shown.push_back(kEventsColumn);
  const auto now = std::find(shown.begin(), shown.end(), settings_.sort);
  // From one that is not shown, to the first.
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

// SPDX-License-Identifier: MIT
#include "nsx-cg/top_model.hh"

#include <algorithm>

#include "try.hh"

namespace nsx::cg_tool {

namespace {

bool is_at(const TopSnapshot& snapshot, const std::string& path) {
  const auto& cgroups = snapshot.reading.cgroups;
  return std::any_of(cgroups.begin(), cgroups.end(),
                     [&](const CgroupSample& sample) { return sample.path == path; });
}

}  // namespace

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string why_missing(const TopSettings& settings, cli::ColumnId column) {
  const auto place = static_cast<std::size_t>(column);
  return place < settings.missing.size() ? settings.missing[place] : std::string();
}

Result<TopModel> TopModel::make(TopSettings settings) {
  TopModel model(std::move(settings));
  TRY(model.set_filter(model.settings_.filter));
  return model;
}

Status TopModel::set_filter(const std::string& text) {
  if (text.find_first_not_of(' ') == std::string::npos) {
    filter_.reset();
    settings_.filter.clear();
    return {};
  }
  auto filter = TRY(cli::RowFilter::parse(kTopNames, text));
  for (const cli::ColumnId column : filter.columns()) {
    const std::string why = why_missing(settings_, column);
    if (!why.empty()) return refuse("filter by", std::string(top_name(column)), why);
  }
  filter_.emplace(std::move(filter));
  settings_.filter = text;
  return {};
}

CgroupFileSet TopModel::wanted_files() const {
  CgroupFileSet files = files_of(kEventsColumn);
  files.insert(files_of(settings_.sort));
  for (const cli::ColumnId column : settings_.columns)
    files.insert(files_of(column));
  if (filter_) {
    for (const cli::ColumnId column : filter_->columns())
      files.insert(files_of(column));
  }
  return files;
}

std::vector<cli::ColumnId> TopModel::columns() const {
  std::vector<cli::ColumnId> columns = settings_.columns;
  const auto& cgroups = snapshot().reading.cgroups;
  if (settings_.container_if_any && std::ranges::none_of(cgroups, [](const CgroupSample& sample) {
        return sample.place.container.has_value();
      })) {
    std::erase(columns, column("CONTAINER"));
  }
  return columns;
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
      return filter_->matches(
          [&](cli::ColumnId column) { return top_cell(column, shown, cgroup, true).value; });
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
    // If the selected cgroup is gone, the row in its place is selected.
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
    // The first key only starts a selection.
    select(by < 0 && by != -1 ? 0 : first_row_);
    return;
  }
  const auto row = static_cast<std::ptrdiff_t>(*selected_row_) + by;
  select(static_cast<std::size_t>(std::max<std::ptrdiff_t>(row, 0)));
}

}  // namespace nsx::cg_tool

#include "nsx-cg/top_cells.hh"

#include <algorithm>

#include "nsx-cg/cells.hh"

namespace nsx::cg_tool {

namespace {

constexpr auto kNames = [] {
  std::array<std::string_view, kColumns.size() + 1> names{};
  for (std::size_t i = 0; i < kColumns.size(); ++i)
    names[i] = kColumns[i].name;
  names[kEventsColumn] = "EVENTS";
  return names;
}();

std::optional<double> share(double part, double whole) {
  if (whole <= 0) return part > 0 ? 1 : 0;
  return std::clamp(part / whole, 0.0, 1.0);
}

std::optional<double> share_of_limit(const std::optional<std::uint64_t>& used,
                                     std::uint64_t limit) {
  if (!used || limit == kNoCgroupLimit) return std::nullopt;
  return share(static_cast<double>(*used), static_cast<double>(limit));
}

std::optional<double> share_of_cpu(const CgroupSample& sample, const CgroupRates& rates) {
  if (!rates.cpu || !sample.cpu_max || sample.cpu_max->quota == kNoCgroupLimit) {
    return std::nullopt;
  }
  return share(*rates.cpu * static_cast<double>(sample.cpu_max->period),
               static_cast<double>(sample.cpu_max->quota));
}

std::optional<double> share_of_time(const std::optional<CgroupPressure>& pressure) {
  constexpr double kPercent = 100;
  if (!pressure) return std::nullopt;
  return share(pressure->some.avg10, kPercent);
}

TopTone worst_of(const TopEvents& events) {
  if (events.kills > 0 || events.at_limit > 0 || events.failed_forks > 0) return TopTone::alarm;
  if (events.reclaims > 0 || events.throttled > 0) return TopTone::warning;
  return events.frozen ? TopTone::frozen : TopTone::plain;
}

/// Work that stands still hurts long before it does so all the time.
TopTone tone_of_bar(std::size_t column, double share) {
  const Column which = kColumns[column].column;
  const bool is_pressure =
      which == Column::cpu_psi || which == Column::mem_psi || which == Column::io_psi;
  const double warns = is_pressure ? 0.1 : 0.7;
  const double alarms = is_pressure ? 0.4 : 0.9;
  if (share >= alarms) return TopTone::alarm;
  return share >= warns ? TopTone::warning : TopTone::good;
}

}  // namespace

std::span<const std::string_view> top_column_names() {
  return kNames;
}

Result<std::size_t> parse_top_column(std::string_view name) {
  constexpr std::string_view kEvents = kNames[kEventsColumn];
  if (std::equal(name.begin(), name.end(), kEvents.begin(), kEvents.end(), [](char a, char b) {
        return a == b || (a >= 'a' && a <= 'z' && a - 'a' == b - 'A');
      })) {
    return kEventsColumn;
  }
  const auto column = parse_column(name);
  if (!column) return tl::unexpected(column.error());
  return number_of(*column);
}

bool is_right(std::size_t column) {
  return column != kEventsColumn && kColumns[column].is_right;
}

bool is_falling(std::size_t column) {
  return column == kEventsColumn || kColumns[column].is_right;
}

CgroupFileSet files_of(std::size_t column) {
  if (column == kEventsColumn) {
    return {CgroupFile::cpu_stat, CgroupFile::memory_events, CgroupFile::pids_events,
            CgroupFile::events};
  }
  CgroupFileSet files = kColumns[column].files;
  switch (kColumns[column].column) {
    case Column::cpu:
      files.insert(CgroupFile::cpu_max);
      break;
    case Column::mem:
      files.insert({CgroupFile::memory_max, CgroupFile::memory_high});
      break;
    case Column::swap:
      files.insert(CgroupFile::swap_max);
      break;
    default:
      break;
  }
  return files;
}

cli::Cell top_cell(std::size_t column, const TopSnapshot& snapshot, std::size_t cgroup,
                   bool exact) {
  if (column != kEventsColumn) {
    return make_cell(kColumns[column].column, snapshot.reading.cgroups[cgroup],
                     snapshot.rates[cgroup], exact);
  }
  std::vector<std::string> words = in_words(snapshot.events[cgroup]);
  std::string shown;
  for (const std::string& word : words)
    shown += (shown.empty() ? "" : ", ") + word;
  return {std::move(words), std::move(shown)};
}

TopTone tone_of(std::size_t column, const TopSnapshot& snapshot, std::size_t cgroup) {
  const TopEvents& events = snapshot.events[cgroup];
  if (column == kEventsColumn || column == number_of(Column::cgroup_name)) {
    return worst_of(events);
  }
  switch (kColumns[column].column) {
    case Column::cpu:
      if (events.throttled > 0) return TopTone::warning;
      break;
    case Column::mem:
      if (events.at_limit > 0) return TopTone::alarm;
      if (events.reclaims > 0) return TopTone::warning;
      break;
    case Column::oom:
      if (events.kills > 0) return TopTone::alarm;
      break;
    case Column::pids:
      if (events.failed_forks > 0) return TopTone::alarm;
      break;
    default:
      break;
  }
  const auto bar = bar_of(column, snapshot, cgroup);
  return bar ? tone_of_bar(column, *bar) : TopTone::plain;
}

cli::Value sort_key(std::size_t column, const TopSnapshot& snapshot, std::size_t cgroup) {
  if (column != kEventsColumn) return top_cell(column, snapshot, cgroup, true).value;
  const TopEvents& events = snapshot.events[cgroup];
  if (events.kills > 0) return 5.0;
  if (events.at_limit > 0) return 4.0;
  if (events.reclaims > 0) return 3.0;
  if (events.failed_forks > 0) return 2.0;
  if (events.throttled > 0) return 1 + events.throttled / 2;
  return events.frozen ? 1.0 : 0.0;
}

std::optional<double> bar_of(std::size_t column, const TopSnapshot& snapshot, std::size_t cgroup) {
  if (column == kEventsColumn) return std::nullopt;
  const CgroupSample& sample = snapshot.reading.cgroups[cgroup];
  switch (kColumns[column].column) {
    case Column::cpu:
      return share_of_cpu(sample, snapshot.rates[cgroup]);
    case Column::mem:
      // Above memory.high it is throttled and reclaimed from: that is a limit, too.
      return share_of_limit(sample.memory, std::min(sample.memory_max.value_or(kNoCgroupLimit),
                                                    sample.memory_high.value_or(kNoCgroupLimit)));
    case Column::swap:
      return share_of_limit(sample.swap, sample.swap_max.value_or(kNoCgroupLimit));
    case Column::pids:
      return share_of_limit(sample.pids_current, sample.pids_max.value_or(kNoCgroupLimit));
    case Column::cpu_psi:
      return share_of_time(sample.cpu_pressure);
    case Column::mem_psi:
      return share_of_time(sample.memory_pressure);
    case Column::io_psi:
      return share_of_time(sample.io_pressure);
    default:
      return std::nullopt;
  }
}

}  // namespace nsx::cg_tool

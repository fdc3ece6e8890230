// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

namespace {

constexpr auto kTopAliases = [] {
  std::array<cli::ColumnAlias, kColumnAliases.size() + 1> aliases{
      cli::ColumnAlias{"EVENTS", kEventsColumn}};
  std::ranges::copy(kColumnAliases, aliases.begin() + 1);
  return aliases;
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

/// Returns the tone of a bar. Pressure is a problem long before it reaches 100%.
TopTone tone_of_bar(cli::ColumnId id, double share) {
  const bool is_pressure =
      id == column("CPU-PSI") || id == column("MEM-PSI") || id == column("IO-PSI");
  const double warns = is_pressure ? 0.1 : 0.7;
  const double alarms = is_pressure ? 0.4 : 0.9;
  if (share >= alarms) return TopTone::alarm;
  return share >= warns ? TopTone::warning : TopTone::good;
}

}  // namespace

const cli::ColumnNames kTopNames{.words = kColumnWords, .aliases = kTopAliases};

const char* top_name(cli::ColumnId id) {
  return id == kEventsColumn ? "EVENTS" : info(id).table.name;
}

bool is_right(cli::ColumnId id) {
  return id != kEventsColumn && info(id).table.is_right;
}

bool is_falling(cli::ColumnId id) {
  return id == kEventsColumn || info(id).table.is_right;
}

CgroupFileSet files_of(cli::ColumnId id) {
  if (id == kEventsColumn) {
    return {CgroupFile::cpu_stat, CgroupFile::memory_events, CgroupFile::pids_events,
            CgroupFile::events};
  }
  CgroupFileSet files = info(id).needs.files;
  switch (id) {
    case column("CPU%"):
      files.insert(CgroupFile::cpu_max);
      break;
    case column("MEM"):
      files.insert({CgroupFile::memory_max, CgroupFile::memory_high});
      break;
    case column("SWAP"):
      files.insert(CgroupFile::swap_max);
      break;
    default:
      break;
  }
  return files;
}

cli::Cell top_cell(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup, bool exact) {
  if (id != kEventsColumn) {
    return info(id).cell({snapshot.reading.cgroups[cgroup], snapshot.rates[cgroup], exact});
  }
  std::vector<std::string> words = in_words(snapshot.events[cgroup]);
  std::string shown;
  for (const std::string& word : words)
    shown += (shown.empty() ? "" : ", ") + word;
  return {std::move(words), std::move(shown)};
}

TopTone tone_of(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup) {
  const TopEvents& events = snapshot.events[cgroup];
  if (id == kEventsColumn || id == column("NAME")) {
    return worst_of(events);
  }
  switch (id) {
    case column("CPU%"):
      if (events.throttled > 0) return TopTone::warning;
      break;
    case column("MEM"):
      if (events.at_limit > 0) return TopTone::alarm;
      if (events.reclaims > 0) return TopTone::warning;
      break;
    case column("OOM"):
      if (events.kills > 0) return TopTone::alarm;
      break;
    case column("PIDS/MAX"):
      if (events.failed_forks > 0) return TopTone::alarm;
      break;
    default:
      break;
  }
  const auto bar = bar_of(id, snapshot, cgroup);
  return bar ? tone_of_bar(id, *bar) : TopTone::plain;
}

cli::Value sort_key(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup) {
  if (id != kEventsColumn) return top_cell(id, snapshot, cgroup, true).value;
  const TopEvents& events = snapshot.events[cgroup];
  if (events.kills > 0) return 5.0;
  if (events.at_limit > 0) return 4.0;
  if (events.reclaims > 0) return 3.0;
  if (events.failed_forks > 0) return 2.0;
  if (events.throttled > 0) return 1 + events.throttled / 2;
  return events.frozen ? 1.0 : 0.0;
}

std::optional<double> bar_of(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup) {
  if (id == kEventsColumn) return std::nullopt;
  const CgroupSample& sample = snapshot.reading.cgroups[cgroup];
  switch (id) {
    case column("CPU%"):
      return share_of_cpu(sample, snapshot.rates[cgroup]);
    case column("MEM"):
      // Above memory.high, processes are throttled and memory is reclaimed: a limit as well.
      return share_of_limit(sample.memory, std::min(sample.memory_max.value_or(kNoCgroupLimit),
                                                    sample.memory_high.value_or(kNoCgroupLimit)));
    case column("SWAP"):
      return share_of_limit(sample.swap, sample.swap_max.value_or(kNoCgroupLimit));
    case column("PIDS/MAX"):
      return share_of_limit(sample.pids_current, sample.pids_max.value_or(kNoCgroupLimit));
    case column("CPU-PSI"):
      return share_of_time(sample.cpu_pressure);
    case column("MEM-PSI"):
      return share_of_time(sample.memory_pressure);
    case column("IO-PSI"):
      return share_of_time(sample.io_pressure);
    default:
      return std::nullopt;
  }
}

}  // namespace nsx::cg_tool

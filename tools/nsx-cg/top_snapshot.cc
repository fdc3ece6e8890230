// SPDX-License-Identifier: MIT
#include "nsx-cg/top_snapshot.hh"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_map>

namespace nsx::cg_tool {

namespace {

std::uint64_t growth(const std::optional<std::uint64_t>& before,
                     const std::optional<std::uint64_t>& after) {
  return before && after && *after > *before ? *after - *before : 0;
}

TopEvents events_between(const CgroupSample& before, const CgroupSample& after,
                         const CgroupRates& rates) {
  TopEvents events;
  events.throttled = rates.throttled.value_or(0);
  events.reclaims = growth(before.memory_high_events, after.memory_high_events);
  events.at_limit = growth(before.memory_max_events, after.memory_max_events);
  events.kills = growth(before.oom_kills, after.oom_kills);
  events.failed_forks = growth(before.pids_max_events, after.pids_max_events);
  return events;
}

}  // namespace

std::vector<std::string> in_words(const TopEvents& events) {
  std::vector<std::string> words;
  const auto add = [&](const char* word, std::uint64_t times) {
    if (times > 0) words.push_back(word + (' ' + std::to_string(times)));
  };
  add("killed", events.kills);
  add("at memory limit", events.at_limit);
  add("reclaimed", events.reclaims);
  add("forks failed", events.failed_forks);
  constexpr double kPercent = 100;
  if (events.throttled > 0) {
    // Show at least 1%.
    const auto percent = std::max(1L, std::lround(events.throttled * kPercent));
    words.push_back("throttled " + std::to_string(percent) + '%');
  }
  if (events.frozen) words.emplace_back("frozen");
  return words;
}

TopSnapshot make_snapshot(const CgroupReading& before, CgroupReading after) {
  TopSnapshot snapshot;
  snapshot.rates = rates_between(before, after);
  std::unordered_map<std::uint64_t, const CgroupSample*> earlier;
  earlier.reserve(before.cgroups.size());
  for (const CgroupSample& sample : before.cgroups)
    earlier.emplace(sample.id, &sample);
  snapshot.events.reserve(after.cgroups.size());
  for (std::size_t i = 0; i < after.cgroups.size(); ++i) {
    const CgroupSample& sample = after.cgroups[i];
    const auto found = earlier.find(sample.id);
    TopEvents events;
    if (found != earlier.end()) {
      events = events_between(*found->second, sample, snapshot.rates[i]);
    }
    events.frozen = sample.frozen.value_or(false);
    snapshot.events.push_back(events);
  }
  snapshot.reading = std::move(after);
  return snapshot;
}

TopSnapshot subtree(const TopSnapshot& whole, const std::string& path) {
  const auto& cgroups = whole.reading.cgroups;
  const auto first = std::find_if(cgroups.begin(), cgroups.end(),
                                  [&](const CgroupSample& sample) { return sample.path == path; });
  if (first == cgroups.end()) return {};
  const auto begin = static_cast<std::size_t>(first - cgroups.begin());
  // The descendants follow it, and each has its parent among them.
  std::size_t end = begin + 1;
  while (end < cgroups.size() && cgroups[end].parent && *cgroups[end].parent >= begin)
    ++end;

  const auto copy = [&](const auto& from, auto& to) {
    const auto start = from.begin() + static_cast<std::ptrdiff_t>(begin);
    to.assign(start, start + static_cast<std::ptrdiff_t>(end - begin));
  };
  TopSnapshot part;
  copy(cgroups, part.reading.cgroups);
  copy(whole.rates, part.rates);
  copy(whole.events, part.events);
  part.reading.unreadable = whole.reading.unreadable;
  part.reading.cgroups.front().parent.reset();
  for (std::size_t i = 1; i < part.reading.cgroups.size(); ++i)
    *part.reading.cgroups[i].parent -= begin;
  return part;
}

}  // namespace nsx::cg_tool

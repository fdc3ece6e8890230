// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <csignal>
#include <iterator>
#include <numeric>
#include <sys/stat.h>
#include <unordered_map>

#include <nsx/cgroup_change.hh>
#include <nsx/cgroup_control.hh>
#include <nsx/text.hh>

#include "account/account.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/top_live.hh"
#include "nsx-cg/top_model.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

/// Opens the cgroup of an action. Errors: it was removed or replaced.
Result<Cgroup> cgroup_of(const CgroupTree& tree, const TopAction& action, const char* what) {
  auto cgroup = TRY(tree.open_cgroup(action.path));
  struct stat status {};
  if (::fstat(cgroup.directory(), &status) != 0) return fail("read", action.path);
  if (status.st_ino == action.id) return cgroup;
  return refuse(what, action.path, "it was replaced by another cgroup");
}

Result<std::vector<std::string>> list_processes(const CgroupTree& tree, const Cgroup& cgroup) {
  CgroupSampleRequest wanted;
  wanted.pids = true;
  auto reading = TRY(sample_cgroups(cgroup, wanted));
  std::vector<std::string> lines;
  std::vector<std::size_t> all(reading.cgroups.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto commands = read_commands(tree, reading, all);
  for (const CgroupSample& sample : reading.cgroups) {
    if (sample.pids.empty()) continue;
    lines.push_back(printable(sample.path) + ':');
    for (const pid_t pid : sample.pids)
      lines.push_back("  " + std::to_string(pid) + ' ' + printable(commands.at(pid)));
  }
  if (lines.empty()) lines.emplace_back("No processes in it or its descendants.");
  return lines;
}

Result<std::vector<std::string>> explain(const CgroupTree& tree, const Cgroup& cgroup) {
  auto explanation = TRY(explain_cgroup(tree, cgroup));
  const std::string text = explanation_text(explanation);
  std::vector<std::string> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

}  // namespace

Result<TopSnapshot> TopSource::next(CgroupFileSet files) {
  auto after = TRY(sample_cgroups(first_, {.files = files}));
  if (files.contains(CgroupFile::names)) places_.name(after);
  TopSnapshot snapshot = make_snapshot(before_, after);
  before_ = std::move(after);
  return snapshot;
}

Status carry_out(const CgroupTree& tree, const TopAction& action) {
  const bool kills = action.kind == TopAction::Kind::kill;
  const bool freezes = action.kind == TopAction::Kind::freeze;
  const char* what = kills ? "kill" : freezes ? "freeze" : "thaw";
  auto cgroup = TRY(cgroup_of(tree, action, what));
  if (auto ok = check_single_writer(tree, action.path); !ok) {
    ok.error().set_hint(std::string("nsx-cg ") + what + " --force " + shell_word(action.path));
    return ok;
  }
  return kills ? signal_cgroup(tree, cgroup, SIGKILL) : freeze_cgroup(tree, cgroup, freezes);
}

Result<std::vector<std::string>> page_of(const CgroupTree& tree, const TopAction& action) {
  const bool explains = action.kind == TopAction::Kind::explain;
  auto cgroup = TRY(cgroup_of(tree, action, explains ? "explain" : "list the processes of"));
  return explains ? explain(tree, cgroup) : list_processes(tree, cgroup);
}

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

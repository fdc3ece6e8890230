// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <thread>

#include "account/account.hh"
#include "cgroup/files.hh"
#include "cgroup/net.hh"
#include "cgroup/rules.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

/// A limit and the file with its current usage.
struct LimitFile {
  const char* limit;
  const char* usage;
};

constexpr std::array kLimits{
    LimitFile{"memory.max", "memory.current"},
    LimitFile{"memory.high", "memory.current"},
    LimitFile{"memory.swap.max", "memory.swap.current"},
    LimitFile{"cpu.max", nullptr},
    LimitFile{"pids.max", "pids.current"},
    LimitFile{"net.in", nullptr},
    LimitFile{"net.out", nullptr},
    LimitFile{"cgroup.max.descendants", nullptr},
    LimitFile{"cgroup.max.depth", nullptr},
};

/// The effective values of lists that ancestors restrict.
constexpr std::array kSets{"cpuset.cpus.effective", "cpuset.mems.effective"};

/// The controllers with limits, in the order of the output.
constexpr std::array kControllers{"cpu", "cpuset", "io", "memory", "pids"};

/// The limits of a disk in io.max.
constexpr std::array kDiskKeys{"rbps", "wbps", "riops", "wiops"};

/// A counter that increases whenever a limit takes effect.
struct Counter {
  const char* limit;
  const char* file;
  const char* key;
  const char* what;
};

constexpr std::array kCounters{
    Counter{"cpu.max", "cpu.stat", "nr_throttled", "was throttled until the next period"},
    Counter{"memory.high", "memory.events.local", "high", "was slowed down to reclaim memory"},
    Counter{"memory.max", "memory.events.local", "max", "hit the limit and reclaimed memory"},
    Counter{"memory.max", "memory.events.local", "oom", "ran out of memory"},
    Counter{"memory.max", "memory.events.local", "oom_kill",
            "had processes killed by the OOM killer"},
    Counter{"memory.swap.max", "memory.swap.events", "max", "hit the swap limit"},
    Counter{"pids.max", "pids.events", "max", "had forks refused"},
    Counter{"net.in", "net.stat", "rx_dropped_packets", "dropped incoming packets"},
    Counter{"net.out", "net.stat", "tx_dropped_packets", "dropped outgoing packets"},
};

/// Returns a number by which values of a limit are compared.
std::optional<double> weight_of(const std::string& file, std::string_view value) {
  if (file == "cpu.max") {
    const auto max = parse_cpu_max(value);
    if (!max || max->quota == kNoCgroupLimit) return std::nullopt;
    return static_cast<double>(max->quota) / static_cast<double>(max->period);
  }
  const auto number = parse_cgroup_number(value);
  if (!number || *number == kNoCgroupLimit) return std::nullopt;
  return static_cast<double>(*number);
}

std::string without_line_feed(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

/// Returns the cgroup and its ancestors.
Result<std::vector<Cgroup>> chain_of(const CgroupTree& tree, const Cgroup& cgroup) {
  std::vector<Cgroup> chain;
  chain.push_back(TRY(cgroup.duplicate()));
  for (;;) {
    auto above = TRY(tree.parent(chain.back()));
    if (!above) return chain;
    chain.push_back(std::move(*above));
  }
}

ExplainedLimit explain_limit(const LimitFile& file, const std::vector<Cgroup>& chain) {
  ExplainedLimit limit;
  limit.file = file.limit;
  std::vector<const Cgroup*> places;
  for (const Cgroup& cgroup : chain) {
    auto value = cgroup.read(file.limit);
    // The file of a network limit is empty if no programs are attached.
    if (!value || value->empty()) continue;
    limit.levels.push_back({cgroup.path(), without_line_feed(std::move(*value))});
    places.push_back(&cgroup);
  }
  limit.effective = effective_level(limit);
  if (limit.effective && file.usage != nullptr) {
    const auto usage = places[*limit.effective]->read(file.usage);
    if (usage) limit.usage = parse_cgroup_number(*usage);
  }
  return limit;
}

/// Explains a cpuset. At each level, the kernel reports what the ancestors leave: this finds where
/// the list becomes that of the cgroup.
ExplainedLimit explain_set(const char* file, const std::vector<Cgroup>& chain) {
  ExplainedLimit limit;
  limit.file = file;
  std::string set;
  for (const Cgroup& cgroup : chain) {
    auto value = cgroup.read(file);
    if (!value) break;  // an ancestor does not have this controller
    if (limit.levels.empty()) {
      set = without_line_feed(std::move(*value));
      limit.levels.push_back({cgroup.path(), set});
    } else if (without_line_feed(std::move(*value)) != set) {
      limit.effective = 0;
      break;
    } else {
      limit.levels.front().path = cgroup.path();
    }
  }
  return limit;
}

/// Explains each limit of each disk separately.
std::vector<ExplainedLimit> explain_disks(const std::vector<Cgroup>& chain) {
  std::map<std::string, ExplainedLimit> limits;
  for (const Cgroup& cgroup : chain) {
    const auto text = cgroup.read("io.max");
    std::string_view lines = text ? std::string_view(*text) : std::string_view();
    while (!lines.empty()) {
      const std::string_view line = next_field(lines, '\n');
      for (const char* key : kDiskKeys) {
        const auto number = find_nested_number(line, key);
        if (!number || *number == kNoCgroupLimit) continue;
        std::string name = "io.max " + std::string(line.substr(0, line.find(' '))) + ' ' + key;
        ExplainedLimit& limit = limits[name];
        limit.file = std::move(name);
        limit.levels.push_back({cgroup.path(), std::to_string(*number)});
      }
    }
  }
  std::vector<ExplainedLimit> list;
  for (auto& [name, limit] : limits) {
    limit.effective = effective_level(limit);
    list.push_back(std::move(limit));
  }
  return list;
}

std::vector<std::uint64_t> read_counters(const std::vector<Cgroup>& chain) {
  std::vector<std::uint64_t> values;
  for (const Cgroup& cgroup : chain) {
    for (const Counter& counter : kCounters) {
      const auto text = cgroup.read(counter.file);
      values.push_back(text ? find_keyed_number(*text, counter.key).value_or(0) : 0);
    }
  }
  return values;
}

std::vector<Hindrance> hindrances_of(const std::vector<Cgroup>& chain,
                                     const std::vector<std::uint64_t>& before,
                                     const std::vector<std::uint64_t>& after) {
  std::vector<Hindrance> hindrances;
  std::size_t i = 0;
  for (const Cgroup& cgroup : chain) {
    for (const Counter& counter : kCounters) {
      if (after[i] > 0) {
        hindrances.push_back(
            {cgroup.path(), counter.limit, counter.what, after[i] > before[i], after[i]});
      }
      ++i;
    }
    const auto events = cgroup.read("cgroup.events");
    if (events && find_keyed_number(*events, "frozen") == 1U) {
      const auto own = cgroup.read("cgroup.freeze");
      if (own && own->starts_with('1')) {
        hindrances.push_back({cgroup.path(), "cgroup.freeze", "is frozen", true, 1});
      }
    }
  }
  return hindrances;
}

ExplainedController explain_controller(const CgroupTree& tree, const char* name,
                                       const std::vector<Cgroup>& chain) {
  ExplainedController controller;
  controller.name = name;
  const auto has = [&](const Cgroup& cgroup, const char* file) {
    const auto list = cgroup.read(file);
    return list && lists_controller(*list, name);
  };
  controller.is_here = has(chain.front(), "cgroup.controllers");
  if (controller.is_here) return controller;
  if (!has(chain.back(), "cgroup.controllers")) {
    controller.reason = tree.why_without(name);
    return controller;
  }
  for (std::size_t i = chain.size(); i-- > 1;) {
    if (has(chain[i], "cgroup.subtree_control")) continue;
    controller.missing_at = chain[i].path();
    controller.reason = "it is not enabled in the cgroup.subtree_control there";
    return controller;
  }
  controller.reason = type_of(chain.front()).find("threaded") != std::string::npos
                          ? "a threaded cgroup cannot have it"
                          : "it was enabled or disabled during the reading";
  return controller;
}

}  // namespace

std::optional<std::size_t> effective_level(const ExplainedLimit& limit) {
  std::optional<std::size_t> lowest;
  double least = 0;
  for (std::size_t i = 0; i < limit.levels.size(); ++i) {
    const auto weight = weight_of(limit.file, limit.levels[i].value);
    if (!weight || (lowest && *weight > least)) continue;
    lowest = i;
    least = *weight;
  }
  return lowest;
}

Result<std::string> read_or_explain(const CgroupTree& tree, const Cgroup& cgroup,
                                    const std::string& file) {
  auto text = cgroup.read(file.c_str());
  // Errors of the network, which has no files, and refusals already explain themselves.
  if (text || text.error().code == 0 || is_net_file(file)) return text;
  return tl::unexpected(explain_read(tree, cgroup, file, text.error().code));
}

Result<CgroupExplanation> explain_cgroup(const CgroupTree& tree, const Cgroup& cgroup) {
  auto chain = TRY(chain_of(tree, cgroup));
  CgroupExplanation explanation;
  explanation.path = cgroup.path();
  explanation.has_outside = !is_real_root(chain.back());
  const auto before = read_counters(chain);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto after = read_counters(chain);
  for (const LimitFile& file : kLimits) {
    auto limit = explain_limit(file, chain);
    if (!limit.levels.empty()) explanation.limits.push_back(std::move(limit));
  }
  for (const char* file : kSets) {
    auto limit = explain_set(file, chain);
    if (!limit.levels.empty()) explanation.limits.push_back(std::move(limit));
  }
  for (ExplainedLimit& limit : explain_disks(chain))
    explanation.limits.push_back(std::move(limit));
  explanation.hindrances = hindrances_of(chain, before, after);
  for (const char* name : kControllers)
    explanation.controllers.push_back(explain_controller(tree, name, chain));
  return explanation;
}

}  // namespace nsx

// SPDX-License-Identifier: MIT
// Plans the steps of a change from the request and the facts, without accessing the kernel.

#include "cgroup/plan.hh"

#include <algorithm>
#include <climits>

#include "cgroup/control.hh"
#include "cgroup/files.hh"
#include "cgroup/rules.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Appends the names that are not in the list yet.
void add_to(std::vector<std::string>& names, const std::vector<std::string>& more) {
  for (const std::string& name : more) {
    if (!contains(names, name)) names.push_back(name);
  }
}

class Planner {
 public:
  Planner(const CgroupChangeFacts& facts, const CgroupChangeOptions& options)
      : facts_(facts), options_(options) {}

  /// Plans a cgroup with its controllers and settings, including the controllers that it and its
  /// ancestors enable.
  Status want(const CgroupWanted& wanted) {
    auto needed = needed_controllers(wanted);
    TRY(check_available(needed));
    for (const std::string& wish : wanted.wishes) {
      if (can_be_had(wanted.path, wish)) add_to(needed, {wish});
    }
    for (const std::string& above : paths_above(wanted.path)) {
      TRY(hand_down(above, needed));
    }
    TRY(hand_down(wanted.path, wanted.controllers));
    const Known* known = TRY(know(wanted.path));
    for (const CgroupSetting& setting : wanted.settings) {
      if (options_.only_changes && says_already(known->facts, setting)) continue;
      steps_.push_back(cgroup_step::WriteSetting{wanted.path, setting.file, setting.value});
    }
    if (wanted.delegate_to) {
      steps_.push_back(cgroup_step::Delegate{wanted.path, *wanted.delegate_to});
    }
    return {};
  }

  /// Returns the cgroup at a path before the change, or null if it does not exist.
  Result<const CgroupFacts*> before(const std::string& path) const {
    const auto found = facts_.cgroups.find(path);
    if (found == facts_.cgroups.end()) return nullptr;
    if (!found->second) return tl::unexpected(found->second.error());
    return &*found->second;
  }

  std::vector<CgroupStep> take() { return std::move(steps_); }

 private:
  /// A cgroup in its state after the steps planned so far.
  struct Known {
    const CgroupFacts* facts = nullptr;  ///< null if one of the steps creates it
    std::vector<std::string> enabled;    ///< for its children
  };

  Result<Known*> know(const std::string& path) {
    const auto found = known_.find(path);
    if (found != known_.end()) return &found->second;
    if (path != "/") {
      // The ancestors come first.
      TRY(know(std::string(path_above(path))));
    }
    Known known;
    known.facts = TRY(before(path));
    if (known.facts != nullptr) {
      known.enabled = known.facts->enabled;
    } else {
      steps_.push_back(cgroup_step::Make{path});
    }
    return &known_.emplace(path, std::move(known)).first->second;
  }

  /// Checks that the top has all needed controllers.
  Status check_available(const std::vector<std::string>& needed) const {
    if (needed.empty()) return {};
    TRY(before("/"));
    for (const std::string& controller : needed) {
      if (contains(facts_.controllers, controller)) continue;
      const auto why = facts_.missing_controllers.find(controller);
      return refuse("use the controller", controller,
                    why == facts_.missing_controllers.end() ? "" : why->second);
    }
    return {};
  }

  /// Whether each ancestor enables the controller, or can.
  bool can_be_had(const std::string& path, const std::string& controller) const {
    if (!check_available({controller})) return false;
    for (const std::string& above : paths_above(path)) {
      const auto cgroup = before(above);
      if (!cgroup || *cgroup == nullptr) return true;  // this and everything below will be created
      const CgroupFacts& facts = **cgroup;
      if (contains(facts.enabled, controller)) continue;
      const bool has_room = facts.is_real_root || !facts.has_processes.value_or(true);
      if (!has_room || !facts.can_enable || facts.is_threaded) return false;
    }
    return true;
  }

  /// Plans that the cgroup enables these controllers for its children.
  Status hand_down(const std::string& path, const std::vector<std::string>& controllers) {
    Known* known = TRY(know(path));
    std::vector<std::string> missing;
    for (const std::string& controller : controllers) {
      if (contains(known->enabled, controller)) continue;
      known->enabled.push_back(controller);
      missing.push_back(controller);
    }
    if (missing.empty()) return {};
    std::vector<std::string> children;
    if (known->facts != nullptr) {
      TRY(make_room(path, *known->facts));
      children = known->facts->children;
    }
    steps_.push_back(cgroup_step::EnableControllers{path, std::move(missing), std::move(children)});
    return {};
  }

  /// Empties an inner node: a cgroup that enables controllers must not contain processes.
  Status make_room(const std::string& path, const CgroupFacts& facts) {
    if (facts.is_real_root || facts.is_threaded || made_room_.contains(path)) return {};
    const bool has_processes = TRY(Result<bool>(facts.has_processes));
    if (!has_processes) return {};
    if (options_.leaf.empty()) return tl::unexpected(explain_busy(path, facts.process_count));
    auto leaf = TRY(leaf_path(path, options_.leaf));
    TRY(know(leaf));
    steps_.push_back(cgroup_step::MoveProcesses{path, std::move(leaf)});
    made_room_.insert(path);
    return {};
  }

  static bool says_already(const CgroupFacts* facts, const CgroupSetting& setting) {
    if (facts == nullptr) return false;
    const auto value = facts->values.find(setting.file);
    std::string_view rest = value == facts->values.end() ? std::string_view() : value->second;
    while (!rest.empty()) {
      if (next_field(rest, '\n') == setting.value) return true;
    }
    return false;
  }

  const CgroupChangeFacts& facts_;
  const CgroupChangeOptions& options_;
  std::map<std::string, Known> known_;
  std::set<std::string> made_room_;
  std::vector<CgroupStep> steps_;
};

}  // namespace

std::vector<std::string> needed_controllers(const CgroupWanted& wanted) {
  // A cgroup needs the controllers that it enables for its children.
  std::vector<std::string> needed = wanted.controllers;
  for (const CgroupSetting& setting : wanted.settings) {
    const std::string_view controller = controller_of(setting.file);
    if (!controller.empty()) add_to(needed, {std::string(controller)});
  }
  add_to(needed, wanted.needs);
  return needed;
}

Status check_depth(const std::string& mount_point, const std::string& path) {
  constexpr const char* kMake = "make the cgroup";
  if (std::count(path.begin(), path.end(), '/') > kMaxCgroupDepth) {
    return refuse(kMake, path,
                  "it would be nested deeper than " + std::to_string(kMaxCgroupDepth) + " levels");
  }
  if (mount_point.size() + path.size() >= PATH_MAX) {
    return refuse(kMake, path,
                  "its path would be longer than " + std::to_string(PATH_MAX - 1) + " bytes");
  }
  return {};
}

Result<std::string> leaf_path(const std::string& path, const std::string& leaf) {
  if (leaf.find('/') != std::string::npos) {
    return problem("invalid leaf name '{}'", leaf, "it contains a slash");
  }
  return normal_cgroup_path(path + '/' + leaf, "");
}

Result<std::vector<CgroupStep>> plan_cgroups(std::span<const CgroupWanted> wanted,
                                             const CgroupChangeFacts& facts,
                                             const CgroupChangeOptions& options) {
  Planner planner(facts, options);
  for (const CgroupWanted& each : wanted) {
    if (facts.systemds.contains(each.path)) {
      return tl::unexpected(explain_single_writer(each.path, facts.is_root));
    }
    TRY(check_depth(facts.mount_point, each.path));
    const CgroupFacts* cgroup = TRY(planner.before(each.path));
    if (cgroup != nullptr && each.must_be_new) {
      return refuse("make the cgroup", each.path, "it already exists");
    }
    TRY(planner.want(each));
  }
  return planner.take();
}

}  // namespace nsx

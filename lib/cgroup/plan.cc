// What has to be done for a cgroup to be there and to have its limits.

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <set>
#include <unistd.h>

#include <nsx/cgroup_change.hh>

#include "cgroup/controllers.hh"
#include "cgroup/name.hh"
#include "cgroup/rules.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

using Action = CgroupStep::Action;

/// The controllers whose files are written, and others, each once.
std::vector<std::string> needed_controllers(std::span<const CgroupSetting> settings,
                                            std::vector<std::string> others) {
  std::vector<std::string> needed = std::move(others);
  for (const CgroupSetting& setting : settings) {
    const std::string_view controller = controller_of(setting.file);
    if (controller.empty()) continue;
    if (std::find(needed.begin(), needed.end(), controller) == needed.end()) {
      needed.emplace_back(controller);
    }
  }
  return needed;
}

/// Adds those that are not there yet.
void add_to(std::vector<std::string>& names, const std::vector<std::string>& more) {
  for (const std::string& name : more) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
}

/// "+cpu +memory".
std::string enabling(const std::vector<std::string>& controllers) {
  std::string text;
  for (const std::string& controller : controllers)
    text += (text.empty() ? "+" : " +") + controller;
  return text;
}

/// The paths from the top to that of a cgroup, without its own.
std::vector<std::string> paths_above(const std::string& path) {
  std::vector<std::string> paths;
  for (std::string above = path; above != "/";) {
    above = path_above(above);
    paths.push_back(above);
  }
  std::reverse(paths.begin(), paths.end());
  return paths;
}

class Planner {
 public:
  Planner(const CgroupTree& tree, const CgroupChangeOptions& options)
      : tree_(tree), options_(options) {}

  /// Plans that it is there, with these controllers, and hands these down.
  Status want(const CgroupWanted& wanted) {
    // What it is to hand down, it has to have.
    auto needed = needed_controllers(wanted.settings, wanted.controllers);
    add_to(needed, wanted.needs);
    if (auto ok = check_top(needed); !ok) return ok;
    for (const std::string& wish : wanted.wishes) {
      if (can_be_had(wanted.path, wish)) add_to(needed, {wish});
    }
    for (const std::string& above : paths_above(wanted.path)) {
      if (auto done = hand_down(above, needed); !done) return done;
    }
    if (auto done = hand_down(wanted.path, wanted.controllers); !done) return done;
    auto known = know(wanted.path);
    if (!known) return error_of(known);
    for (const CgroupSetting& setting : wanted.settings) {
      if (options_.only_changes && says_already((*known)->cgroup, setting)) continue;
      steps_.push_back({Action::write, wanted.path, setting.file, setting.value});
    }
    if (wanted.delegate_to) {
      steps_.push_back(
          {.action = Action::delegate, .path = wanted.path, .owner = *wanted.delegate_to});
    }
    return {};
  }

  /// Whether the cgroup was there before.
  Result<bool> is_there(const std::string& path) {
    auto cgroup = tree_.open_cgroup(path);
    if (!cgroup && cgroup.error().code != 0) return error_of(cgroup);
    return cgroup.has_value();
  }

  std::vector<CgroupStep> take() { return std::move(steps_); }

 private:
  /// A cgroup as it will be when the steps so far are done.
  struct Known {
    std::optional<Cgroup> cgroup;      ///< none: it is still to be made
    std::vector<std::string> enabled;  ///< what it hands down
  };

  Result<Known*> know(const std::string& path) {
    const auto found = known_.find(path);
    if (found != known_.end()) return &found->second;
    if (path != "/") {
      // Those above come first.
      auto above = know(std::string(path_above(path)));
      if (!above) return above;
    }
    Known known;
    auto cgroup = tree_.open_cgroup(path);
    if (cgroup) {
      auto enabled = cgroup->read("cgroup.subtree_control");
      if (!enabled) return error_of(enabled);
      known.enabled = split_controllers(*enabled);
      known.cgroup = std::move(*cgroup);
    } else {
      if (cgroup.error().code != 0) return error_of(cgroup);
      steps_.push_back({.action = Action::make, .path = path});
    }
    return &known_.emplace(path, std::move(known)).first->second;
  }

  /// Whether the top has all that is needed.
  Status check_top(const std::vector<std::string>& needed) {
    if (needed.empty()) return {};
    auto top = tree_.open_cgroup("/");
    if (!top) return error_of(top);
    auto has = top->read("cgroup.controllers");
    if (!has) return error_of(has);
    for (const std::string& controller : needed) {
      if (lists_controller(*has, controller)) continue;
      return refuse("use the controller", controller, tree_.why_without(controller));
    }
    return {};
  }

  /// Whether each cgroup above hands it down, or can.
  bool can_be_had(const std::string& path, const std::string& controller) {
    if (!check_top({controller})) return false;
    for (const std::string& above : paths_above(path)) {
      const auto cgroup = tree_.open_cgroup(above);
      if (!cgroup) return true;  // it will be made, and all below it
      const auto enabled = cgroup->read("cgroup.subtree_control");
      if (enabled && lists_controller(*enabled, controller)) continue;
      const auto processes = cgroup->read("cgroup.procs");
      const bool has_room = is_real_root(*cgroup) || (processes && processes->empty());
      const bool is_ours =
          ::faccessat(cgroup->directory(), "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
      if (!has_room || !is_ours || type_of(*cgroup).find("threaded") != std::string::npos) {
        return false;
      }
    }
    return true;
  }

  /// Plans that the cgroup hands these down.
  Status hand_down(const std::string& path, const std::vector<std::string>& controllers) {
    auto known = know(path);
    if (!known) return error_of(known);
    std::vector<std::string> missing;
    for (const std::string& controller : controllers) {
      auto& enabled = (*known)->enabled;
      if (std::find(enabled.begin(), enabled.end(), controller) != enabled.end()) continue;
      enabled.push_back(controller);
      missing.push_back(controller);
    }
    if (missing.empty()) return {};
    if ((*known)->cgroup) {
      if (auto ok = make_room(*(*known)->cgroup); !ok) return ok;
    }
    steps_.push_back({Action::write, path, "cgroup.subtree_control", enabling(missing)});
    return {};
  }

  /// No processes in inner nodes.
  Status make_room(const Cgroup& cgroup) {
    if (is_real_root(cgroup) || type_of(cgroup).find("threaded") != std::string::npos) return {};
    if (made_room_.contains(cgroup.path())) return {};
    auto text = cgroup.read("cgroup.procs");
    if (!text) return error_of(text);
    if (text->empty()) return {};
    if (options_.leaf.empty()) return tl::unexpected(explain_busy(cgroup));
    if (options_.leaf.find('/') != std::string::npos) {
      return refuse("use as the name of a leaf", '\'' + options_.leaf + '\'', "it has a slash");
    }
    auto leaf = normal_cgroup_path(cgroup.path() + '/' + options_.leaf, "");
    if (!leaf) return error_of(leaf);
    if (auto known = know(*leaf); !known) return error_of(known);
    steps_.push_back({.action = Action::move, .path = cgroup.path(), .value = *leaf});
    made_room_.insert(cgroup.path());
    return {};
  }

  static bool says_already(const std::optional<Cgroup>& cgroup, const CgroupSetting& setting) {
    const auto text = cgroup ? cgroup->read(setting.file.c_str()) : Result<std::string>("");
    std::string_view rest = text ? std::string_view(*text) : std::string_view();
    while (!rest.empty()) {
      if (next_field(rest, '\n') == setting.value) return true;
    }
    return false;
  }

  const CgroupTree& tree_;
  const CgroupChangeOptions& options_;
  std::map<std::string, Known> known_;
  std::set<std::string> made_room_;
  std::vector<CgroupStep> steps_;
};

}  // namespace

Result<std::vector<CgroupStep>> plan_cgroups(const CgroupTree& tree,
                                             std::span<const CgroupWanted> wanted,
                                             const CgroupChangeOptions& options) {
  Planner planner(tree, options);
  for (const CgroupWanted& each : wanted) {
    if (!options.force) {
      if (auto ok = check_single_writer(tree, each.path); !ok) return error_of(ok);
    }
    auto is_there = planner.is_there(each.path);
    if (!is_there) return error_of(is_there);
    if (*is_there && each.must_be_new) {
      return refuse("make the cgroup", each.path, "there is one of this name already");
    }
    if (auto done = planner.want(each); !done) return error_of(done);
  }
  return planner.take();
}

}  // namespace nsx

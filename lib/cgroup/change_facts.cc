// SPDX-License-Identifier: MIT
// Reads everything that a plan to change cgroups depends on, before planning.

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

#include "cgroup/control.hh"
#include "cgroup/files.hh"
#include "cgroup/plan.hh"
#include "cgroup/rules.hh"
#include "kernel/files.hh"
#include "try.hh"

namespace nsx {

namespace {

class Reader {
 public:
  Reader(const CgroupTree& tree, std::span<const CgroupWanted> wanted,
         const CgroupChangeOptions& options)
      : tree_(tree), wanted_(wanted), options_(options) {}

  CgroupChangeFacts read() {
    facts_.mount_point = tree_.mount_point();
    facts_.is_root = ::geteuid() == 0;
    if (options_.only_changes) note_settings();
    for (const CgroupWanted& each : wanted_) {
      if (!options_.force && writer_of(tree_, each.path) == CgroupWriter::systemd) {
        facts_.systemds.insert(each.path);
      }
      // Planning will refuse it.
      if (!check_depth(facts_.mount_point, each.path)) continue;
      for (const std::string& above : paths_above(each.path))
        read_cgroup(above);
      read_cgroup(each.path);
    }
    read_controllers();
    return std::move(facts_);
  }

 private:
  void note_settings() {
    for (const CgroupWanted& each : wanted_) {
      for (const CgroupSetting& setting : each.settings)
        files_[each.path].insert(setting.file);
    }
  }

  bool is_missing(const std::string& path) const { return !facts_.cgroups.contains(path); }

  void read_cgroup(const std::string& path) {
    if (!is_missing(path)) return;
    if (path != "/" && is_missing(std::string(path_above(path)))) return;
    auto cgroup = tree_.open_cgroup(path);
    if (!cgroup && cgroup.error().code == 0) return;
    Result<CgroupFacts> facts = cgroup ? facts_of(*cgroup) : error_of(cgroup);
    const bool needs_leaf = facts && facts->has_processes.value_or(false);
    facts_.cgroups.emplace(path, std::move(facts));
    if (!needs_leaf || options_.leaf.empty()) return;
    if (const auto leaf = leaf_path(path, options_.leaf)) read_cgroup(*leaf);
  }

  Result<CgroupFacts> facts_of(const Cgroup& cgroup) const {
    CgroupFacts facts;
    const std::string enabled = TRY(cgroup.read("cgroup.subtree_control"));
    facts.enabled = split_controllers(enabled);
    facts.is_real_root = is_real_root(cgroup);
    facts.is_threaded = type_of(cgroup).find("threaded") != std::string::npos;
    facts.can_enable =
        ::faccessat(cgroup.directory(), "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
    if (auto names = list_directories_at(cgroup.directory(), ".")) {
      facts.children = std::move(*names);
    }
    if (!facts.is_real_root && !facts.is_threaded) read_processes(cgroup, facts);
    if (const auto files = files_.find(cgroup.path()); files != files_.end()) {
      for (const std::string& file : files->second) {
        if (auto text = cgroup.read(file.c_str())) facts.values.emplace(file, std::move(*text));
      }
    }
    return facts;
  }

  static void read_processes(const Cgroup& cgroup, CgroupFacts& facts) {
    const auto text = cgroup.read("cgroup.procs");
    if (!text) {
      facts.has_processes = tl::unexpected(text.error());
    } else if (!text->empty()) {
      facts.has_processes = true;
      facts.process_count = count_processes(cgroup);
    }
  }

  void read_controllers() {
    const auto top = tree_.open_cgroup("/");
    const auto text = top ? top->read("cgroup.controllers") : Result<std::string>("");
    if (text) facts_.controllers = split_controllers(*text);
    for (const CgroupWanted& each : wanted_) {
      for (const std::string& controller : needed_controllers(each)) {
        if (std::ranges::find(facts_.controllers, controller) != facts_.controllers.end()) continue;
        facts_.missing_controllers.try_emplace(controller, tree_.why_without(controller));
      }
    }
  }

  const CgroupTree& tree_;
  std::span<const CgroupWanted> wanted_;
  const CgroupChangeOptions& options_;
  std::map<std::string, std::set<std::string>> files_;  // to read, by the path of their cgroup
  CgroupChangeFacts facts_;
};

}  // namespace

CgroupChangeFacts read_change_facts(const CgroupTree& tree, std::span<const CgroupWanted> wanted,
                                    const CgroupChangeOptions& options) {
  return Reader(tree, wanted, options).read();
}

Result<std::vector<CgroupStep>> plan_cgroups(const CgroupTree& tree,
                                             std::span<const CgroupWanted> wanted,
                                             const CgroupChangeOptions& options) {
  return plan_cgroups(wanted, read_change_facts(tree, wanted, options), options);
}

}  // namespace nsx

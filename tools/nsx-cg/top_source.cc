// SPDX-License-Identifier: MIT
#include "nsx-cg/top_source.hh"

#include <algorithm>
#include <csignal>
#include <numeric>
#include <sys/stat.h>

#include <nsx/cgroup_change.hh>
#include <nsx/cgroup_control.hh>
#include <nsx/text.hh>

#include "account/explain.hh"
#include "nsx-cg/explain.hh"
#include "nsx-cg/processes.hh"
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

}  // namespace nsx::cg_tool

#include "nsx-cg/top_source.hh"

#include <algorithm>
#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/cgroup_control.hh>

namespace nsx::cg_tool {

namespace {

/// The controller that a column's files come from; null: none is needed.
const char* controller_of(std::size_t column) {
  if (column == kEventsColumn) return nullptr;
  switch (kColumns[column].column) {
    case Column::mem:
    case Column::peak:
    case Column::limit:
    case Column::swap:
    case Column::oom:
      return "memory";
    case Column::rbps:
    case Column::wbps:
      return "io";
    case Column::pids:
      return "pids";
    default:
      return nullptr;
  }
}

bool is_pressure(std::size_t column) {
  return column == number_of(Column::cpu_psi) || column == number_of(Column::mem_psi) ||
         column == number_of(Column::io_psi);
}

}  // namespace

Result<TopSnapshot> TopSource::next(CgroupFileSet files) {
  auto after = sample_cgroups(first_, {.files = files});
  if (!after) return error_of(after);
  TopSnapshot snapshot = make_snapshot(before_, *after);
  before_ = std::move(*after);
  return snapshot;
}

Status carry_out(const CgroupTree& tree, const TopDeed& deed) {
  const bool kills = deed.kind == TopDeed::Kind::kill;
  const bool freezes = deed.kind == TopDeed::Kind::freeze;
  auto cgroup = tree.open_cgroup(deed.path);
  if (!cgroup) return error_of(cgroup);
  struct stat status {};
  if (::fstat(cgroup->directory(), &status) != 0) return fail("look at", deed.path);
  if (status.st_ino != deed.id) {
    const char* what = kills ? "kill" : freezes ? "freeze" : "thaw";
    return refuse(what, deed.path, "it has been removed; what is there now is another");
  }
  return kills ? signal_cgroup(tree, *cgroup, SIGKILL) : freeze_cgroup(tree, *cgroup, freezes);
}

std::string why_empty(const CgroupTree& tree, const std::vector<std::size_t>& columns) {
  const auto top = tree.open_cgroup("/");
  const auto text = top ? top->read("cgroup.controllers") : std::string();
  const auto there = split_controllers(text ? *text : std::string());
  std::vector<std::string> missing;
  std::string why;
  const auto add = [&](const std::string& what, const std::string& reason) {
    if (std::find(missing.begin(), missing.end(), what) != missing.end()) return;
    missing.push_back(what);
    why += (why.empty() ? "no " : "; no ") + what + ": " + reason;
  };
  const std::string pressures = tree.kernel().proc_path() + "/pressure";
  for (const std::size_t column : columns) {
    if (const char* controller = controller_of(column)) {
      const bool is_there = std::find(there.begin(), there.end(), controller) != there.end();
      if (!is_there) add(controller, tree.why_without(controller));
    } else if (is_pressure(column) && ::access(pressures.c_str(), F_OK) != 0) {
      add("pressure", "this kernel does not measure it, or was booted with psi=0");
    }
  }
  return why;
}

}  // namespace nsx::cg_tool

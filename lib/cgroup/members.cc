#include "cgroup/members.hh"

#include <algorithm>
#include <fcntl.h>

#include "cgroup/rules.hh"
#include "kernel/cgroup.hh"
#include "kernel/directory.hh"
#include "kernel/files.hh"

namespace nsx {

namespace {

/// As often is a list looked at again in which there is always somebody new.
constexpr int kRounds = 1000;
constexpr int kMaxDepth = 200;

Status walk(int directory, const std::function<Status(int)>& visit, int depth) {
  if (auto done = visit(directory); !done) return done;
  if (depth == kMaxDepth) return refuse("look below", "the cgroups", "they nest too deep");
  const auto names = list_directories_at(directory, ".");
  if (!names) return {};
  for (const std::string& name : *names) {
    const auto below = open_at(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!below) continue;
    if (auto done = walk(below->get(), visit, depth + 1); !done) return done;
  }
  return {};
}

}  // namespace

Moved move_all_processes(const std::string& path, int directory, const Cgroup& to) {
  Moved moved;
  for (int round = 0; round < kRounds; ++round) {
    const auto pids = cgroup_pids(directory);
    if (!pids) {
      moved.status = tl::unexpected(pids.error());
      return moved;
    }
    if (pids->empty()) {
      const auto text = read_file_at(directory, "cgroup.procs");
      if (!text || text->empty()) return moved;
      moved.status =
          refuse("move the processes of", path, "one of them is outside of this PID namespace");
      return moved;
    }
    for (const pid_t pid : *pids) {
      const auto done = to.write("cgroup.procs", std::to_string(pid));
      if (done) {
        moved.pids.push_back(pid);
      } else if (done.error().code != ESRCH) {
        moved.status =
            tl::unexpected(explain_move(to, path, "PID " + std::to_string(pid), done.error().code));
        return moved;
      }
    }
  }
  moved.status =
      refuse("move the processes of", path, "new ones come all the time", "freeze it first");
  return moved;
}

Status walk_subtree(int directory, const std::function<Status(int)>& visit) {
  return walk(directory, visit, 0);
}

Result<bool> is_in(const CgroupTree& tree, const Cgroup& cgroup) {
  auto own = tree.own();
  // Outside of all that is mounted here.
  if (!own) return false;
  return cgroup.is_top() || own->path() == cgroup.path() ||
         own->path().starts_with(cgroup.path() + '/');
}

}  // namespace nsx

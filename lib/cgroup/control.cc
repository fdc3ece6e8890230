// SPDX-License-Identifier: MIT
// Moving, killing and freezing the processes of a cgroup.

#include "cgroup/control.hh"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/cgroup_control.hh>

#include "cgroup/files.hh"
#include "cgroup/rules.hh"
#include "kernel/abi.hh"
#include "kernel/cgroup.hh"
#include "kernel/files.hh"
#include "try.hh"

namespace nsx {

namespace {

/// How long freezing may take. A task in an uninterruptible sleep delays it.
constexpr std::chrono::seconds kFreezeTime{10};

Status refuse_top(const Cgroup& cgroup, const char* what) {
  if (!cgroup.is_top() && !is_real_root(cgroup)) return {};
  return refuse(what, cgroup.path(), "it is the top of the tree and holds all processes");
}

Status refuse_own(const CgroupTree& tree, const Cgroup& cgroup, const char* what) {
  TRY(refuse_top(cgroup, what));
  auto own = TRY(is_in(tree, cgroup));
  if (own) return refuse(what, cgroup.path(), "this command runs in it");
  return {};
}

Status write_or_explain(const CgroupTree& tree, const Cgroup& cgroup, const char* file,
                        const std::string& value) {
  const auto done = cgroup.write(file, value);
  if (done) return {};
  return tl::unexpected(explain_write(tree, cgroup, file, value, done.error().code));
}

bool is_frozen(const Cgroup& cgroup) {
  const auto text = cgroup.read("cgroup.events");
  return text && find_keyed_number(*text, "frozen") == 1U;
}

/// Sends a signal to a process of a cgroup, if the cgroup still lists it after it was opened.
void send(int directory, pid_t pid, int signal) {
  const OwnedFd pidfd(abi::pidfd_open(pid, 0));
  if (!pidfd) return;
  const auto pids = cgroup_pids(directory);
  if (pids && std::find(pids->begin(), pids->end(), pid) != pids->end()) {
    abi::pidfd_send_signal(pidfd.get(), signal);
  }
}

/// Sends one signal to each process while none of them runs.
Status signal_frozen(const Cgroup& cgroup, int signal) {
  return walk_subtree(cgroup.directory(), [&](int directory) -> Status {
    const auto pids = cgroup_pids(directory);
    if (!pids) return {};
    std::set<pid_t> told;
    for (const pid_t pid : *pids) {
      if (told.insert(pid).second) send(directory, pid, signal);
    }
    return {};
  });
}

/// How often a list is read again if it keeps containing new processes.
constexpr int kRounds = 1000;

Status walk(int directory, const std::function<Status(int)>& visit, int depth) {
  TRY(visit(directory));
  if (depth == kMaxCgroupDepth) return refuse("walk", "the cgroup tree", "it is nested too deeply");
  const auto names = list_directories_at(directory, ".");
  if (!names) return {};
  for (const std::string& name : *names) {
    const auto below = open_at(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!below) continue;
    TRY(walk(below->get(), visit, depth + 1));
  }
  return {};
}

}  // namespace

Status move_process(const CgroupTree& tree, const Process& process, const Cgroup& to) {
  const std::string what = "PID " + std::to_string(process.pid());
  const auto from = tree.of(process);
  // The PID could have been reused since the process was opened.
  TRY(process.read("stat"));
  const auto done = to.write("cgroup.procs", std::to_string(process.pid()));
  if (done) return {};
  return tl::unexpected(explain_move(to, from ? from->path() : "", what, done.error().code));
}

std::optional<std::string> frozen_by(const CgroupTree& tree, const Cgroup& cgroup) {
  for (std::string path = cgroup.path(); path != "/"; path = path_above(path)) {
    const auto each = tree.open_cgroup(path);
    const auto freeze = each ? each->read("cgroup.freeze") : Result<std::string>("");
    if (freeze && freeze->starts_with('1')) return path;
  }
  if (is_frozen(cgroup)) return "..";
  return std::nullopt;
}

Status check_not_frozen(const CgroupTree& tree, const Cgroup& cgroup, const std::string& what) {
  const auto frozen = frozen_by(tree, cgroup);
  if (!frozen) return {};
  if (*frozen == "..") {
    return refuse(what, cgroup.path(), "it is frozen by a cgroup outside of this mount");
  }
  return refuse(
      what, cgroup.path(),
      *frozen == cgroup.path() ? "it is frozen" : "its ancestor " + *frozen + " is frozen",
      "nsx-cg thaw " + shell_word(*frozen));
}

Status join_cgroup(const CgroupTree& tree, const Cgroup& cgroup) {
  TRY(check_not_frozen(tree, cgroup, "join the cgroup"));
  const auto from = tree.own();
  // 0 is the writing process, in any PID namespace.
  const auto done = cgroup.write("cgroup.procs", "0");
  if (done) return {};
  return tl::unexpected(
      explain_move(cgroup, from ? from->path() : "", "this process", done.error().code));
}

Result<std::size_t> move_processes(const Cgroup& from, const Cgroup& to) {
  TRY(refuse_top(from, "move the processes of"));
  std::size_t count = 0;
  TRY(walk_subtree(from.directory(), [&](int directory) -> Status {
    struct stat here {};
    struct stat there {};
    if (::fstat(directory, &here) == 0 && ::fstat(to.directory(), &there) == 0 &&
        here.st_ino == there.st_ino) {
      return {};
    }
    std::vector<pid_t> moved;
    auto all = move_all_processes(from.path(), directory, to, moved);
    count += moved.size();
    return all;
  }));
  return count;
}

Status freeze_cgroup(const CgroupTree& tree, const Cgroup& cgroup, bool frozen) {
  if (frozen) {
    TRY(refuse_own(tree, cgroup, "freeze the cgroup"));
  }
  TRY(write_or_explain(tree, cgroup, "cgroup.freeze", frozen ? "1" : "0"));
  const CgroupState wanted{frozen ? CgroupState::Kind::frozen : CgroupState::Kind::thawed};
  // A frozen ancestor keeps it frozen.
  if (!frozen) {
    TRY(check_not_frozen(tree, cgroup, "thaw the cgroup"));
  }
  auto done = TRY(wait_for_cgroup(tree, cgroup, wanted, kFreezeTime));
  if (done) return {};
  return refuse(frozen ? "freeze the cgroup" : "thaw the cgroup", cgroup.path(),
                "some of its processes are in an uninterruptible sleep",
                frozen ? "they freeze when they wake up; to cancel that, run: nsx-cg thaw " +
                             shell_word(cgroup.path())
                       : "");
}

Status signal_cgroup(const CgroupTree& tree, const Cgroup& cgroup, int signal) {
  TRY(refuse_own(tree, cgroup, "signal the cgroup"));
  if (signal == SIGKILL) {
    const auto done = cgroup.write("cgroup.kill", "1");
    if (done) return {};
    // The file does not exist before Linux 5.14, and cannot be written in a threaded cgroup.
    const int code = done.error().code;
    if (code != ENOENT && code != EOPNOTSUPP) {
      return tl::unexpected(explain_write(tree, cgroup, "cgroup.kill", "1", code));
    }
  }
  const bool was_frozen = is_frozen(cgroup);
  if (!was_frozen) {
    if (auto done = freeze_cgroup(tree, cgroup, true); !done) {
      [[maybe_unused]] const auto thawed = cgroup.write("cgroup.freeze", "0");
      return done;
    }
  }
  auto done = signal_frozen(cgroup, signal);
  if (!was_frozen) {
    auto thawed = write_or_explain(tree, cgroup, "cgroup.freeze", "0");
    if (done && !thawed) return thawed;
  }
  return done;
}

Result<std::uint64_t> reclaim_memory(const CgroupTree& tree, const Cgroup& cgroup,
                                     std::uint64_t bytes) {
  const auto current = [&] {
    const auto text = cgroup.read("memory.current");
    return text ? parse_cgroup_number(*text).value_or(0) : 0;
  };
  const std::uint64_t before = current();
  const auto done = cgroup.write("memory.reclaim", std::to_string(bytes));
  const std::uint64_t after = current();
  const std::uint64_t taken = before > after ? before - after : 0;
  if (done) return taken;
  if (done.error().code == EAGAIN) {
    return refuse("reclaim " + std::to_string(bytes) + " bytes from", cgroup.path(),
                  "the kernel reclaimed less: memory.current fell by " + std::to_string(taken));
  }
  return tl::unexpected(
      explain_write(tree, cgroup, "memory.reclaim", std::to_string(bytes), done.error().code));
}

Status move_all_processes(const std::string& path, int directory, const Cgroup& to,
                          std::vector<pid_t>& moved) {
  for (int round = 0; round < kRounds; ++round) {
    const auto pids = TRY(cgroup_pids(directory));
    if (pids.empty()) {
      const auto text = read_file_at(directory, "cgroup.procs");
      if (!text || text->empty()) return {};
      return refuse("move the processes of", path, "one of them is outside of this PID namespace");
    }
    moved.reserve(moved.size() + pids.size());
    for (const pid_t pid : pids) {
      const auto done = to.write("cgroup.procs", std::to_string(pid));
      if (done) {
        moved.push_back(pid);
      } else if (done.error().code != ESRCH) {
        return tl::unexpected(
            explain_move(to, path, "PID " + std::to_string(pid), done.error().code));
      }
    }
  }
  return refuse("move the processes of", path, "new processes keep appearing",
                "freeze it first: nsx-cg freeze " + shell_word(path));
}

Status walk_subtree(int directory, const std::function<Status(int)>& visit) {
  return walk(directory, visit, 0);
}

Result<bool> is_in(const CgroupTree& tree, const Cgroup& cgroup) {
  auto own = tree.own();
  // It is outside of everything mounted here.
  if (!own) return false;
  return cgroup.is_top() || own->path() == cgroup.path() ||
         own->path().starts_with(cgroup.path() + '/');
}

}  // namespace nsx

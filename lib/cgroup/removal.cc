// SPDX-License-Identifier: MIT
#include <csignal>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/cgroup_change.hh>
#include <nsx/cgroup_control.hh>

#include "cgroup/control.hh"
#include "cgroup/files.hh"
#include "cgroup/net.hh"
#include "cgroup/rules.hh"
#include "kernel/abi.hh"
#include "kernel/cgroup.hh"
#include "kernel/files.hh"
#include "try.hh"

namespace nsx {

namespace {

/// How long killed processes may take to exit.
constexpr std::chrono::seconds kPatience{10};

/// Kills all processes like cgroup.kill (Linux 5.14), for older kernels. The caller repeats this
/// until fewer processes are forked than killed.
Status kill_one_by_one(int directory) {
  return walk_subtree(directory, [](int each) -> Status {
    const auto pids = cgroup_pids(each);
    if (!pids) return {};
    for (const pid_t pid : *pids) {
      const OwnedFd pidfd(abi::pidfd_open(pid, 0));
      const auto again = pidfd ? cgroup_pids(each) : pids;
      if (pidfd && again && std::set<pid_t>(again->begin(), again->end()).contains(pid)) {
        abi::pidfd_send_signal(pidfd.get(), SIGKILL);
      }
    }
    return {};
  });
}

/// Removes a cgroup after all its processes were killed. The last of them leaves the cgroup a
/// moment after it has vanished from the list.
bool remove_killed(int above, const std::string& name) {
  constexpr int kTries = 100;
  constexpr useconds_t kMoment = 10000;
  for (int i = 0; ::unlinkat(above, name.c_str(), AT_REMOVEDIR) != 0; ++i) {
    if (errno != EBUSY || i == kTries) return false;
    ::usleep(kMoment);
  }
  return true;
}

Status remove_below(int directory, const std::string& path, int depth) {
  if (depth == kMaxCgroupDepth)
    return refuse("remove the cgroups below", path, "they are nested too deeply");
  auto names = list_directories_at(directory, ".");
  if (!names) return {};
  for (const std::string& name : *names) {
    std::string below = path == "/" ? "" : path;
    below.append(1, '/').append(name);
    struct stat status {};
    {
      const auto opened = open_at(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (!opened || ::fstat(opened->get(), &status) != 0) continue;
      TRY(remove_below(opened->get(), below, depth + 1));
    }
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      if (errno == EBUSY) {
        return refuse("remove the cgroup", below, "it contains processes",
                      "add --kill to kill them");
      }
      return fail("remove the cgroup", below);
    }
    forget_net(status.st_ino);
  }
  return {};
}

}  // namespace

bool is_populated(int directory) {
  const auto text = read_file_at(directory, "cgroup.events");
  return text && find_keyed_number(*text, "populated") == 1U;
}

Status kill_and_wait(int directory) {
  const Deadline deadline = deadline_after(kPatience);
  auto events = open_at(directory, "cgroup.events", O_RDONLY);
  if (!events) return {};  // removed
  bool has_kill = true;
  while (is_populated(directory)) {
    has_kill = has_kill && write_file_at(directory, "cgroup.kill", "1").has_value();
    if (!has_kill) {
      TRY(kill_one_by_one(directory));
    }
    char byte = 0;
    [[maybe_unused]] const ssize_t seen = ::pread(events->get(), &byte, 1, 0);
    if (!is_populated(directory)) break;
    constexpr std::chrono::milliseconds kRound{100};
    auto changed = TRY(wait_for_change(events->get(), deadline, kRound));
    if (!changed) {
      return refuse("kill all processes in the cgroup", "", "some are in an uninterruptible sleep");
    }
  }
  return {};
}

Status remove_below(int directory, const std::string& path) {
  return remove_below(directory, path, 0);
}

Status remove_made(int above, int cgroup, const std::vector<std::string>& made) {
  if (made.empty()) return {};
  struct stat held {};
  struct stat named {};
  const std::string& last = made.back();
  const bool is_gone = ::fstat(cgroup, &held) != 0 ||
                       ::fstatat(above, last.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0;
  if (!is_gone && held.st_ino != named.st_ino) return {};  // another cgroup has taken its name
  if (!is_gone) {
    TRY(remove_below(cgroup, last));
    if (!remove_killed(above, last) && errno != ENOENT) return fail("remove the cgroup", last);
  }
  if (held.st_ino != 0) forget_net(held.st_ino);
  // A previous remover may have been killed before it came to these.
  for (std::size_t i = made.size() - 1; i-- > 0;) {
    if (::unlinkat(above, made[i].c_str(), AT_REMOVEDIR) != 0) break;
  }
  return {};
}

Status remove_cgroup(const CgroupTree& tree, const Cgroup& cgroup, const CgroupRemoval& removal) {
  if (cgroup.is_top()) {
    return refuse("remove the cgroup", cgroup.path(), "it is the top of the tree");
  }
  auto above = TRY(tree.parent(cgroup));
  const std::string name(last_name(cgroup.path()));
  // The handle refers to the cgroup that was examined; another one may have its name by now.
  struct stat held {};
  struct stat named {};
  if (::fstat(cgroup.directory(), &held) != 0 ||
      ::fstatat(above->directory(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 ||
      held.st_ino != named.st_ino) {
    return refuse("remove the cgroup", cgroup.path(), "it no longer exists");
  }
  if (removal.kill) {
    // Checked before anything is killed for a removal that would fail.
    const auto below = list_directories_at(cgroup.directory(), ".");
    if (!removal.recursive && below && !below->empty()) {
      return refuse("remove the cgroup", cgroup.path(), "it contains other cgroups",
                    "add -r to remove them, too");
    }
    TRY(signal_cgroup(tree, cgroup, SIGKILL));
    if (auto done = kill_and_wait(cgroup.directory()); !done) {
      done.error().set_subject(cgroup.path());
      return done;
    }
  }
  if (removal.recursive) {
    TRY(remove_below(cgroup.directory(), cgroup.path()));
  }
  const bool removed = removal.kill
                           ? remove_killed(above->directory(), name)
                           : ::unlinkat(above->directory(), name.c_str(), AT_REMOVEDIR) == 0;
  if (removed) {
    forget_net(held.st_ino);
    return {};
  }
  return tl::unexpected(explain_remove(cgroup, errno));
}

}  // namespace nsx

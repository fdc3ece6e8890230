// SPDX-License-Identifier: MIT
#include "target/search.hh"

#include <algorithm>
#include <fcntl.h>

#include "kernel/cgroup.hh"
#include "kernel/files.hh"

namespace nsx {

namespace {

/// Deeper nesting only occurs in hostile trees. Each level holds a descriptor.
constexpr int kMaxDepth = 100;

/// How often the search is repeated because the oldest process moved or exited in the meantime.
constexpr int kAttempts = 8;

void walk(int directory, const std::string& path, const VisitCgroup& visit, int depth) {
  visit(path, directory);
  if (depth == kMaxDepth) return;
  const auto names = list_directories_at(directory, ".");
  if (!names) return;
  const std::string above = path + '/';
  for (const std::string& name : *names) {
    // It may have been removed in the meantime.
    if (const auto below = open_at(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) {
      walk(below->get(), above + name, visit, depth + 1);
    }
  }
}

/// A process, and the cgroup that listed it.
struct Listed {
  AgedProcess aged;
  OwnedFd cgroup;
};

std::optional<Listed> oldest_listed(const Kernel& kernel, int directory, const char* except) {
  const std::string left_out = except != nullptr ? std::string("/") + except : std::string();
  std::optional<Listed> oldest;
  walk_cgroups(directory, [&](const std::string& path, int cgroup) {
    if (except != nullptr && (path == left_out || path.starts_with(left_out + '/'))) return;
    const auto pids = cgroup_pids(cgroup);
    if (!pids) return;
    for (const pid_t pid : *pids) {
      auto aged = open_aged(kernel, pid);
      if (!aged || (oldest && !is_older(aged->stat, oldest->aged.stat))) continue;
      OwnedFd kept(::fcntl(cgroup, F_DUPFD_CLOEXEC, 0));
      if (kept) oldest = Listed{std::move(*aged), std::move(kept)};
    }
  });
  return oldest;
}

}  // namespace

std::optional<AgedProcess> open_aged(const Kernel& kernel, pid_t pid) {
  auto process = Process::open(kernel, pid);
  if (!process) return std::nullopt;
  const auto text = process->read("stat");
  if (!text) return std::nullopt;
  auto stat = parse_process_stat(*text);
  if (!stat || !is_alive(*stat)) return std::nullopt;
  stat->command = {};
  return AgedProcess{std::move(*process), *stat};
}

bool is_there(const Process& process) {
  const auto text = process.read("stat");
  return text && is_alive(*text);
}

bool is_older(const ProcessStat& a, const ProcessStat& b) {
  if (a.start_time != b.start_time) return a.start_time < b.start_time;
  if (b.parent == a.pid) return true;
  return a.parent != b.pid && a.pid < b.pid;
}

void walk_cgroups(int directory, const VisitCgroup& visit) {
  walk(directory, "", visit, 0);
}

std::optional<Process> oldest_in_cgroup(const Kernel& kernel, int directory, const char* except) {
  for (int i = 0; i < kAttempts; ++i) {
    auto oldest = oldest_listed(kernel, directory, except);
    if (!oldest) return std::nullopt;
    // The PID was read before the process was opened and could have been reused in between. If the
    // cgroup still lists it while it is open, it is the right process.
    const Process& process = oldest->aged.process;
    const auto pids = cgroup_pids(oldest->cgroup.get());
    const bool is_listed =
        pids && std::find(pids->begin(), pids->end(), process.pid()) != pids->end();
    if (is_listed && is_there(process)) return std::move(oldest->aged.process);
  }
  return std::nullopt;
}

}  // namespace nsx

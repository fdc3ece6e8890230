// SPDX-License-Identifier: MIT
#include "nsx-cg/processes.hh"

#include <optional>
#include <vector>

#include <nsx/census.hh>
#include <nsx/process.hh>

namespace nsx::cg_tool {

namespace {

/// Returns a process with the data that is_same_process() needs, or none if it has exited.
std::optional<CensusProcess> identify(const Kernel& kernel, pid_t pid) {
  auto process = Process::open(kernel, pid);
  const auto text = process ? process->read("stat") : error_of(process);
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  if (!stat || stat->start_time == 0) return std::nullopt;
  CensusProcess identity;
  identity.pid = pid;
  identity.start_time = stat->start_time;
  return identity;
}

/// Returns the ID of the current cgroup of each process in the first cgroup of a reading and its
/// descendants.
std::unordered_map<pid_t, std::uint64_t> current_cgroups(const CgroupTree& tree,
                                                         const CgroupReading& reading) {
  std::unordered_map<pid_t, std::uint64_t> ids;
  auto first = tree.open_cgroup(reading.cgroups.front().path);
  CgroupSampleRequest request;
  request.pids = true;
  const auto now = first ? sample_cgroups(*first, request) : error_of(first);
  if (!now) return ids;
  for (const CgroupSample& sample : now->cgroups) {
    for (const pid_t pid : sample.pids)
      ids[pid] = sample.id;
  }
  return ids;
}

}  // namespace

std::unordered_map<pid_t, std::string> read_commands(const CgroupTree& tree,
                                                     const CgroupReading& reading,
                                                     std::span<const std::size_t> cgroups) {
  std::unordered_map<pid_t, std::string> commands;
  std::vector<CensusProcess> processes;
  std::vector<std::uint64_t> ids;
  for (const std::size_t i : cgroups) {
    const CgroupSample& sample = reading.cgroups[i];
    for (const pid_t pid : sample.pids) {
      commands[pid];
      const auto process = identify(tree.kernel(), pid);
      if (!process) continue;
      processes.push_back(*process);
      ids.push_back(sample.id);
    }
  }
  if (processes.empty()) return commands;
  // A PID reused before identify() is detected by its cgroup, a PID reused later by its start time.
  const auto now = current_cgroups(tree, reading);
  std::vector<std::string> lines = read_command_lines(tree.kernel(), processes);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto found = now.find(processes[i].pid);
    if (found != now.end() && found->second == ids[i]) {
      commands[processes[i].pid] = std::move(lines[i]);
    }
  }
  return commands;
}

}  // namespace nsx::cg_tool

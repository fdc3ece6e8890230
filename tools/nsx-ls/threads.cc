#include "nsx-ls/threads.hh"

#include <algorithm>

namespace nsx::ls_tool {

std::vector<std::uint64_t> count_threads(const Census& census) {
  std::vector<std::uint64_t> threads(census.namespaces.size());
  for (const CensusProcess& process : census.processes) {
    for (const CensusIndex ns : process.namespaces) {
      if (ns != kNone) threads[ns] += process.threads;
    }
  }
  // A thread with a namespace of its own was counted where its process is.
  for (const CensusHolder& holder : census.holders) {
    if (holder.type != CensusHolder::Type::thread) continue;
    ++threads[holder.ns];
    const auto process =
        std::ranges::lower_bound(census.processes, holder.pid, {}, &CensusProcess::pid);
    if (process == census.processes.end() || process->pid != holder.pid) continue;
    const CensusIndex left = process->in(census.namespaces[holder.ns].kind);
    if (left != kNone) --threads[left];
  }
  return threads;
}

}  // namespace nsx::ls_tool

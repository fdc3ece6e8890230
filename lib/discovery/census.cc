#include <algorithm>
#include <numeric>

#include <nsx/census.hh>

#include "discovery/namespace_table.hh"
#include "discovery/processes.hh"

namespace nsx {

namespace {

void count_processes(const std::vector<CensusProcess>& processes, NamespaceTable& table) {
  for (CensusIndex i = 0; i < processes.size(); ++i) {
    for (const CensusIndex ns : processes[i].namespaces) {
      if (ns == kNone) continue;
      if (table[ns].process_count++ == 0) table[ns].first_process = i;
    }
  }
}

/// Drops the namespaces that no process is in: it ended before it was read to its end.
void forget_empty(std::vector<CensusIndex>& order, const std::vector<CensusNamespace>& namespaces) {
  std::erase_if(order, [&](CensusIndex i) { return namespaces[i].process_count == 0; });
}

/// Puts the namespaces in the order of their inode numbers, and all indices with them.
void sort_by_inode(Census& census, bool with_empty) {
  const auto& old = census.namespaces;
  std::vector<CensusIndex> order(old.size());
  std::iota(order.begin(), order.end(), 0);
  if (!with_empty) forget_empty(order, old);
  std::sort(order.begin(), order.end(), [&](CensusIndex a, CensusIndex b) {
    return std::pair(old[a].identity.inode, old[a].kind) <
           std::pair(old[b].identity.inode, old[b].kind);
  });
  std::vector<CensusIndex> place(old.size(), kNone);
  for (CensusIndex i = 0; i < order.size(); ++i)
    place[order[i]] = i;
  const auto moved = [&](CensusIndex& index) {
    if (index != kNone) index = place[index];
  };

  std::vector<CensusNamespace> sorted;
  sorted.reserve(old.size());
  for (const CensusIndex i : order) {
    sorted.push_back(old[i]);
    moved(sorted.back().parent);
    moved(sorted.back().owner);
  }
  census.namespaces = std::move(sorted);
  for (CensusProcess& process : census.processes) {
    for (CensusIndex& ns : process.namespaces)
      moved(ns);
  }
}

}  // namespace

Result<Census> take_census(const Kernel& kernel, const CensusRequest& request) {
  NamespaceTable table(kernel, request.hierarchy);
  auto processes = read_processes(kernel, request.kinds, table);
  if (!processes) return error_of(processes);
  count_processes(*processes, table);

  Census census{table.take(), std::move(*processes)};
  sort_by_inode(census, request.hierarchy);
  return census;
}

}  // namespace nsx

#include <algorithm>
#include <numeric>
#include <tuple>

#include <nsx/census.hh>

#include "discovery/kernel_list.hh"
#include "discovery/mounts.hh"
#include "discovery/workers.hh"

namespace nsx {

namespace {

void sort_processes(std::vector<CensusProcess>& processes) {
  std::sort(processes.begin(), processes.end(),
            [](const CensusProcess& a, const CensusProcess& b) { return a.pid < b.pid; });
}

void count_processes(const std::vector<CensusProcess>& processes, NamespaceTable& table) {
  for (CensusIndex i = 0; i < processes.size(); ++i) {
    for (const CensusIndex ns : processes[i].namespaces) {
      if (ns == kNone) continue;
      if (table[ns].process_count++ == 0) table[ns].first_process = i;
    }
  }
}

/// Those that something keeps alive. Others were seen at a process that ended before it was read to
/// its end, and may have ended with it.
std::vector<bool> held(const std::vector<CensusNamespace>& namespaces,
                       const std::vector<CensusHolder>& holders) {
  std::vector<bool> is_held(namespaces.size());
  for (const CensusHolder& holder : holders)
    is_held[holder.ns] = true;
  for (CensusIndex i = 0; i < namespaces.size(); ++i) {
    if (namespaces[i].process_count != 0 || namespaces[i].is_listed) is_held[i] = true;
  }
  std::vector<CensusIndex> to_do(namespaces.size());
  std::iota(to_do.begin(), to_do.end(), 0);
  while (!to_do.empty()) {
    const CensusIndex ns = to_do.back();
    to_do.pop_back();
    if (!is_held[ns]) continue;
    for (const CensusIndex up : {namespaces[ns].parent, namespaces[ns].owner}) {
      if (up == kNone || is_held[up]) continue;
      is_held[up] = true;
      to_do.push_back(up);
    }
  }
  return is_held;
}

/// A namespace keeps its parent and its owner alive.
void add_relations(const std::vector<CensusNamespace>& namespaces,
                   std::vector<CensusHolder>& holders) {
  for (CensusIndex i = 0; i < namespaces.size(); ++i) {
    const auto [parent, owner] = std::pair(namespaces[i].parent, namespaces[i].owner);
    if (parent != kNone) holders.push_back({parent, CensusHolder::Type::child, 0, 0, i});
    // Of a user namespace they are one and the same.
    if (owner != kNone && owner != parent) {
      holders.push_back({owner, CensusHolder::Type::owned, 0, 0, i});
    }
  }
}

/// Puts what is held in the order of inode numbers, and all indices with it.
void arrange(Census& census) {
  const auto& old = census.namespaces;
  const std::vector<bool> is_held = held(old, census.holders);
  std::vector<CensusIndex> order(old.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](CensusIndex i) { return !is_held[i]; });
  std::sort(order.begin(), order.end(), [&](CensusIndex a, CensusIndex b) {
    return std::pair(old[a].identity.inode, old[a].kind) <
           std::pair(old[b].identity.inode, old[b].kind);
  });
  std::vector<CensusIndex> place(old.size(), kNone);
  for (CensusIndex i = 0; i < order.size(); ++i)
    place[order[i]] = i;
  const auto move = [&](CensusIndex& index) {
    if (index != kNone) index = place[index];
  };

  std::vector<CensusNamespace> sorted;
  sorted.reserve(order.size());
  for (const CensusIndex i : order) {
    sorted.push_back(old[i]);
    move(sorted.back().parent);
    move(sorted.back().owner);
  }
  census.namespaces = std::move(sorted);
  for (CensusProcess& process : census.processes) {
    for (CensusIndex& ns : process.namespaces)
      move(ns);
  }
  for (CensusHolder& holder : census.holders)
    move(holder.ns);
  for (CensusMount& mount : census.mounts)
    move(mount.mount_namespace);
}

void sort_holders(std::vector<CensusHolder>& holders) {
  const auto key = [](const CensusHolder& holder) {
    return std::tuple(holder.ns, holder.type, holder.pid, holder.number, holder.other);
  };
  std::sort(holders.begin(), holders.end(),
            [&](const CensusHolder& a, const CensusHolder& b) { return key(a) < key(b); });
}

/// The request with all that its sources need.
CensusRequest completed(const Kernel& kernel, CensusRequest request) {
  if (request.skip_what_the_kernel_lists && request.sources.contains(Source::kernel) &&
      kernel_lists_all(kernel)) {
    for (const Source source :
         {Source::thread, Source::children, Source::fd, Source::mount, Source::relation}) {
      request.sources.remove(source);
    }
  }
  if (request.sources.contains(Source::mount)) request.kinds.insert(Kind::mnt);
  return request;
}

}  // namespace

Result<Census> take_census(const Kernel& kernel, const CensusRequest& wanted) {
  const CensusRequest request = completed(kernel, wanted);
  auto findings = read_all_processes(kernel, request);
  if (!findings) return error_of(findings);
  sort_processes(findings->processes);
  if (request.sources.contains(Source::mount)) read_mounts(kernel, request.kinds, *findings);
  if (request.sources.contains(Source::kernel)) read_kernel_list(kernel, request.kinds, *findings);
  count_processes(findings->processes, findings->table);

  Census census{findings->table.take(),       std::move(findings->processes),
                std::move(findings->holders), std::move(findings->mounts),
                findings->gaps.take(),        findings->hides_processes};
  arrange(census);
  if (request.sources.contains(Source::relation)) {
    add_relations(census.namespaces, census.holders);
  }
  sort_holders(census.holders);
  return census;
}

}  // namespace nsx

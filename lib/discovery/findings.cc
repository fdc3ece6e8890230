// SPDX-License-Identifier: MIT
#include "discovery/findings.hh"

#include <algorithm>
#include <linux/nsfs.h>
#include <numeric>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <tuple>

namespace nsx {

namespace {

/// Descriptors left to the rest of the process: the caller's own, and the few that are open at a
/// time while one process is read.
constexpr rlim_t kReserve = 64;

std::size_t descriptors_to_spare() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= kReserve) return 0;
  return limit.rlim_cur - kReserve;
}

/// Sorts the processes, which nearly always are in order.
void sort_processes(std::vector<CensusProcess>& processes) {
  if (std::ranges::is_sorted(processes, {}, &CensusProcess::pid)) return;
  std::ranges::sort(processes, {}, &CensusProcess::pid);
}

void count_processes(const std::vector<CensusProcess>& processes, NamespaceTable& table) {
  for (CensusIndex i = 0; i < processes.size(); ++i) {
    for (const CensusIndex ns : processes[i].namespaces) {
      if (ns == kNone) continue;
      if (table[ns].process_count++ == 0) table[ns].first_process = i;
    }
  }
}

/// Returns which namespaces something keeps alive. The others were seen in a process that exited
/// before it was read completely, and may be gone as well.
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

/// Adds holders for relations: a namespace keeps its parent and its owner alive.
void add_relations(const std::vector<CensusNamespace>& namespaces,
                   std::vector<CensusHolder>& holders) {
  for (CensusIndex i = 0; i < namespaces.size(); ++i) {
    const auto [parent, owner] = std::pair(namespaces[i].parent, namespaces[i].owner);
    if (parent != kNone) holders.push_back({parent, CensusHolder::Type::child, 0, 0, i});
    // For a user namespace, both are the same.
    if (owner != kNone && owner != parent) {
      holders.push_back({owner, CensusHolder::Type::owned, 0, 0, i});
    }
  }
}

/// Sorts the namespaces that are kept alive by inode number, drops the others, and updates all
/// indices.
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

}  // namespace

NamespaceTable::NamespaceTable(const Kernel& kernel, const Options& options)
    : kernel_(kernel), options_(options), limit_(descriptors_to_spare()), keep_limit_(limit_) {}

NamespaceTable NamespaceTable::without_handles() const {
  NamespaceTable copy(kernel_, options_);
  copy.keep_limit_ = keep_limit_;
  copy.namespaces_ = namespaces_;
  copy.handles_.resize(namespaces_.size());
  copy.by_inode_ = by_inode_;
  return copy;
}

CensusIndex NamespaceTable::add(Kind kind, ino_t inode) {
  if (const auto known = find(kind, inode)) return *known;
  const CensusIndex index = size();
  by_inode_.add(kind, inode, index);
  CensusNamespace& ns = namespaces_.emplace_back();
  ns.kind = kind;
  ns.identity.inode = inode;
  handles_.emplace_back();
  return index;
}

CensusIndex NamespaceTable::add(Namespace ns) {
  if (const auto known = find(ns.kind(), ns.identity().inode)) {
    // So far it was known by number only.
    if (namespaces_[*known].identity.device != 0) return *known;
  }
  const CensusIndex index = add(ns.kind(), ns.identity().inode);
  namespaces_[index].identity = ns.identity();
  if (ns.kind() == Kind::user) {
    if (const auto uid = ns.creator_uid()) namespaces_[index].creator = *uid;
  }
  if (options_.relations) {
    // Adding a relative can reallocate the table, so no reference into it may be kept across the
    // calls.
    const CensusIndex owner = add_related(ns, NS_GET_USERNS, Kind::user);
    const bool has_parent = ns.kind() == Kind::pid || ns.kind() == Kind::user;
    const CensusIndex parent = has_parent ? add_related(ns, NS_GET_PARENT, ns.kind()) : kNone;
    namespaces_[index].owner = owner;
    namespaces_[index].parent = parent;
  }
  const bool is_wanted = options_.wanted && options_.wanted->is(ns.kind(), ns.identity());
  if (is_wanted) wanted_at_ = index;
  if (is_wanted || may_keep()) {
    ++kept_;
    handles_[index] = std::move(ns);
  }
  return index;
}

CensusIndex NamespaceTable::add_related(const Namespace& ns, unsigned request, Kind kind) {
  OwnedFd fd(::ioctl(ns.fd(), request));
  struct stat st {};
  // A relation that the kernel hides from the caller counts as none.
  if (!fd || ::fstat(fd.get(), &st) != 0) return kNone;
  // Nearly always it is one of a few namespaces that are known already.
  const auto known = find(kind, st.st_ino);
  if (known && namespaces_[*known].identity.device != 0) return *known;
  auto related = Namespace::from_fd(kernel_, std::move(fd));
  return related ? add(std::move(*related)) : kNone;
}

std::vector<CensusIndex> NamespaceTable::absorb(NamespaceTable&& other) {
  std::vector<CensusIndex> places;
  std::vector<CensusIndex> taken;
  places.reserve(other.size());
  for (CensusIndex i = 0; i < other.size(); ++i) {
    const CensusNamespace& ns = other.namespaces_[i];
    const CensusIndex place = add(ns.kind, ns.identity.inode);
    places.push_back(place);
    if (namespaces_[place].identity.device == 0) {
      namespaces_[place] = ns;
      taken.push_back(place);
    }
    if (!handles_[place] && other.handles_[i]) {
      handles_[place] = std::move(other.handles_[i]);
      ++kept_;
    }
  }
  if (other.has_wanted()) wanted_at_ = places[other.wanted_at_];
  // The relations still are indices into the other table.
  for (const CensusIndex place : taken) {
    CensusNamespace& ns = namespaces_[place];
    if (ns.parent != kNone) ns.parent = places[ns.parent];
    if (ns.owner != kNone) ns.owner = places[ns.owner];
  }
  return places;
}

void Gaps::add(Source source, int code, std::uint32_t count) {
  const auto known = std::find_if(gaps_.begin(), gaps_.end(), [&](const CensusGap& gap) {
    return gap.source == source && gap.code == code;
  });
  if (known == gaps_.end()) {
    gaps_.push_back({source, count, code});
  } else {
    known->count += count;
  }
}

void Gaps::add(const Gaps& other) {
  for (const CensusGap& gap : other.gaps_)
    add(gap.source, gap.code, gap.count);
}

std::vector<CensusIndex> Findings::absorb(Findings&& other) {
  std::vector<CensusIndex> places = table.absorb(std::move(other.table));
  for (CensusHolder& holder : other.holders) {
    holder.ns = places[holder.ns];
    holders.push_back(holder);
  }
  gaps.add(other.gaps);
  return places;
}

Census Findings::arranged(bool relations) && {
  sort_processes(processes);
  count_processes(processes, table);
  Census census{table.take(),      std::move(processes), std::move(holders),
                std::move(mounts), gaps.take(),          hides_processes};
  arrange(census);
  if (relations) add_relations(census.namespaces, census.holders);
  sort_holders(census.holders);
  return census;
}

}  // namespace nsx

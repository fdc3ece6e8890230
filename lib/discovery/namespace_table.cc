#include "discovery/namespace_table.hh"

#include <sys/resource.h>

namespace nsx {

namespace {

/// Descriptors left to everything else: the caller's own, and the few that a look at one process
/// has open at a time.
constexpr rlim_t kReserve = 64;

std::size_t descriptors_to_spare() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= kReserve) return 0;
  return limit.rlim_cur - kReserve;
}

}  // namespace

NamespaceTable::NamespaceTable(const Kernel& kernel, bool hierarchy)
    : kernel_(kernel), hierarchy_(hierarchy), keep_limit_(descriptors_to_spare()) {}

std::optional<CensusIndex> NamespaceTable::find(Kind kind, ino_t inode) const {
  const auto found = by_key_.find(key(kind, inode));
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

CensusIndex NamespaceTable::add(Kind kind, ino_t inode) {
  const auto index = static_cast<CensusIndex>(namespaces_.size());
  const auto [entry, is_new] = by_key_.try_emplace(key(kind, inode), index);
  if (is_new) {
    CensusNamespace ns;
    ns.kind = kind;
    ns.identity.inode = inode;
    namespaces_.push_back(ns);
  }
  return entry->second;
}

CensusIndex NamespaceTable::add(Namespace ns) {
  if (const auto known = find(ns.kind(), ns.identity().inode)) return *known;
  const CensusIndex index = add(ns.kind(), ns.identity().inode);
  namespaces_[index].identity = ns.identity();
  if (hierarchy_) {
    // Adding a relative can move the table: nothing of it is held across the calls.
    const CensusIndex owner = add_related(ns.owner(kernel_));
    const bool has_parent = ns.kind() == Kind::pid || ns.kind() == Kind::user;
    const CensusIndex parent = has_parent ? add_related(ns.parent(kernel_)) : kNone;
    namespaces_[index].owner = owner;
    namespaces_[index].parent = parent;
  }
  if (may_keep()) handles_.push_back(std::move(ns));
  return index;
}

CensusIndex NamespaceTable::add_related(Result<Namespace> related) {
  // A relation that the kernel does not show to us is none.
  return related ? add(std::move(*related)) : kNone;
}

}  // namespace nsx

#include "discovery/namespace_table.hh"

namespace nsx {

std::optional<CensusIndex> NamespaceTable::find(Kind kind, ino_t inode) const {
  const auto found = by_key_.find(key(kind, inode));
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

CensusIndex NamespaceTable::add(Kind kind, ino_t inode) {
  const CensusIndex index = size();
  const auto [entry, is_new] = by_key_.try_emplace(key(kind, inode), index);
  if (is_new) {
    CensusNamespace ns;
    ns.kind = kind;
    ns.identity.inode = inode;
    namespaces_.push_back(ns);
    handles_.emplace_back();
  }
  return entry->second;
}

CensusIndex NamespaceTable::add(Namespace ns) {
  if (const auto known = find(ns.kind(), ns.identity().inode)) {
    // What was known by its number alone.
    if (namespaces_[*known].identity.device != 0) return *known;
  }
  const CensusIndex index = add(ns.kind(), ns.identity().inode);
  namespaces_[index].identity = ns.identity();
  if (ns.kind() == Kind::user) {
    if (const auto uid = ns.creator_uid()) namespaces_[index].creator = *uid;
  }
  if (options_.relations) {
    // Adding a relative can move the table: nothing of it is held across the calls.
    const CensusIndex owner = add_related(ns.owner(kernel_));
    const bool has_parent = ns.kind() == Kind::pid || ns.kind() == Kind::user;
    const CensusIndex parent = has_parent ? add_related(ns.parent(kernel_)) : kNone;
    namespaces_[index].owner = owner;
    namespaces_[index].parent = parent;
  }
  if (may_keep()) {
    ++kept_;
    handles_[index] = std::move(ns);
  }
  return index;
}

CensusIndex NamespaceTable::add_related(Result<Namespace> related) {
  // A relation that the kernel does not show to us is none.
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
  // Their relations still are places in the other table.
  for (const CensusIndex place : taken) {
    CensusNamespace& ns = namespaces_[place];
    if (ns.parent != kNone) ns.parent = places[ns.parent];
    if (ns.owner != kNone) ns.owner = places[ns.owner];
  }
  return places;
}

}  // namespace nsx

// SPDX-License-Identifier: MIT
#include <array>
#include <linux/capability.h>
#include <unordered_map>

#include "discovery/sources.hh"
#include "kernel/abi.hh"
#include "kernel/capabilities.hh"
#include "kernel/nsfs.hh"

namespace nsx {

namespace {

void take(const Kernel& kernel, KindSet kinds, std::uint64_t id,
          const std::unordered_map<std::uint64_t, CensusIndex>& known, Findings& findings) {
  const auto place = known.find(id);
  if (place != known.end()) {
    findings.table[place->second].is_listed = true;
    return;
  }
  // It may be gone, or the caller may have no rights over it.
  auto ns = Namespace::open_id(kernel, id);
  if (!ns || !kinds.contains(ns->kind())) return;
  findings.table[findings.table.add(std::move(*ns))].is_listed = true;
}

}  // namespace

bool kernel_lists_all(const Kernel& kernel) {
  if (!kernel.has(Feature::namespace_list) || !kernel.has(Feature::namespace_handle)) return false;
  return has_capability(CAP_SYS_ADMIN) && is_in_initial(kernel.proc(), Kind::user) &&
         is_in_initial(kernel.proc(), Kind::pid);
}

void read_kernel_list(const Kernel& kernel, KindSet kinds, Findings& findings) {
  if (!kernel.has(Feature::namespace_list)) return;
  std::unordered_map<std::uint64_t, CensusIndex> known;
  for (CensusIndex i = 0; i < findings.table.size(); ++i) {
    const std::uint64_t id = findings.table[i].identity.id;
    if (id != 0) known.emplace(id, i);
  }
  std::array<std::uint64_t, 1024> ids{};
  std::uint64_t last = 0;
  for (;;) {
    const long count = abi::list_namespaces(last, ids);
    if (count <= 0) return;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      take(kernel, kinds, ids[i], known, findings);
      if (findings.table.has_wanted()) return;
    }
    last = ids[static_cast<std::size_t>(count) - 1];
  }
}

}  // namespace nsx

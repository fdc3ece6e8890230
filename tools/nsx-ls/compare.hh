// SPDX-License-Identifier: MIT
#pragma once
// --compare: whether targets are in the same namespaces.

#include <array>

#include <nsx/namespace.hh>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

/// The exit status on errors; 0 and 1 are answers, as in cmp(1).
inline constexpr int kCannotCompare = 2;

/// A target to compare.
struct Compared {
  std::string target;        ///< as given
  std::optional<pid_t> pid;  ///< if it is a process
  std::array<std::optional<NamespaceIdentity>, kKindCount> namespaces;

  const std::optional<NamespaceIdentity>& in(Kind kind) const {
    return namespaces[static_cast<std::size_t>(kind)];
  }
};

struct ComparedKind {
  Kind kind = Kind::cgroup;
  bool is_same = false;  ///< for all targets
};

/// Compares the targets in the kinds that all of them have.
std::vector<ComparedKind> compare(const std::vector<Compared>& all);

/// Prints one row per kind. Returns 0 if the targets share all namespaces, otherwise 1.
Result<int> show_compare(const ViewRequest& request);

}  // namespace nsx::ls_tool

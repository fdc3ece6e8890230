// SPDX-License-Identifier: MIT
#pragma once
// --compare: are these in the same namespaces?

#include <array>

#include <nsx/namespace.hh>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

/// The exit status where the question has no answer; 0 and 1 are answers, as of cmp(1).
inline constexpr int kCannotCompare = 2;

/// What is compared with others.
struct Compared {
  std::string target;        ///< as it was asked for
  std::optional<pid_t> pid;  ///< of a process
  std::array<std::optional<NamespaceIdentity>, kKindCount> namespaces;

  const std::optional<NamespaceIdentity>& in(Kind kind) const {
    return namespaces[static_cast<std::size_t>(kind)];
  }
};

struct ComparedKind {
  Kind kind = Kind::cgroup;
  bool is_same = false;  ///< in all of them
};

/// Compares all with each other, in the kinds that all of them have.
std::vector<ComparedKind> compare(const std::vector<Compared>& all);

/// Prints a row a kind. Returns 0 if all of them are the same, else 1.
Result<int> show_compare(const ViewRequest& request);

}  // namespace nsx::ls_tool

// SPDX-License-Identifier: MIT
#pragma once
// --limits: the number of namespaces, and how many are allowed.

#include <cstdint>

#include <nsx/census.hh>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

struct KindLimits {
  Kind kind = Kind::cgroup;
  std::uint64_t used = 0;
  std::optional<std::uint64_t> max;  ///< none: unreadable
  /// The depth of the deepest one below the caller's own, and the depth allowed below the initial
  /// one. None: this kind is not nested.
  std::optional<std::uint64_t> depth;
  std::optional<std::uint64_t> max_depth;
};

/// Counts the namespaces that a user namespace and its descendants own. The census must have
/// Source::relation. The maxima are left unset.
std::vector<KindLimits> count_namespaces(const Census& census, CensusIndex user);

/// Reads the maxima of the caller's user namespace from /proc/sys/user.
void read_maxima(const Kernel& kernel, std::vector<KindLimits>& limits);

/// Returns the share that is used in percent; 100 or more if the limit is reached.
std::uint64_t percent(std::uint64_t used, std::uint64_t max);

/// Prints one row per kind. Returns 0.
Result<int> show_limits(const ViewRequest& request);

}  // namespace nsx::ls_tool

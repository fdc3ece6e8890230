// SPDX-License-Identifier: MIT
#pragma once
// --limits: how many namespaces there are, and how many there may be.

#include <cstdint>

#include <nsx/census.hh>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

struct KindLimits {
  Kind kind = Kind::cgroup;
  std::uint64_t used = 0;
  std::optional<std::uint64_t> max;  ///< none: not to be read
  /// How many levels the deepest is below the caller's own, and how many there may be below the
  /// first of the machine. None: this kind has no levels.
  std::optional<std::uint64_t> depth;
  std::optional<std::uint64_t> max_depth;
};

/// Counts the namespaces that belong to a user namespace: those that it owns, and those of the ones
/// below it. The census needs Source::relation. The maxima are left out.
std::vector<KindLimits> count_namespaces(const Census& census, CensusIndex user);

/// Reads the maxima of the caller's user namespace, in /proc/sys/user.
void read_maxima(const Kernel& kernel, std::vector<KindLimits>& limits);

/// How full it is, in percent; 100 and more: nothing more fits.
std::uint64_t percent(std::uint64_t used, std::uint64_t max);

/// Prints a row a kind. Returns 0.
Result<int> show_limits(const ViewRequest& request);

}  // namespace nsx::ls_tool

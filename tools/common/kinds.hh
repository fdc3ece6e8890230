// SPDX-License-Identifier: MIT
#pragma once
// Namespace types on the command line.

#include <string_view>

#include <nsx/kind.hh>

namespace nsx::cli {

/// The words for completion.
inline constexpr const char* kKindWords = "cgroup ipc mnt net pid time user uts";

/// Parses a comma-separated list of types, "net,pid". "mount" and "network" are accepted as well.
Result<KindSet> parse_kinds(std::string_view list);

/// Parses a list like parse_kinds(), and adds it to `kinds`.
Status add_kinds(KindSet& kinds, const char* list);

}  // namespace nsx::cli

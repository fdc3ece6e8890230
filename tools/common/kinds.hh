// SPDX-License-Identifier: MIT
#pragma once
// Kinds of namespaces on the command line.

#include <string_view>

#include <nsx/kind.hh>

namespace nsx::cli {

/// For completion.
inline constexpr const char* kKindWords = "cgroup ipc mnt net pid time user uts";

/// The kinds of a comma-separated list like "net,pid". "mount" and "network" are understood, too.
Result<KindSet> parse_kinds(std::string_view list);

/// The same, in addition to those that are there.
Status add_kinds(KindSet& kinds, const char* list);

}  // namespace nsx::cli

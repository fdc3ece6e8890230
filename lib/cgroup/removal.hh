// SPDX-License-Identifier: MIT
#pragma once
// Killing the processes of a cgroup and removing it, by handle.

#include <string>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// Whether there is a process in a cgroup or its descendants.
bool is_populated(int directory);

/// Kills all processes in a cgroup and its descendants, and waits until they are gone.
Status kill_and_wait(int directory);

/// Removes the descendants of a cgroup, children first. `path` is its path, for messages.
Status remove_below(int directory, const std::string& path);

/// Removes the last of `made` with its descendants, and then the ones before it as far as they are
/// unused. Each is a path below `above`; the last one must still be the cgroup with the directory
/// `cgroup`.
Status remove_made(int above, int cgroup, const std::vector<std::string>& made);

}  // namespace nsx

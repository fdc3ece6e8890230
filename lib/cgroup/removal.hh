// SPDX-License-Identifier: MIT
#pragma once
// Ending what runs in a cgroup, and removing it, by handles alone.

#include <string>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// Whether a process is in a cgroup or below.
bool is_populated(int directory);

/// Kills all processes in a cgroup and below, and waits until they are gone.
Status kill_and_wait(int directory);

/// Removes the cgroups below a directory, the deepest first. `path` is what it is called.
Status remove_below(int directory, const std::string& path);

/// Removes the last of `made`, each a path below `above`, with all that is below it; it must still
/// be the one with the directory `cgroup`. Then those before it, as far as nobody uses them.
Status remove_made(int above, int cgroup, const std::vector<std::string>& made);

}  // namespace nsx

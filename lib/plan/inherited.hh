// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// `entries` (NAME=VALUE), in which every variable that leads to files (leads_to_files()) is as it
/// is in `own`, an environ(7): the same value, or not there.
std::vector<std::string> with_own_paths(const std::vector<std::string>& entries,
                                        const char* const* own);

/// Makes all descriptors above 2 close-on-exec, but those in `kept`, which stay as they are. `proc`
/// is a proc mount, for kernels before 5.11.
Status close_on_exec_above_stderr(int proc, const std::vector<int>& kept);

/// The way of those kernels: by /proc/self/fd.
Status mark_listed_descriptors(int proc, const std::vector<int>& kept);

}  // namespace nsx

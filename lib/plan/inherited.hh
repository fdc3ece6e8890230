// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// Returns `entries` (NAME=VALUE) with all variables that lead to files (leads_to_files()) replaced
/// by those in `own`, an environ(7), or removed if missing there.
std::vector<std::string> with_own_paths(const std::vector<std::string>& entries,
                                        const char* const* own);

/// Makes all descriptors above 2 close-on-exec, except those in `kept`. `proc` is a proc mount, for
/// kernels before 5.11.
Status close_on_exec_above_stderr(int proc, const std::vector<int>& kept);

/// The implementation for these kernels, through /proc/self/fd.
Status mark_listed_descriptors(int proc, const std::vector<int>& kept);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// The sources of a census. Each adds what it finds to the findings.

#include <nsx/census.hh>

#include "discovery/findings.hh"

namespace nsx {

/// Reads those of the process-based sources (process, thread, children, fd, socket) that
/// request.sources names, for the processes already in `findings` or otherwise for all. Stops early
/// if the wanted namespace is found. Uses several threads if that is worthwhile.
Status read_processes(const Kernel& kernel, const CensusRequest& request, Findings& findings);

/// Finds namespaces that are bound to files in any mount namespace of the table, including the
/// mount namespaces found on the way. Must come after the processes, through which it reads.
void read_mounts(const Kernel& kernel, KindSet kinds, Findings& findings);

/// Does the same for the caller's own mount namespace only, which later calls then skip.
void read_own_mounts(const Kernel& kernel, KindSet kinds, Findings& findings);

/// Adds and marks the namespaces of the kernel's own list. Does nothing without
/// Feature::namespace_list.
void read_kernel_list(const Kernel& kernel, KindSet kinds, Findings& findings);

/// Whether the kernel's own list is complete for this caller, except for namespaces that only a
/// socket keeps alive.
bool kernel_lists_all(const Kernel& kernel);

}  // namespace nsx

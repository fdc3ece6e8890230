// SPDX-License-Identifier: MIT
#pragma once
// The sources of a census, each of which adds what it finds to the findings.

#include <nsx/census.hh>

#include "discovery/findings.hh"

namespace nsx {

/// Reads what request.sources names of the sources of processes: process, thread, children, fd,
/// socket. Of the processes that are known already, or else of all. Ends early where the wanted
/// namespace is found. Takes one thread, or some where that pays.
Status read_processes(const Kernel& kernel, const CensusRequest& request, Findings& findings);

/// Finds the namespaces that are bound to a file in any of the mount namespaces in the table, and
/// in those that are found so in turn. Comes after the processes, which it asks.
void read_mounts(const Kernel& kernel, KindSet kinds, Findings& findings);

/// The same of the caller's own mount namespace alone; that is left out later, then.
void read_own_mounts(const Kernel& kernel, KindSet kinds, Findings& findings);

/// Adds what the kernel's own list has, and marks it. Without Feature::namespace_list: nothing.
void read_kernel_list(const Kernel& kernel, KindSet kinds, Findings& findings);

/// Whether the kernel's own list has all namespaces for this caller, but for those that nothing but
/// a socket holds.
bool kernel_lists_all(const Kernel& kernel);

}  // namespace nsx

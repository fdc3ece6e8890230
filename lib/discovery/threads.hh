#pragma once

#include <nsx/census.hh>

#include "discovery/findings.hh"
#include "discovery/visit.hh"

namespace nsx {

/// Counts the threads of a process, and finds the namespaces that one is in without the process.
void read_threads(const Kernel& kernel, KindSet kinds, Visit& visit, CensusProcess& process,
                  Findings& findings);

/// Finds the namespaces that a process has made for its children, and is not in.
void read_for_children(KindSet kinds, Visit& visit, const CensusProcess& process,
                       Findings& findings);

}  // namespace nsx

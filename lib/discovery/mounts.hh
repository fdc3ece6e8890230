#pragma once

#include <nsx/census.hh>

#include "discovery/findings.hh"

namespace nsx {

/// Finds the namespaces that are bound to a file in any of the mount namespaces in the table, and
/// in those that are found so in turn. Comes after the processes, which it asks.
void read_mounts(const Kernel& kernel, KindSet kinds, Findings& findings);

}  // namespace nsx

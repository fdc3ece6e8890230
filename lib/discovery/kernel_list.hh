#pragma once

#include <nsx/census.hh>

#include "discovery/findings.hh"

namespace nsx {

/// Whether the kernel's own list has all namespaces for this caller, but for those that nothing but
/// a socket holds.
bool kernel_lists_all(const Kernel& kernel);

/// Adds what the kernel's own list has, and marks it. Without Feature::namespace_list: nothing.
void read_kernel_list(const Kernel& kernel, KindSet kinds, Findings& findings);

}  // namespace nsx

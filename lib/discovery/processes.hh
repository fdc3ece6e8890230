#pragma once

#include <vector>

#include <nsx/census.hh>

#include "discovery/namespace_table.hh"

namespace nsx {

/// The first source of the census: every process in the proc mount, by ascending PID. Adds their
/// namespaces of these kinds to `table`.
Result<std::vector<CensusProcess>> read_processes(const Kernel& kernel, KindSet kinds,
                                                  NamespaceTable& table);

}  // namespace nsx

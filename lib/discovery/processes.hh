#pragma once

#include <optional>

#include <nsx/census.hh>

#include "discovery/findings.hh"
#include "discovery/visit.hh"

namespace nsx {

/// The first source: reads the process's namespaces into the table, and its parent and user. None
/// if it has ended, or is not ours to look into: that is a gap.
std::optional<CensusProcess> read_process(const Kernel& kernel, const CensusRequest& request,
                                          Visit& visit, Findings& findings);

}  // namespace nsx

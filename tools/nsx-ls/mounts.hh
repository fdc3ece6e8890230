#pragma once
// Where namespaces are mounted.

#include <string>
#include <vector>

#include <nsx/census.hh>

namespace nsx::ls_tool {

/// The files on which it is mounted in the caller's mount namespace.
std::vector<std::string> mounts_of(const Census& census, CensusIndex index);

/// Its names as a pin: those of such files in the conventional directories (nsx/pin.hh).
std::vector<std::string> pin_names(const Census& census, CensusIndex index);

}  // namespace nsx::ls_tool

#pragma once
// Where namespaces are mounted.

#include <string>

#include <nsx/census.hh>

namespace nsx::ls_tool {

/// The files on which it is mounted in the caller's mount namespace, with line feeds between.
std::string mounts_of(const Census& census, CensusIndex index);

/// Its names as a pin, likewise: files in the conventional directories (nsx/pin.hh).
std::string pin_names(const Census& census, CensusIndex index);

}  // namespace nsx::ls_tool

#pragma once
// What keeps a namespace alive.

#include <string>

#include <nsx/census.hh>

namespace nsx::ls_tool {

/// For people: "2 processes"; empty: nothing that the census has seen.
std::string held_by(const Census& census, CensusIndex ns);

}  // namespace nsx::ls_tool

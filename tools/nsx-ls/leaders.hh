#pragma once
// The oldest process of each namespace.

#include <cstdint>
#include <string>
#include <vector>

#include <nsx/census.hh>

namespace nsx::ls_tool {

/// The oldest process of each namespace, by its place in the census, which has to have start times;
/// kNone: there is none, or its start is not known.
std::vector<CensusIndex> find_leaders(const Census& census);

/// How long ago a start time, in clock ticks after boot, was.
std::uint64_t seconds_since(std::uint64_t start_time);

/// For people: "42s", "3m20s", "5h2m", "12d4h", "2y40d".
std::string spelled_age(std::uint64_t seconds);

}  // namespace nsx::ls_tool

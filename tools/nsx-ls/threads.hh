#pragma once

#include <cstdint>
#include <vector>

#include <nsx/census.hh>

namespace nsx::ls_tool {

/// How many threads are in each namespace of a census with Source::thread, by its place there.
std::vector<std::uint64_t> count_threads(const Census& census);

}  // namespace nsx::ls_tool

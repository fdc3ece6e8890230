#include "nsx-ls/holders.hh"

namespace nsx::ls_tool {

std::string held_by(const Census& census, CensusIndex ns) {
  const auto count = census.namespaces[ns].process_count;
  if (count == 0) return {};
  return std::to_string(count) + (count == 1 ? " process" : " processes");
}

}  // namespace nsx::ls_tool

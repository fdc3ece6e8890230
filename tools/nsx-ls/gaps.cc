#include "nsx-ls/gaps.hh"

#include <cstdio>
#include <cstring>
#include <string>

#include "nsx-ls/options.hh"

namespace nsx::ls_tool {

namespace {

std::string words(const CensusGap& gap) {
  const auto count = [&](const char* one, const char* several) {
    return std::to_string(gap.count) + ' ' + (gap.count == 1 ? one : several);
  };
  switch (gap.source) {
    case Source::fd:
      return "the descriptors of " + count("process", "processes");
    case Source::socket:
      return count("socket", "sockets");
    case Source::mount:
      return count("mount namespace", "mount namespaces");
    default:
      return count("process", "processes");
  }
}

}  // namespace

void report_gaps(const Census& census) {
  if (census.gaps.empty()) return;
  std::string list;
  for (const CensusGap& gap : census.gaps)
    list += (list.empty() ? "" : ", ") + words(gap);
  std::fprintf(stderr, "%s: note: could not look into %s: %s\n", kTool.name, list.c_str(),
               std::strerror(census.gaps.front().code));
}

}  // namespace nsx::ls_tool

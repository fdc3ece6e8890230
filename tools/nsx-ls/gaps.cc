#include "nsx-ls/gaps.hh"

#include <cerrno>
#include <cstring>
#include <string>
#include <unistd.h>

#include "common/report.hh"
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
  if (census.hides_processes) {
    cli::note(kTool, "/proc hides the processes of others (hidepid, proc(5))");
  }
  if (census.gaps.empty()) return;
  std::string list;
  bool is_denied = false;
  for (const CensusGap& gap : census.gaps) {
    list += (list.empty() ? "" : ", ") + words(gap);
    is_denied = is_denied || gap.code == EACCES || gap.code == EPERM;
  }
  const char* hint = is_denied && ::geteuid() != 0 ? " (root may see more)" : "";
  cli::note(kTool,
            "could not look into " + list + ": " + std::strerror(census.gaps.front().code) + hint);
}

}  // namespace nsx::ls_tool

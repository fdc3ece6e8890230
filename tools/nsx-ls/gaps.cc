// SPDX-License-Identifier: MIT
#include "nsx-ls/gaps.hh"

#include <cerrno>
#include <cstring>
#include <string>
#include <unistd.h>

#include "common/report.hh"
#include "nsx-ls/request.hh"

namespace nsx::ls_tool {

namespace {

std::string counted(const CensusGap& gap, const char* one, const char* several) {
  return std::to_string(gap.count) + ' ' + (gap.count == 1 ? one : several);
}

std::string words(const CensusGap& gap) {
  switch (gap.source) {
    case Source::fd:
      return "the descriptors of " + counted(gap, "process", "processes");
    case Source::socket:
      return counted(gap, "socket", "sockets");
    case Source::mount:
      return counted(gap, "mount namespace", "mount namespaces");
    default:
      return counted(gap, "process", "processes");
  }
}

/// Names data that exceeds the limits of a census.
std::string cut_words(const CensusGap& gap) {
  return (gap.source == Source::mount ? "the mounts of " : "") + words(gap);
}

bool is_denial(const CensusGap& gap) {
  return gap.code != EFBIG && gap.code != ETIMEDOUT;
}

std::string reason(const CensusGap& gap) {
  const bool is_denied = gap.code == EACCES || gap.code == EPERM;
  const char* hint = is_denied && ::geteuid() != 0 ? " (try as root)" : "";
  return std::string(": ") + std::strerror(gap.code) + hint;
}

void add_denials(const Census& census, std::vector<Gap>& gaps) {
  for (const CensusGap& gap : census.gaps) {
    if (!is_denial(gap)) continue;
    gaps.push_back({"cannot inspect " + words(gap) + reason(gap), gap.source, gap.count, false});
  }
}

void add_cuts(const Census& census, std::vector<Gap>& gaps) {
  for (const CensusGap& gap : census.gaps) {
    if (gap.code == ETIMEDOUT) {
      gaps.push_back({"skipped " + counted(gap, "mounted namespace", "mounted namespaces") +
                          ": the file system of the mount point does not respond",
                      gap.source, gap.count, true});
    }
    if (gap.code == EFBIG) {
      gaps.push_back(
          {"read only part of " + cut_words(gap) + ": too long", gap.source, gap.count, true});
    }
  }
}

}  // namespace

std::vector<Gap> gaps_of(const Census& census) {
  std::vector<Gap> gaps;
  if (census.hides_processes) {
    gaps.push_back(
        {"/proc hides other users' processes: it is mounted with hidepid (proc(5))", {}, 0, false});
  }
  add_denials(census, gaps);
  add_cuts(census, gaps);
  return gaps;
}

Gap gap_of(const Error& error) {
  return {cli::one_line(error), {}, 0, error.code == EFBIG || error.code == ETIMEDOUT};
}

void report_gaps(const std::vector<Gap>& gaps, bool for_person) {
  for (const Gap& gap : gaps) {
    if (for_person || gap.is_cut) cli::note(kTool, gap.text);
  }
}

void write_gaps(const std::vector<Gap>& gaps, cli::JsonWriter& json) {
  json.key("gaps").open('[');
  for (const Gap& gap : gaps) {
    json.open('{').key("text").string(gap.text);
    if (gap.source) json.key("source").string(name(*gap.source));
    if (gap.count != 0) json.key("count").number(gap.count);
    json.close();
  }
  json.close();
}

}  // namespace nsx::ls_tool

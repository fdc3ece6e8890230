// SPDX-License-Identifier: MIT
#include "discovery/census_trace.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace nsx {

namespace {

using Clock = std::chrono::steady_clock;
using Type = CensusHolder::Type;

/// The sources that are read together with the processes, and the type of holder that each finds.
constexpr std::array kOfProcesses{
    std::pair(Source::thread, Type::thread), std::pair(Source::children, Type::children),
    std::pair(Source::fd, Type::fd), std::pair(Source::socket, Type::socket)};

std::string number(std::size_t count) {
  return std::to_string(count);
}

}  // namespace

void CensusTrace::restart() {
  if (traces(TraceArea::census)) start_ = Clock::now();
}

void CensusTrace::read_processes(SourceSet sources, const Findings& findings) {
  trace(TraceArea::census, [&] {
    std::string text;
    if (sources.contains(Source::process)) {
      text = "process: " + number(findings.processes.size()) + ", ";
    }
    for (const auto& each : kOfProcesses) {
      if (!sources.contains(each.first)) continue;
      const auto found =
          std::count_if(findings.holders.begin(), findings.holders.end(),
                        [&](const CensusHolder& holder) { return holder.type == each.second; });
      text += std::string(name(each.first)) + ": " + number(static_cast<std::size_t>(found)) + ", ";
    }
    return text + "namespaces: " + number(findings.table.size()) + " (" +
           in_milliseconds(Clock::now() - start_) + ')';
  });
  namespaces_ = findings.table.size();
  restart();
}

void CensusTrace::read(Source source, const Findings& findings) {
  trace(TraceArea::census, [&] {
    std::string text = std::string(name(source)) + ": ";
    if (source == Source::mount) text += number(findings.mounts.size()) + ", ";
    return text + "more namespaces: " + number(findings.table.size() - namespaces_) + " (" +
           in_milliseconds(Clock::now() - start_) + ')';
  });
  namespaces_ = findings.table.size();
  restart();
}

void CensusTrace::end(const Census& census) {
  for (const CensusGap& gap : census.gaps) {
    trace(TraceArea::census, [&] {
      return std::string(name(gap.source)) + ": " + number(gap.count) +
             " could not be read: " + std::strerror(gap.code);
    });
  }
  trace(TraceArea::census, [&] {
    return "total: " + number(census.namespaces.size()) + " namespaces, " +
           number(census.processes.size()) + " processes, " + number(census.holders.size()) +
           " holders";
  });
}

}  // namespace nsx

// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include <nsx/census.hh>

#include "discovery/sources.hh"
#include "kernel/text.hh"
#include "try.hh"

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

namespace {

constexpr std::array<const char*, kSourceCount> kNames{"process", "thread", "children", "fd",
                                                       "socket",  "mount",  "relation", "kernel"};

std::optional<Source> source_by_name(std::string_view word) {
  for (std::size_t i = 0; i < kSourceCount; ++i) {
    if (word == kNames[i]) return static_cast<Source>(i);
  }
  return std::nullopt;
}

std::string all_names() {
  std::string text;
  for (const char* name : kNames)
    text += std::string(name) + ", ";
  return text + "all";
}

/// Whether any of the sources starts from processes: all do except these two.
bool asks_processes(SourceSet sources) {
  sources.remove(Source::kernel);
  sources.remove(Source::relation);
  return sources != SourceSet();
}

std::size_t break_even(SourceSet sources) {
  return sources.contains(Source::fd) || sources.contains(Source::socket)
             ? kBreakEvenWithDescriptors
             : kBreakEvenOfProcesses;
}

/// Adds to a request everything that its sources depend on.
CensusRequest completed(const Kernel& kernel, CensusRequest request) {
  if (request.skip_what_the_kernel_lists && request.sources.contains(Source::kernel) &&
      kernel_lists_all(kernel)) {
    for (const Source source :
         {Source::thread, Source::children, Source::fd, Source::mount, Source::relation}) {
      request.sources.remove(source);
    }
  }
  if (asks_processes(request.sources)) request.sources.insert(Source::process);
  if (request.sources.contains(Source::mount)) request.kinds.insert(Kind::mnt);
  return request;
}

}  // namespace

const char* name(Source source) {
  return kNames[static_cast<std::size_t>(source)];
}

Result<SourceSet> parse_sources(std::string_view list) {
  SourceSet sources;
  for (bool more = true; more;) {
    more = list.find(',') != std::string_view::npos;
    const std::string_view word = next_field(list, ',');
    const auto source = source_by_name(word);
    if (source) {
      sources.insert(*source);
    } else if (word == "all") {
      sources = SourceSet::all();
    } else {
      return problem("unknown source '{}'", word, "expected one of " + all_names());
    }
  }
  return sources;
}

Result<Census> take_census(const Kernel& kernel, const CensusRequest& wanted) {
  const CensusRequest request = completed(kernel, wanted);
  const bool relations = request.sources.contains(Source::relation);
  CensusTrace trace;
  Findings findings(NamespaceTable(kernel, {.relations = relations}));
  if (request.sources.contains(Source::process)) {
    if (!TRY(read_processes_by_bpf(kernel, request, findings, break_even(request.sources)))) {
      TRY(read_processes(kernel, request, findings));
    }
    trace.read_processes(request.sources, findings);
  }
  if (request.sources.contains(Source::mount)) {
    read_mounts(kernel, request.kinds, findings);
    trace.read(Source::mount, findings);
  }
  if (request.sources.contains(Source::kernel)) {
    read_kernel_list(kernel, request.kinds, findings);
    trace.read(Source::kernel, findings);
  }
  Census census = std::move(findings).arranged(relations);
  CensusTrace::end(census);
  return census;
}

}  // namespace nsx

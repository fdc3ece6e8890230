// SPDX-License-Identifier: MIT
#include <array>

#include "common/json.hh"
#include "common/report.hh"
#include "nsx-pin/commands.hh"
#include "try.hh"
#include "upkeep/upkeep.hh"

namespace nsx::pin_tool {

namespace {

struct Request {
  KindSet kinds;
  bool json = false;
  PlaceOptions place;
};

constexpr std::array kMonitorOptions{
    cli::flag('J', "json", "print a line of JSON for each event", cli::set_flag<&Request::json>),
    kType,
    kDir,
    cli::kHelp,
};

/// Returns an event as a line: "add net blue".
std::string text_of(const PinEvent& event) {
  return std::string(name(event.what)) + ' ' + name(event.pin.kind) + ' ' +
         printable(event.pin.name) + '\n';
}

std::string json_of(const PinEvent& event) {
  cli::JsonWriter json;
  json.open('{').key("event").string(name(event.what));
  json.key("kind").string(name(event.pin.kind)).key("name").string(event.pin.name);
  json.key("ns").number_or_null(event.pin.inode).key("path").string(event.pin.path).close();
  return json.take() + '\n';
}

/// Prints events until writing fails, and returns the exit status for that.
Result<int> watch(const Request& request) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(request.place));
  auto watch = TRY(PinWatch::start(kernel, place.root, place.is_users));
  for (;;) {
    auto events = TRY(watch.wait(kernel));
    std::string text;
    for (const PinEvent& event : events) {
      if (request.kinds.contains(event.pin.kind))
        text += request.json ? json_of(event) : text_of(event);
    }
    if (text.empty()) continue;
    if (const int status = cli::print(kMonitor, text); status != 0) return status;
  }
}

}  // namespace

constexpr cli::Tool kMonitor{
    "nsx-pin monitor",
    "[options]",
    "Report pins being added and removed until interrupted",
    kMonitorOptions,
    cli::Operands::none,
    kUsageStatus,
    nullptr,
    {{{"nsx-pin monitor", "all kinds"},
      {"nsx-pin monitor -t net", "network namespaces only"},
      {"nsx-pin monitor --json", "for scripts"}}},
};

int monitor(const cli::CommandLine& line) {
  Request request;
  auto read = cli::apply<kMonitorOptions>(line, request, request.kinds, request.place);
  if (!read) return cli::usage_error(kMonitor, read.error());
  if (request.kinds.empty()) request.kinds = KindSet::all();
  const auto status = watch(request);
  if (status) return *status;
  cli::report(kMonitor, status.error());
  return 1;
}

}  // namespace nsx::pin_tool

#include <nsx/pin_watch.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/kinds.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

/// A line: "add net blue".
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

/// Prints events until that fails; returns the exit status then.
Result<int> watch(const cli::CommandLine& line, KindSet kinds) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto watch = PinWatch::start(*kernel, place->root, place->is_users);
  if (!watch) return error_of(watch);
  for (;;) {
    auto events = watch->wait(*kernel);
    if (!events) return error_of(events);
    std::string text;
    for (const PinEvent& event : *events) {
      if (kinds.contains(event.pin.kind)) text += line.has('J') ? json_of(event) : text_of(event);
    }
    if (text.empty()) continue;
    if (const int status = cli::print(kMonitor, text); status != 0) return status;
  }
}

}  // namespace

int monitor(const cli::CommandLine& line) {
  const auto kinds = wanted_kinds(line);
  if (!kinds) return cli::usage_error(kMonitor, kinds.error());
  const auto status = watch(line, *kinds);
  if (status) return *status;
  cli::report(kMonitor, status.error());
  return 1;
}

}  // namespace nsx::pin_tool

#include <algorithm>
#include <cmath>

#include <nsx/pin_watch.hh>

#include "common/number.hh"
#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/kinds.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

constexpr int kTimeIsUp = 1;
constexpr int kFailed = 2;

struct Request {
  std::string name;
  KindSet kinds;
  bool all_kinds = true;  ///< that --type names; without it any
  bool gone = false;
  std::optional<PinHistory::Time> deadline;
};

Result<Request> parse_request(const cli::CommandLine& line) {
  Request request;
  request.name = line.operands.front();
  if (auto ok = check_pin_name(request.name); !ok) return error_of(ok);
  auto kinds = wanted_kinds(line);
  if (!kinds) return error_of(kinds);
  request.kinds = *kinds;
  request.all_kinds = line.has(kType.id);
  request.gone = line.has(kGone);
  for (const cli::Given& given : line.options) {
    if (given.option->id != kTimeout) continue;
    const auto seconds = cli::parse_number<double>(given.argument);
    // A day of the year 10000, rather than a number that a clock cannot hold.
    if (!seconds || !(*seconds >= 0) || *seconds > 1e9) {
      return refuse("wait for", cli::quoted(given.argument), "not a number of seconds");
    }
    request.deadline =
        std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::milliseconds>(
                                               std::chrono::duration<double>(*seconds));
  }
  return request;
}

/// Whether the name is there, and all that it pins can be entered; or whether it is gone.
bool is_met(const Request& request, const std::vector<PinFile>& pins) {
  KindSet live;
  bool is_there = false;
  bool is_whole = true;
  for (const PinFile& pin : pins) {
    if (pin.name != request.name || !request.kinds.contains(pin.kind)) continue;
    is_there = true;
    if (pin.state == PinState::live) live.insert(pin.kind);
    if (pin.state != PinState::live) is_whole = false;
  }
  if (request.gone) return !is_there;
  return is_whole && (request.all_kinds ? live == request.kinds : is_there);
}

/// Whether it came to be so in time.
Result<bool> wait_for(const cli::CommandLine& line, const Request& request) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto watch = PinWatch::start(*kernel, place->root, place->is_users);
  if (!watch) return error_of(watch);
  while (!is_met(request, watch->pins())) {
    if (request.deadline && std::chrono::steady_clock::now() >= *request.deadline) return false;
    auto events = watch->wait(*kernel, request.deadline);
    if (!events) return error_of(events);
  }
  return true;
}

}  // namespace

int wait(const cli::CommandLine& line) {
  const auto request = parse_request(line);
  if (!request) return cli::usage_error(kWaitFor, request.error());
  const auto met = wait_for(line, *request);
  if (met && *met) return 0;
  if (met) {
    cli::report(kWaitFor, {"wait longer for the pin",
                           request->name,
                           0,
                           request->gone ? "the time is up, and it is still there"
                                         : "the time is up, and it is not there",
                           {}});
    return kTimeIsUp;
  }
  cli::report(kWaitFor, met.error());
  return kFailed;
}

}  // namespace nsx::pin_tool

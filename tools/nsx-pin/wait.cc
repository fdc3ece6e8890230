// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>

#include "common/report.hh"
#include "common/value.hh"
#include "nsx-pin/commands.hh"
#include "try.hh"
#include "upkeep/upkeep.hh"

namespace nsx::pin_tool {

namespace {

constexpr int kTimeIsUp = 1;
constexpr int kFailed = 2;

struct Request {
  std::string name;
  KindSet kinds;
  bool all_kinds = true;  ///< wait for all of `kinds`, given by --type; otherwise for any
  bool gone = false;
  std::optional<PinHistory::Time> deadline;
  PlaceOptions place;
};

Status set_timeout(Request& request, const char* text) {
  const auto time = TRY(cli::parse_time(text));
  request.deadline = std::chrono::steady_clock::now() + time;
  return {};
}

constexpr std::array kWaitOptions{
    cli::flag(cli::kNoLetter, "gone", "wait until the pin is removed",
              cli::set_flag<&Request::gone>),
    cli::value(cli::kNoLetter, "timeout", {"TIME"},
               "give up after TIME (10s, 250ms), with exit status 1", cli::call<set_timeout>),
    kType,
    kDir,
    cli::kHelp,
};

Status read_request(const cli::CommandLine& line, Request& request) {
  request.name = line.operands.front();
  TRY(check_pin_name(request.name));
  TRY(cli::apply<kWaitOptions>(line, request, request.kinds, request.place));
  request.all_kinds = !request.kinds.empty();
  if (!request.all_kinds) request.kinds = KindSet::all();
  return {};
}

/// Whether the pin exists and all of its namespaces can be entered; with --gone, whether the pin is
/// gone.
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

/// Waits for the condition. Returns false on timeout.
Result<bool> wait_for(const Request& request) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(request.place));
  auto watch = TRY(PinWatch::start(kernel, place.root, place.is_users));
  while (!is_met(request, watch.pins())) {
    if (request.deadline && std::chrono::steady_clock::now() >= *request.deadline) return false;
    TRY(watch.wait(kernel, request.deadline));
  }
  return true;
}

}  // namespace

constexpr cli::Tool kWaitFor{
    "nsx-pin wait",
    "[options] name",
    "Wait until a pin exists",
    kWaitOptions,
    {.least = 1, .most = 1, .first = cli::Completes::pin},
    kUsageStatus,
    nullptr,
    {{{"nsx-pin wait blue", "until blue exists"},
      {"nsx-pin wait --timeout 10 blue", "for 10 seconds at most"},
      {"nsx-pin wait --gone blue", "until blue is removed"}}},
};

int wait(const cli::CommandLine& line) {
  Request request;
  if (auto read = read_request(line, request); !read) {
    return cli::usage_error(kWaitFor, read.error());
  }
  const auto met = wait_for(request);
  if (met && *met) return 0;
  if (met) {
    const char* what = request.gone ? "timed out waiting for the removal of pin '{}'"
                                    : "timed out waiting for pin '{}'";
    cli::report(kWaitFor, {what, request.name, 0, {}, {}});
    return kTimeIsUp;
  }
  cli::report(kWaitFor, met.error());
  return kFailed;
}

}  // namespace nsx::pin_tool

// nsx-cg wait.

#include <charconv>

#include <nsx/cgroup_control.hh>
#include <nsx/cgroup_limits.hh>

#include "common/report.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

/// As timeout(1) has it.
constexpr int kTimeIsOver = 124;

struct Request {
  std::optional<CgroupEvent> event;
  std::optional<std::chrono::milliseconds> timeout;
};

/// "memory=10%/2s", or "memory=full:10%/2s".
Result<CgroupPressureAbove> parse_pressure(std::string_view text) {
  const auto wrong = [&](const char* reason) {
    return refuse("wait for the pressure", cli::quoted(text), reason);
  };
  const std::size_t equals = text.find('=');
  const std::size_t slash = text.find('/');
  if (equals == std::string_view::npos || slash == std::string_view::npos || slash < equals) {
    return wrong("it is like memory=10%/2s");
  }
  CgroupPressureAbove above;
  above.resource = text.substr(0, equals);
  if (above.resource != "cpu" && above.resource != "memory" && above.resource != "io") {
    return wrong("the resource is cpu, memory or io");
  }
  std::string_view share = text.substr(equals + 1, slash - equals - 1);
  if (share.starts_with("full:")) {
    above.full = true;
    share.remove_prefix(5);
  }
  if (share.ends_with('%')) share.remove_suffix(1);
  double percent = 0;
  const auto [stop, error] = std::from_chars(share.data(), share.data() + share.size(), percent);
  if (error != std::errc{} || stop != share.data() + share.size() || !(percent > 0) ||
      !(percent < 100)) {
    return wrong("the share is above 0 and below 100 %");
  }
  auto window = parse_time(text.substr(slash + 1));
  if (!window) return error_of(window);
  constexpr std::uint64_t kMicroseconds = 1000;
  above.window = static_cast<std::uint64_t>(window->count()) * kMicroseconds;
  above.threshold = static_cast<std::uint64_t>(static_cast<double>(above.window) * percent / 100);
  constexpr std::uint64_t kShortest = 500'000;
  constexpr std::uint64_t kLongest = 10'000'000;
  if (above.window < kShortest || above.window > kLongest) {
    return wrong("the time is from 0.5 to 10 seconds");
  }
  return above;
}

Status set_event(Request& request, CgroupEvent event) {
  if (request.event) return refuse("wait for", "two things", "it is one at a time");
  request.event = std::move(event);
  return {};
}

Status apply(const cli::Given& given, Request& request) {
  std::string_view argument = given.argument != nullptr ? given.argument : "";
  switch (given.option->id) {
    case kEmpty:
      return set_event(request, CgroupState{CgroupState::Kind::empty});
    case kPopulated:
      return set_event(request, CgroupState{CgroupState::Kind::populated});
    case kFrozen:
      return set_event(request, CgroupState{CgroupState::Kind::frozen});
    case kMemory: {
      // "--memory=>512M", as it is said; a shell would take --memory>512M for a file.
      if (argument.starts_with('>')) argument.remove_prefix(1);
      auto size = parse_size(argument);
      if (!size) return error_of(size);
      return set_event(request, CgroupMemoryAbove{*size});
    }
    case kPressure: {
      auto above = parse_pressure(argument);
      if (!above) return error_of(above);
      return set_event(request, std::move(*above));
    }
    case kTimeout: {
      auto timeout = parse_time(argument);
      if (!timeout) return error_of(timeout);
      request.timeout = *timeout;
      break;
    }
    default:
      break;
  }
  return {};
}

}  // namespace

int wait(const cli::CommandLine& line) {
  Request request;
  for (const cli::Given& given : line.options) {
    if (auto done = apply(given, request); !done) return cli::usage_error(kWait, done.error());
  }
  auto session = Session::open();
  if (!session) return finish(kWait, error_of(session));
  auto cgroup = session->tree.find(line.operands.front());
  if (!cgroup) return finish(kWait, error_of(cgroup));
  auto done = wait_for_cgroup(session->tree, *cgroup, request.event.value_or(CgroupState{}),
                              request.timeout);
  if (!done) return finish(kWait, error_of(done));
  return *done ? 0 : kTimeIsOver;
}

}  // namespace nsx::cg_tool

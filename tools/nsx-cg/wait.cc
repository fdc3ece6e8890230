// SPDX-License-Identifier: MIT
// nsx-cg wait.

#include <array>

#include <nsx/cgroup_change.hh>
#include <nsx/cgroup_control.hh>

#include "common/report.hh"
#include "common/value.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"
#include "quantity.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

/// The exit status on timeout, as in timeout(1).
constexpr int kTimeIsOver = 124;

struct Request {
  std::optional<CgroupEvent> event;
  std::optional<std::chrono::milliseconds> timeout;
};

/// Parses "memory=10%/2s" or "memory=full:10%/2s".
Result<CgroupPressureAbove> parse_pressure(std::string_view text) {
  const auto wrong = [&](const char* reason) {
    return problem("invalid pressure '{}'", text, reason);
  };
  const std::size_t equals = text.find('=');
  const std::size_t slash = text.find('/');
  if (equals == std::string_view::npos || slash == std::string_view::npos || slash < equals) {
    return wrong("expected RESOURCE=PERCENT/TIME, such as memory=10%/2s");
  }
  CgroupPressureAbove above;
  above.resource = text.substr(0, equals);
  if (above.resource != "cpu" && above.resource != "memory" && above.resource != "io") {
    return wrong("expected the resource cpu, memory or io");
  }
  std::string_view share = text.substr(equals + 1, slash - equals - 1);
  if (share.starts_with("full:")) {
    above.full = true;
    share.remove_prefix(5);
  }
  if (share.ends_with('%')) share.remove_suffix(1);
  const auto percent = read_decimal(share);
  if (!percent || !(*percent > 0) || !(*percent < 100)) {
    return wrong("expected a share above 0% and below 100%");
  }
  auto window = TRY(cli::parse_time(text.substr(slash + 1)));
  constexpr std::uint64_t kMicroseconds = 1000;
  above.window = static_cast<std::uint64_t>(window.count()) * kMicroseconds;
  above.threshold = static_cast<std::uint64_t>(static_cast<double>(above.window) * *percent / 100);
  constexpr std::uint64_t kShortest = 500'000;
  constexpr std::uint64_t kLongest = 10'000'000;
  if (above.window < kShortest || above.window > kLongest) {
    return wrong("expected a time from 0.5 to 10 seconds");
  }
  return above;
}

/// Whether only running processes can cause the event, so that it never happens in a frozen cgroup.
bool waits_for_work(const CgroupEvent& event) {
  const auto* state = std::get_if<CgroupState>(&event);
  return state == nullptr || state->kind == CgroupState::Kind::empty;
}

Status set_event(Request& request, CgroupEvent event) {
  if (request.event) return problem("more than one condition was given");
  request.event = std::move(event);
  return {};
}

Status set_memory(Request& request, const char* text) {
  std::string_view size = text;
  // A leading > is accepted: "--memory=>512M". Unquoted, the shell takes > for a redirection.
  if (size.starts_with('>')) size.remove_prefix(1);
  auto bytes = TRY(parse_size(size));
  return set_event(request, CgroupMemoryAbove{bytes});
}

Status set_pressure(Request& request, const char* text) {
  auto above = TRY(parse_pressure(text));
  return set_event(request, std::move(above));
}

template <CgroupState::Kind state>
constexpr cli::Option state_option(const char* name, const char* help) {
  return cli::flag(cli::kNoLetter, name, help,
                   [](Request& request) { return set_event(request, CgroupState{state}); });
}

constexpr std::array kWaitOptions{
    state_option<CgroupState::Kind::empty>(
        "empty", "until it and its descendants have no process (default)"),
    state_option<CgroupState::Kind::populated>("populated",
                                               "until it or a descendant has a process"),
    state_option<CgroupState::Kind::frozen>("frozen", "until all of its processes are stopped"),
    cli::value(cli::kNoLetter, "memory", {"SIZE"}, "until it uses more than SIZE of memory",
               cli::call<set_memory>),
    cli::value(cli::kNoLetter, "pressure",
               {"RESOURCE=PERCENT/TIME", cli::Completes::words, "cpu= memory= io="},
               "until tasks stall for this share of a time window: memory=10%/2s",
               cli::call<set_pressure>),
    cli::value(cli::kNoLetter, "timeout", {"TIME"}, "give up after TIME: 10s, 250ms",
               cli::parse_into<cli::parse_time, &Request::timeout>),
    cli::kHelp,
};

}  // namespace

constexpr cli::Tool kWait{
    "nsx-cg wait",
    "[options] cgroup",
    "Wait until a cgroup reaches a given state",
    kWaitOptions,
    kOneCgroup,
    kUsageStatus,
    "Exit status: 0 when the state is reached, 124 on timeout.\n",
    {{{"nsx-cg wait /batch", "until all processes have exited"},
      {"nsx-cg wait --memory 1G /batch", "until it uses over 1 GiB"},
      {"nsx-cg wait --pressure memory=10%/2s /batch", "until memory is short"}}},
};

int wait(const cli::CommandLine& line) {
  Request request;
  if (auto read = cli::apply<kWaitOptions>(line, request); !read) {
    return cli::usage_error(kWait, read.error());
  }
  auto session = Session::open();
  if (!session) return finish(kWait, error_of(session));
  auto cgroup = session->tree.find(line.operands.front());
  if (!cgroup) return finish(kWait, error_of(cgroup));
  const CgroupEvent event = request.event.value_or(CgroupState{});
  const auto check = [&]() -> Status {
    if (!waits_for_work(event)) return {};
    return check_not_frozen(session->tree, *cgroup, "wait for the cgroup");
  };
  // A frozen cgroup may never be thawed, so it is waited for only with a timeout.
  const bool hangs = !request.timeout && !check();
  auto done = wait_for_cgroup(session->tree, *cgroup, event,
                              hangs ? std::chrono::milliseconds(0) : request.timeout);
  if (!done) return finish(kWait, error_of(done));
  if (*done) return 0;
  const Status frozen = check();
  if (hangs) return finish(kWait, frozen);
  if (!frozen) cli::report(kWait, frozen.error());
  return kTimeIsOver;
}

}  // namespace nsx::cg_tool

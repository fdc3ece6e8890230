// SPDX-License-Identifier: MIT

#include <array>
#include <csignal>
#include <cstdio>

#include <nsx/cgroup_change.hh>
#include <nsx/cgroup_control.hh>
#include <nsx/target.hh>

#include "common/arguments.hh"
#include "common/report.hh"
#include "common/value.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/commands.hh"
#include "quantity.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

struct KillRequest {
  int signal = SIGKILL;
  CgroupChangeOptions change;
};

constexpr std::array kMvOptions{
    cli::flag(cli::kNoLetter, "force",
              "also change cgroups that systemd manages, and move into a frozen one",
              cli::set_flag<&CgroupChangeOptions::force>),
    cli::kHelp,
};

constexpr std::array kKillOptions{
    cli::value('s', "signal", {"SIGNAL", cli::Completes::words, "HUP INT QUIT KILL TERM USR1 USR2"},
               "send SIGNAL (default KILL)",
               cli::parse_into<cli::parse_signal, &KillRequest::signal>),
    kForce,
    cli::kHelp,
};

constexpr std::array kFreezeOptions{kForce, cli::kHelp};
constexpr std::array kReclaimOptions{cli::kHelp};

/// Performs an action on each cgroup named by an operand, and continues after failures. Returns the
/// exit status.
template <class Action>
int for_each_cgroup(const cli::Tool& tool, const cli::CommandLine& line, bool force,
                    Action action) {
  auto session = Session::open();
  if (!session) return finish(tool, error_of(session));
  int status = 0;
  for (const char* name : line.operands) {
    auto cgroup = find_to_change(*session, name, force);
    const Status done = cgroup ? action(*session, *cgroup) : error_of(cgroup);
    if (!done) status = finish(tool, done);
  }
  return status;
}

/// Whether a target names a single process. All other targets are cgroups with all their processes.
bool is_process(const std::string& target) {
  const std::size_t digits = target.find_first_not_of("0123456789");
  return digits == std::string::npos || target.starts_with("pid:") ||
         (digits > 0 && has_target_prefix(target));
}

Status move_target(const Session& session, const std::string& target, const Cgroup& to) {
  if (!is_process(target)) {
    auto from = TRY(session.tree.find(target));
    auto moved = move_processes(from, to);
    return moved ? Status{} : error_of(moved);
  }
  auto found = TRY(resolve_target(*session.kernel, target, cli::target_options()));
  return move_process(session.tree, *found.process, to);
}

int freeze_or_thaw(const cli::Tool& tool, const cli::CommandLine& line, bool frozen) {
  CgroupChangeOptions options;
  if (auto read = cli::apply<kFreezeOptions>(line, options); !read) {
    return cli::usage_error(tool, read.error());
  }
  return for_each_cgroup(tool, line, options.force,
                         [&](const Session& session, const Cgroup& cgroup) {
                           return freeze_cgroup(session.tree, cgroup, frozen);
                         });
}

}  // namespace

constexpr cli::Tool kMv{
    "nsx-cg mv",
    "[options] target... cgroup",
    "Move processes, cgroups, units or containers into a cgroup",
    kMvOptions,
    cli::Operands{.least = 2,
                  .most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::target,
                  .rest = cli::Completes::cgroup},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg mv 4711 /batch", "a process"},
      {"nsx-cg mv container:web /batch", "all processes of a container"},
      {"nsx-cg mv cgroup:/a /b", "all processes of a cgroup"}}},
};

constexpr cli::Tool kKillTable{
    "nsx-cg kill",
    "[options] cgroup...",
    "Signal every process in cgroups and their descendants",
    kKillOptions,
    kCgroups,
    kUsageStatus,
    nullptr,
    {{{"nsx-cg kill /batch", "kill everything inside"},
      {"nsx-cg kill -s TERM /batch", "ask it to exit"},
      {"nsx-cg kill /a /b", "in several cgroups"}}},
};

constexpr cli::Tool kFreeze{
    "nsx-cg freeze",
    "[options] cgroup...",
    "Stop every process in cgroups and their descendants",
    kFreezeOptions,
    kCgroups,
    kUsageStatus,
    nullptr,
    {{{"nsx-cg freeze /batch", "stop it"},
      {"nsx-cg thaw /batch", "let it continue"},
      {"nsx-cg wait --frozen /batch", "wait until it has stopped"}}},
};

constexpr cli::Tool kThaw{
    "nsx-cg thaw",
    "[options] cgroup...",
    "Resume the processes of frozen cgroups",
    kFreezeOptions,
    kCgroups,
    kUsageStatus,
    nullptr,
    {{{"nsx-cg thaw /batch", "let it continue"},
      {"nsx-cg thaw /a /b", "several cgroups"},
      {"nsx-cg freeze /batch", "stop it again"}}},
};

constexpr cli::Tool kReclaim{
    "nsx-cg reclaim",
    "cgroup size",
    "Reclaim memory from a cgroup",
    kReclaimOptions,
    cli::Operands{.least = 2, .most = 2, .first = cli::Completes::cgroup},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg reclaim /batch 100M", "100 MiB"},
      {"nsx-cg reclaim web 1G", "from a container"},
      {"nsx-cg get /batch memory.current", "what is left"}}},
};

int move(const cli::CommandLine& line) {
  CgroupChangeOptions options;
  if (auto read = cli::apply<kMvOptions>(line, options); !read) {
    return cli::usage_error(kMv, read.error());
  }
  auto session = Session::open();
  if (!session) return finish(kMv, error_of(session));
  auto to = find_to_change(*session, line.operands.back(), options.force);
  if (!to) return finish(kMv, error_of(to));
  if (!options.force) {
    auto ok = check_not_frozen(session->tree, *to, "move processes to the cgroup");
    if (!ok) return finish(kMv, ok);
  }
  int status = 0;
  for (std::size_t i = 0; i + 1 < line.operands.size(); ++i) {
    if (auto done = move_target(*session, line.operands[i], *to); !done) status = finish(kMv, done);
  }
  return status;
}

int kill(const cli::CommandLine& line) {
  KillRequest request;
  if (auto read = cli::apply<kKillOptions>(line, request, request.change); !read) {
    return cli::usage_error(kKillTable, read.error());
  }
  const int signal = request.signal;
  const auto action = [&](const Session& session, const Cgroup& cgroup) {
    if (const auto frozen = frozen_by(session.tree, cgroup); frozen && signal != SIGKILL) {
      cli::note(kKillTable,
                cgroup.path() + " is frozen: its processes handle the signal once thawed");
    }
    return signal_cgroup(session.tree, cgroup, signal);
  };
  return for_each_cgroup(kKillTable, line, request.change.force, action);
}

int freeze(const cli::CommandLine& line) {
  return freeze_or_thaw(kFreeze, line, true);
}

int thaw(const cli::CommandLine& line) {
  return freeze_or_thaw(kThaw, line, false);
}

int reclaim(const cli::CommandLine& line) {
  const auto size = parse_size(line.operands.back());
  if (!size) return cli::usage_error(kReclaim, size.error());
  auto session = Session::open();
  if (!session) return finish(kReclaim, error_of(session));
  auto cgroup = session->tree.find(line.operands.front());
  if (!cgroup) return finish(kReclaim, error_of(cgroup));
  auto taken = reclaim_memory(session->tree, *cgroup, *size);
  if (!taken) return finish(kReclaim, error_of(taken));
  return cli::print(kReclaim, size_text(*taken, false) + '\n');
}

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

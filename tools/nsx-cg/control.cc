// SPDX-License-Identifier: MIT
// nsx-cg mv, kill, freeze, thaw and reclaim.

#include <array>
#include <csignal>
#include <cstdio>

#include <nsx/cgroup_control.hh>
#include <nsx/target.hh>

#include "common/arguments.hh"
#include "common/report.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"
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

}  // namespace nsx::cg_tool

// nsx-cg mv, kill, freeze, thaw and reclaim.

#include <csignal>
#include <cstdio>

#include <nsx/cgroup_control.hh>
#include <nsx/target.hh>

#include "common/report.hh"
#include "common/signals.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

/// Does something to each cgroup that is named; a failure does not keep it from the others.
template <class Deed>
int for_each_cgroup(const cli::Tool& tool, const cli::CommandLine& line, Deed deed) {
  auto session = Session::open();
  if (!session) return finish(tool, error_of(session));
  int status = 0;
  for (const char* name : line.operands) {
    auto cgroup = session->tree.find(name);
    const Status done = cgroup ? deed(*session, *cgroup) : error_of(cgroup);
    if (!done) status = finish(tool, done);
  }
  return status;
}

bool is_whole_cgroup(const std::string& target) {
  return target.starts_with("cgroup:") || target.starts_with("unit:") ||
         target.starts_with("container:");
}

Status move_target(const Session& session, const std::string& target, const Cgroup& to) {
  if (is_whole_cgroup(target)) {
    constexpr std::string_view kPrefix = "cgroup:";
    auto from =
        session.tree.find(target.starts_with(kPrefix) ? target.substr(kPrefix.size()) : target);
    if (!from) return error_of(from);
    auto moved = move_processes(*from, to);
    return moved ? Status{} : error_of(moved);
  }
  auto found =
      resolve_target(*session.kernel, target.starts_with("pid:") ? target.substr(4) : target);
  if (!found) return error_of(found);
  if (!found->process) return refuse("move", found->name, "that is no process");
  return move_process(session.tree, *found->process, to);
}

}  // namespace

int move(const cli::CommandLine& line) {
  auto session = Session::open();
  if (!session) return finish(kMv, error_of(session));
  auto to = find_to_change(*session, line.operands.back(), line);
  if (!to) return finish(kMv, error_of(to));
  int status = 0;
  for (std::size_t i = 0; i + 1 < line.operands.size(); ++i) {
    if (auto done = move_target(*session, line.operands[i], *to); !done) status = finish(kMv, done);
  }
  return status;
}

int kill(const cli::CommandLine& line) {
  int signal = SIGKILL;
  for (const cli::Given& given : line.options) {
    if (given.option->id != 's') continue;
    const auto parsed = cli::parse_signal(given.argument);
    if (!parsed) return cli::usage_error(kKillTable, parsed.error());
    signal = *parsed;
  }
  return for_each_cgroup(kKillTable, line, [&](const Session& session, const Cgroup& cgroup) {
    return signal_cgroup(session.tree, cgroup, signal);
  });
}

int freeze(const cli::CommandLine& line) {
  return for_each_cgroup(kFreeze, line, [](const Session& session, const Cgroup& cgroup) {
    return freeze_cgroup(session.tree, cgroup, true);
  });
}

int thaw(const cli::CommandLine& line) {
  return for_each_cgroup(kThaw, line, [](const Session& session, const Cgroup& cgroup) {
    return freeze_cgroup(session.tree, cgroup, false);
  });
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

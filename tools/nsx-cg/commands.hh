// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nsx/cgroup.hh>
#include <nsx/cgroup_change.hh>

#include "account/account.hh"
#include "common/commands.hh"
#include "common/options.hh"
#include "nsx-cg/columns.hh"

namespace nsx::cg_tool {

// The start and the end of every command.

/// The kernel and its tree of cgroups.
struct Session {
  std::unique_ptr<const Kernel> kernel;
  CgroupTree tree;

  static Result<Session> open();
};

/// Reports an error, if any, and flushes stdout. Returns the exit status.
int finish(const cli::Tool& tool, const Status& status);

/// Returns the cgroup of this name for a change. Errors: systemd manages it, unless `force` is set.
Result<Cgroup> find_to_change(const Session& session, const char* name, bool force);

/// The options of the commands that change cgroups.
struct ChangeOptions {
  CgroupChangeOptions how;
  bool dry_run = false;
};
inline constexpr cli::Option kLeaf =
    cli::value(cli::kNoLetter, "leaf", {"NAME"},
               "move the processes of an ancestor that has any into a new child cgroup NAME",
               cli::set_text<&CgroupChangeOptions::leaf>);
inline constexpr cli::Option kForce =
    cli::flag(cli::kNoLetter, "force", "also change cgroups that systemd manages",
              cli::set_flag<&CgroupChangeOptions::force>);
inline constexpr cli::Option kDryRun =
    cli::flag(cli::kNoLetter, "dry-run", "print the changes as shell commands, and do nothing",
              cli::set_flag<&ChangeOptions::dry_run>);

/// Plans a change, then performs it or prints its steps.
Status change(const Session& session, std::span<const CgroupWanted> wanted,
              const ChangeOptions& options);

/// Prints steps, one per line.
void print_steps(const Session& session, std::span<const CgroupStep> steps);

/// Performs steps, or prints them with `dry_run`.
Status carry_out_or_print(const Session& session, std::span<const CgroupStep> steps, bool dry_run);

/// Parses operands as limits. Errors: a limit is malformed, whatever the cgroup; a usage error.
Result<std::vector<CgroupLimit>> parse_limits(std::span<char* const> operands);

/// Returns the settings that limits mean for the cgroup at `path`. Prints a note for rounded
/// values.
Result<std::vector<CgroupSetting>> settings_of(const cli::Tool& tool, const Session& session,
                                               const std::string& path,
                                               std::span<const CgroupLimit> limits);

/// Returns the path of the child `name` of the cgroup at `path`.
std::string path_below(const std::string& path, const std::string& name);

/// Not 1, which is the status of other failures.
inline constexpr int kUsageStatus = 2;

/// The columns of top: those of ls, and EVENTS.
inline constexpr auto kTopSortWords = [] {
  constexpr std::string_view kUsual = kColumnWords;
  constexpr std::string_view kMore = " EVENTS";
  std::array<char, kUsual.size() + kMore.size() + 1> words{};
  std::ranges::copy(kMore, std::ranges::copy(kUsual, words.begin()).out);
  return words;
}();
inline constexpr const char* kLimitWords =
    "memory= memory.high= memory.low= memory.min= swap= cpu= cpu.weight= cpu.max.burst= cpus= "
    "mems= pids= io= io.weight= io.latency= net.in= net.out=";
inline constexpr const char* kKeyWords =
    "memory memory.current memory.high memory.low memory.min memory.peak memory.stat swap cpu "
    "cpu.stat cpu.weight cpus pids pids.current io io.stat io.weight net.in net.out net.stat "
    "cgroup.controllers "
    "cgroup.events cgroup.procs cgroup.stat cgroup.subtree_control cgroup.type";

inline constexpr cli::Operands kOneCgroup{.least = 1, .most = 1, .first = cli::Completes::cgroup};
inline constexpr cli::Operands kCgroups{.least = 1,
                                        .most = cli::Operands::kAnyNumber,
                                        .first = cli::Completes::cgroup,
                                        .rest = cli::Completes::cgroup};
inline constexpr cli::Operands kMaybeCgroup{.most = 1, .first = cli::Completes::cgroup};
inline constexpr cli::Operands kCgroupAndLimits{.least = 1,
                                                .most = cli::Operands::kAnyNumber,
                                                .first = cli::Completes::cgroup,
                                                .rest = cli::Completes::words,
                                                .words = kLimitWords};

extern const cli::Tool kLs, kTree, kTop, kRun, kExec, kCreate, kRm, kMv, kKillTable, kFreeze, kThaw,
    kWait, kReclaim, kDelegate, kSet, kGet, kExplain, kExport, kApply, kWhich;

// Each runs one command and returns the exit status.
int list(const cli::CommandLine& line);      // list.cc
int tree(const cli::CommandLine& line);      // list.cc
int top(const cli::CommandLine& line);       // top.cc
int run(const cli::CommandLine& line);       // run.cc
int exec(const cli::CommandLine& line);      // exec.cc
int create(const cli::CommandLine& line);    // change.cc
int remove(const cli::CommandLine& line);    // change.cc
int set(const cli::CommandLine& line);       // change.cc
int delegate(const cli::CommandLine& line);  // change.cc
int move(const cli::CommandLine& line);      // control.cc
int kill(const cli::CommandLine& line);      // control.cc
int freeze(const cli::CommandLine& line);    // control.cc
int thaw(const cli::CommandLine& line);      // control.cc
int reclaim(const cli::CommandLine& line);   // control.cc
int wait(const cli::CommandLine& line);      // control.cc
int get(const cli::CommandLine& line);       // get.cc
int explain(const cli::CommandLine& line);   // explain.cc
int export_(const cli::CommandLine& line);   // snapshot.cc
int apply(const cli::CommandLine& line);     // snapshot.cc
int which(const cli::CommandLine& line);     // which.cc

extern const cli::Suite kSuite;

/// Returns an explanation as text, one line per fact.
std::string explanation_text(const CgroupExplanation& explanation);

// Formats a snapshot as the JSON that parse_snapshot() reads.

/// Returns the JSON. Errors: the name of a cgroup is not UTF-8.
Result<std::string> format_snapshot(const CgroupSnapshot& snapshot);

}  // namespace nsx::cg_tool

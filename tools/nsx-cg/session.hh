// SPDX-License-Identifier: MIT
#pragma once
// The start and the end of every command.

#include <memory>
#include <optional>
#include <string>

#include <nsx/cgroup.hh>
#include <nsx/cgroup_change.hh>

#include "common/options.hh"

namespace nsx::cg_tool {

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

}  // namespace nsx::cg_tool

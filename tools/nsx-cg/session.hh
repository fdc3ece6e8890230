// SPDX-License-Identifier: MIT
#pragma once
// What every command begins and ends with.

#include <memory>
#include <optional>
#include <string>

#include <nsx/cgroup.hh>
#include <nsx/cgroup_change.hh>

#include "common/options.hh"

namespace nsx::cg_tool {

/// The kernel, and the tree of cgroups in it.
struct Session {
  std::unique_ptr<const Kernel> kernel;
  CgroupTree tree;

  static Result<Session> open();
};

/// Reports a failure; returns the exit status.
int finish(const cli::Tool& tool, const Status& status);

/// The cgroup of this name, to be changed: not where systemd owns it, unless --force is given.
Result<Cgroup> find_to_change(const Session& session, const char* name, bool force);

/// What the commands take that change cgroups.
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

/// Plans and carries out, or prints the actions.
Status change(const Session& session, std::span<const CgroupWanted> wanted,
              const ChangeOptions& options);

/// Prints steps, one a line.
void print_steps(const Session& session, std::span<const CgroupStep> steps);

/// Carries steps out, or prints them.
Status carry_out_or_print(const Session& session, std::span<const CgroupStep> steps, bool dry_run);

/// The limits among operands. One that makes no sense is a usage error, wherever it would be set.
Result<std::vector<CgroupLimit>> parse_limits(std::span<char* const> operands);

/// What they come to for the cgroup at `path`. A note says what is rounded.
Result<std::vector<CgroupSetting>> settings_of(const cli::Tool& tool, const Session& session,
                                               const std::string& path,
                                               std::span<const CgroupLimit> limits);

/// The path of `name` below the cgroup at `path`.
std::string path_below(const std::string& path, const std::string& name);

}  // namespace nsx::cg_tool

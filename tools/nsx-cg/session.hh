#pragma once
// What every command begins and ends with.

#include <chrono>
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
Result<Cgroup> find_to_change(const Session& session, const char* name,
                              const cli::CommandLine& line);

/// Plans and carries out, or prints the deeds, one a line, where `dry_run` is set.
Status change(const Session& session, std::span<const CgroupWanted> wanted,
              const CgroupChangeOptions& options, bool dry_run);

/// The limits among operands, for the cgroup at `path`.
Result<std::vector<CgroupSetting>> settings_of(const Session& session, const std::string& path,
                                               std::span<char* const> limits);

/// A time like "1.5", in seconds, or "250ms", "10s".
Result<std::chrono::milliseconds> parse_time(std::string_view text);

/// The path of `name` below the cgroup at `path`.
std::string path_below(const std::string& path, const std::string& name);

}  // namespace nsx::cg_tool

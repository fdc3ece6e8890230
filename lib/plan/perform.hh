// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/plan.hh>
#include <nsx/result.hh>

#include "kernel/spawn.hh"

namespace nsx {

// perform_process.cc
Status perform(const step::BecomeOwner& s);
Status perform(const step::JoinNamespace& s);
Status perform(const step::Unshare& s);
Status perform(const step::SetHostname& s);
Status perform(const step::BringUpLoopback& s);

// perform_mounts.cc
Status perform(const step::SetPropagation& s);
Status perform(const step::ChangeRoot& s);
Status perform(const step::ChangeDirectory& s);
Status perform(const step::MountProc& s, int proc);  ///< from before entering
Status perform(const step::MountBinfmt& s);
Status perform(const step::LoadInterpreter& s);

// perform_mounts.cc
Status perform(const step::MountSys& s, int proc);  ///< from before entering
Status perform(const step::BindOver& s);
Status perform(const step::MaskSockets& s);

// perform_process.cc
Status perform(const step::Hide& s);
Status perform(const step::JoinCgroup& s);
Status perform(const step::DropGroups& s);
Status perform(const step::SetIds& s);
Status perform(const step::KeepCapabilities& s);
Status perform(const step::LimitPrivileges& s);
Status perform(const step::SetOomScore& s);
Status perform(const step::SetEnvironment& s);
Status perform(const step::SetVariables& s);
Status perform(const step::SetSecurityContext& s);
Status perform(const step::Execute& s);

// privileges.cc
Status perform(const step::SetResourceLimits& s);

/// Returns `entries` (NAME=VALUE) with all variables that lead to files (leads_to_files()) replaced
/// by those in `own`, an environ(7), or removed if missing there.
std::vector<std::string> with_own_paths(const std::vector<std::string>& entries,
                                        const char* const* own);

/// Makes all descriptors above 2 close-on-exec, except those in `kept`. `proc` is a proc mount, for
/// kernels before 5.11.
Status close_on_exec_above_stderr(int proc, const std::vector<int>& kept);

/// The implementation for these kernels, through /proc/self/fd.
Status mark_listed_descriptors(int proc, const std::vector<int>& kept);

/// The caller's end of a helper process that stays outside, with the original rights, mounts and
/// /proc. It is not a child of the caller, so that the program does not inherit it. It exits when
/// the last holder of this end is gone; an executed program does not hold it. Before that, it
/// reverts all bindings that were not kept.
class Outside {
 public:
  static Result<Outside> start(const Kernel& kernel);

  /// Writes a file in /proc/PID of the process that called start(): "uid_map", "setgroups".
  Status write(const std::string& file, const std::string& text);

  /// Runs newuidmap(1) or newgidmap(1), at this path, to write the map of that process.
  Status write_map_by(const std::string& tool, const IdMap& map);

  /// Binds these namespaces, in the order of `places`, to their files, all or none.
  Status pin(const std::vector<step::Pin::Place>& places, const std::vector<OwnedFd>& namespaces);

  /// Keeps the bindings, unless undo() follows. From now on, the helper listens only to the calling
  /// process, not to forked processes that also hold this end.
  Status keep();

  /// Reverts the bindings of pin(), even if they were kept, and removes the files that it created.
  Status undo();

  /// Returns the descriptor of this end, for a process that replaces the caller.
  int fd() const { return channel_.fd(); }

 private:
  explicit Outside(Channel channel) : channel_(std::move(channel)) {}
  Status ask(const std::vector<std::string>& words, const std::vector<int>& fds = {});
  Status wait_for_answer();

  Channel channel_;
};

/// Runs the helper in the current process, until it is no longer needed. `process` is the directory
/// /proc/PID of the process that it helps, `pid` its PID.
void serve_outside(Channel channel, OwnedFd process, pid_t pid);

/// The starter (starter/starter.cc) in a file that nobody can modify: a sealed memfd.
class SealedStart {
 public:
  /// Creates the file. Call it while /proc is the caller's own.
  static Result<SealedStart> prepare(const Kernel& kernel);

  /// The descriptors on which the starter reports that the program does not run; -1: none.
  struct Listeners {
    int report = -1;  ///< the pipe of Followed::executed
    int undo = -1;    ///< the connection of Outside
  };

  /// Executes a program through the starter, with an optional security context. Returns errors that
  /// can be detected before; the starter reports later ones.
  Status execute(const step::Execute& program,
                 const std::optional<step::SetSecurityContext>& context, Listeners listeners) const;

 private:
  explicit SealedStart(OwnedFd file) : file_(std::move(file)) {}

  OwnedFd file_;  ///< read-only, because a file open for writing cannot be executed
};

}  // namespace nsx

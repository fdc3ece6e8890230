// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/plan.hh>

#include "kernel/channel.hh"

namespace nsx {

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

}  // namespace nsx

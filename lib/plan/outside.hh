// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/plan.hh>

#include "kernel/channel.hh"

namespace nsx {

/// The caller's end of a helper process that has stayed outside: with the rights, the mounts and
/// the /proc of before. It is no child of the caller, so that the program inherits none. When the
/// last holder of this end is gone (a program that was executed holds none), it ends; what it has
/// bound and was not told to keep, it unbinds first.
class Outside {
 public:
  static Result<Outside> start(const Kernel& kernel);

  /// Writes a file of /proc/PID of the process that called start(): "uid_map", "setgroups".
  Status write(const std::string& file, const std::string& text);

  /// Has newuidmap(1) or newgidmap(1), at this path, write the map of that process.
  Status write_map_by(const std::string& tool, const IdMap& map);

  /// Binds these namespaces, in the order of `places`, to their files: all of them or none.
  Status pin(const std::vector<step::Pin::Place>& places, const std::vector<OwnedFd>& namespaces);

  /// What is bound stays, unless undo() follows. From here on the helper listens to the calling
  /// process alone, no more to others that hold this end since a fork(2).
  Status keep();

  /// Unbinds what pin() has bound, even if it was kept, and removes the files that it made.
  Status undo();

  /// This end, for a process that takes the caller's place.
  int fd() const { return channel_.fd(); }

 private:
  explicit Outside(Channel channel) : channel_(std::move(channel)) {}
  Status ask(const std::vector<std::string>& words, const std::vector<int>& fds = {});
  Status wait_for_answer();

  Channel channel_;
};

/// What the helper that Outside starts does in its process, until it ends. `process` is the
/// directory /proc/PID of the process that it helps, `pid` its number.
void serve_outside(Channel channel, OwnedFd process, pid_t pid);

}  // namespace nsx

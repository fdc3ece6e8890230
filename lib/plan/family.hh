// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <sys/types.h>

#include <nsx/plan.hh>

#include "kernel/channel.hh"
#include "kernel/spawn.hh"
#include "plan/follow.hh"
#include "plan/terminal.hh"

namespace nsx {

/// A process that sends a signal to another one when this process dies, even by SIGKILL, and even
/// if the other process has changed its ids, which clears a parent-death signal. It stays in the
/// pid namespace in which it was started, where the process that it signals cannot reach it.
class Watcher {
 public:
  static Result<Watcher> start(int signal);

  /// Makes the calling process the receiver of the signal, and lets the watcher go. To be called
  /// first in a child of the process that started the watcher.
  Status watch_this_process();

 private:
  explicit Watcher(Spawned child) : child_(std::move(child)) {}

  Spawned child_;  // the watcher detects the death of this process by the end of the channel
};

/// The role of this process among those that carry out a plan: waiting parent, child, init of a pid
/// namespace, program. A step that forks returns in each of them.
class Family {
 public:
  /// `has_init`: the plan contains a BecomeInit.
  Family(const OnStart& on_start, bool has_init) : on_start_(on_start), has_init_(has_init) {}

  Status start_watcher(int signal);
  Status open_terminal(const step::OpenTerminal& step);

  /// Forks as described by the step. In the child, returns none, with signals restored. In the
  /// parent, follows the program and returns its outcome.
  Result<std::optional<Outcome>> fork(const Kernel& kernel, const step::Fork& step);

  /// Forks again, and returns in the new child.
  Status become_init();

  /// Returns whether this is no longer the original process.
  bool has_forked() const { return has_forked_; }

  /// The descriptor on which a starter reports that the program does not run; -1: nobody listens.
  int report_fd() const { return unexecuted_ ? unexecuted_.get() : -1; }

  /// Requests the parent-death signal again, after a change of ids.
  Status renew_death_signal() const;

  /// Notifies the parent, if it is interested, that the program is about to start ...
  Status tell_start(const Kernel& kernel) const;
  /// ... or that it will not start.
  void give_up() const;

 private:
  Status open_connections();
  Status be_child(const step::Fork& step, OwnedFd parent);

  const OnStart& on_start_;
  bool has_init_;
  bool has_forked_ = false;
  std::optional<Watcher> watcher_;
  std::optional<Terminal> terminal_;
  std::optional<Channel> from_child_;
  std::optional<Channel> to_parent_;
  OwnedFd executed_;  ///< read end of a pipe: end of file when the program is executed or nobody is
                      ///< left to execute it; a byte if execution failed
  OwnedFd unexecuted_;  ///< its write end, closed by exec
  int death_signal_ = 0;
  OwnedFd parent_;  ///< pidfd of the parent, if there is a death signal
};

/// The main loop of the init of a pid namespace, until its child `program` has exited. Forwards
/// signals, reaps orphans, and reports stops and the end of the program to the parent outside. When
/// it exits, the kernel kills all other processes in the namespace (pid_namespaces(7)).
[[noreturn]] void be_init(pid_t program, const WaitedSignals& signals, const Channel& parent);

}  // namespace nsx

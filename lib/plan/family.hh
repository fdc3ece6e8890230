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

/// A process that sends a signal to another when this one dies, even by SIGKILL, and even if the
/// other has changed its ids, which ends a parent-death signal. It stays in the pid namespace in
/// which it was started, out of reach of what it watches.
class Watcher {
 public:
  static Result<Watcher> start(int signal);

  /// In a child of the process that started it, before that does anything else: names it as the one
  /// to send the signal to, and lets the watcher go.
  Status watch_this_process();

 private:
  explicit Watcher(Spawned child) : child_(std::move(child)) {}

  Spawned child_;  // the end of its channel tells our death
};

/// This process among those that carry out a plan: the parent that waits, the child, the init of a
/// pid namespace, the program. A step that forks returns in each of them.
class Family {
 public:
  /// `has_init`: a BecomeInit will come.
  Family(const OnStart& on_start, bool has_init) : on_start_(on_start), has_init_(has_init) {}

  Status start_watcher(int signal);
  Status open_terminal(const step::OpenTerminal& step);

  /// Forks as the step says. In the child: none, with the signals as they were. In the parent: how
  /// the program ended, after it was followed through every stop.
  Result<std::optional<Outcome>> fork(const Kernel& kernel, const step::Fork& step);

  /// Forks again, returns in the new child.
  Status become_init();

  /// Whether this is no longer the process that began.
  bool has_forked() const { return has_forked_; }

  /// Where a starter says that the program does not run; -1: nobody waits to hear.
  int report_fd() const { return unexecuted_ ? unexecuted_.get() : -1; }

  /// Asks again for the signal that tells the parent's death, after a change of ids.
  Status renew_death_signal() const;

  /// Tells the parent, if it wants to know, that the program is about to start ...
  Status tell_start(const Kernel& kernel) const;
  /// ... and that it will not.
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
  OwnedFd executed_;    ///< ends when the program is executed, or nobody is left to do it; a byte
                        ///< in it says that it will not be
  OwnedFd unexecuted_;  ///< its other end, closed by exec
  int death_signal_ = 0;
  OwnedFd parent_;  ///< a pidfd, with a death signal
};

/// What the init of a pid namespace does until `program`, its child, has ended: it passes signals
/// on, reaps whatever is orphaned, and tells the parent outside of the program's stops and its
/// end. When it ends, the kernel ends all that is left in the namespace (pid_namespaces(7)).
[[noreturn]] void be_init(pid_t program, const WaitedSignals& signals, const Channel& parent);

}  // namespace nsx

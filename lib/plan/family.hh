// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <optional>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <vector>

#include <nsx/create.hh>
#include <nsx/fd.hh>
#include <nsx/plan.hh>

#include "kernel/spawn.hh"
#include "plan/terminal.hh"

namespace nsx {

/// Signals that a waiting process reads from a descriptor. They are blocked, which avoids handlers
/// and races. Call restore() in each process that continues with other work.
class WaitedSignals {
 public:
  static Result<WaitedSignals> block(const std::vector<int>& signals);
  static Result<WaitedSignals> block_all();

  void restore() const;

  /// Lets a signal take its default effect: usually, it ends this process.
  void let_act(int signal) const;

  int fd() const { return fd_.get(); }

  /// Returns the next pending signal, or none.
  std::optional<signalfd_siginfo> next() const;

 private:
  WaitedSignals() = default;
  static Result<WaitedSignals> block(const sigset_t& set);

  OwnedFd fd_;
  sigset_t old_mask_{};
  struct sigaction old_child_action_ {};
};

/// A message from the processes inside to the waiting parent outside.
struct Message {
  enum class Type : std::uint8_t {
    starting,  ///< the program is about to start
    failed,    ///< the program will not start
    stopped,   ///< the program has stopped; the parent stops too, and later continues it
    ended,     ///< the program has ended
  };
  Type type = Type::failed;
  Started started{};  ///< for starting; the receiver fills in `pid`
  Outcome outcome{};  ///< for ended
};

/// What the parent knows of a child that it waits for. Pointers may be null.
struct Followed {
  pid_t child = 0;
  bool is_init = false;  ///< it forwards signals to the program, and reports its stops
  int proc = -1;         ///< a proc mount of the caller's pid namespace
  const step::Fork* step = nullptr;
  Terminal* terminal = nullptr;
  const Channel* channel = nullptr;   ///< from the processes inside
  const OwnedFd* executed = nullptr;  ///< read end of a pipe: end of file when the program is
                                      ///< executed, a byte if that has failed
  const OnStart* on_start = nullptr;
};

/// Blocks the signals that a parent handles while it waits, as described by the step.
Result<WaitedSignals> block_signals(const step::Fork& step, bool has_terminal, bool has_channel);

/// Waits for the child to end. If the program stops, this process stops as well, so that the shell
/// notices; when it is continued, it continues the program.
Outcome follow(const Followed& followed, const WaitedSignals& signals);

/// Returns whether a process other than `not_this` has sent the signal. Signals from a terminal go
/// to its whole foreground process group.
inline bool is_sent(const signalfd_siginfo& signal, pid_t not_this) {
  return signal.ssi_code <= 0 && static_cast<pid_t>(signal.ssi_pid) != not_this;
}

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

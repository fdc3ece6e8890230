// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <optional>
#include <sys/signalfd.h>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/plan.hh>

#include "kernel/channel.hh"
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

}  // namespace nsx

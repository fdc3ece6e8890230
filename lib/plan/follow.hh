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

/// Signals that a waiting process takes from a descriptor: blocked, so that there is no handler and
/// no race. To be put back by restore(), in each process that goes on to run something else.
class WaitedSignals {
 public:
  static Result<WaitedSignals> block(const std::vector<int>& signals);
  static Result<WaitedSignals> block_all();

  void restore() const;

  /// Lets one of them have the effect that it would have without us: as a rule, this process ends.
  void let_act(int signal) const;

  int fd() const { return fd_.get(); }

  /// The next signal that has come, or none.
  std::optional<signalfd_siginfo> next() const;

 private:
  WaitedSignals() = default;
  static Result<WaitedSignals> block(const sigset_t& set);

  OwnedFd fd_;
  sigset_t old_mask_{};
  struct sigaction old_child_action_ {};
};

/// What those inside tell the parent that waits outside.
struct Message {
  enum class Type : std::uint8_t {
    starting,  ///< the program, next
    failed,    ///< it will not start
    stopped,   ///< the program has stopped; the parent stops with it, and wakes it
    ended,     ///< the program has
  };
  Type type = Type::failed;
  Started started{};  ///< of starting; its `pid` is filled in on arrival
  Outcome outcome{};  ///< of ended
};

/// What the parent has of a child that it waits for. Pointers may be null.
struct Followed {
  pid_t child = 0;
  bool is_init = false;  ///< it passes signals on to the program, and tells of its stops
  int proc = -1;         ///< a proc mount of the caller's
  const step::Fork* step = nullptr;
  Terminal* terminal = nullptr;
  const Channel* channel = nullptr;   ///< from those inside
  const OwnedFd* executed = nullptr;  ///< a pipe that ends when the program is executed, or has a
                                      ///< byte when that has failed
  const OnStart* on_start = nullptr;
};

/// The signals that a parent takes while it waits as the step says.
Result<WaitedSignals> block_signals(const step::Fork& step, bool has_terminal, bool has_channel);

/// Waits for the child to end. A stop of the program stops this process too, so that the shell
/// above sees it; when that is continued, so is the program.
Outcome follow(const Followed& followed, const WaitedSignals& signals);

/// Whether a process sent it, other than `not_this`. What a terminal sends, it sends to all of its
/// foreground process group.
inline bool is_sent(const signalfd_siginfo& signal, pid_t not_this) {
  return signal.ssi_code <= 0 && static_cast<pid_t>(signal.ssi_pid) != not_this;
}

}  // namespace nsx

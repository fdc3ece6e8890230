#pragma once

#include <csignal>
#include <optional>
#include <sys/signalfd.h>
#include <vector>

#include <nsx/fd.hh>

namespace nsx {

/// Signals that a waiting process takes from a descriptor: blocked, so that there is no handler and
/// no race. To be put back by restore(), in each process that goes on to run something else.
class WaitedSignals {
 public:
  static Result<WaitedSignals> block(const std::vector<int>& signals);
  static Result<WaitedSignals> block_all();

  void restore() const;

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

/// Whether a process sent it, other than `not_this`. What a terminal sends, it sends to all of its
/// foreground process group.
inline bool is_sent(const signalfd_siginfo& signal, pid_t not_this) {
  return signal.ssi_code <= 0 && static_cast<pid_t>(signal.ssi_pid) != not_this;
}

}  // namespace nsx

#include "plan/waited_signals.hh"

#include <unistd.h>

namespace nsx {

Result<WaitedSignals> WaitedSignals::block(const sigset_t& set) {
  WaitedSignals signals;
  signals.fd_ = OwnedFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_) return fail("open", "a signal descriptor");
  ::sigprocmask(SIG_BLOCK, &set, &signals.old_mask_);
  // Whoever started us may ignore SIGCHLD: then the kernel would throw the child's status away.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, &signals.old_child_action_);
  return signals;
}

Result<WaitedSignals> WaitedSignals::block(const std::vector<int>& signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals)
    ::sigaddset(&set, signal);
  return block(set);
}

Result<WaitedSignals> WaitedSignals::block_all() {
  sigset_t set;
  ::sigfillset(&set);
  return block(set);
}

void WaitedSignals::restore() const {
  ::sigaction(SIGCHLD, &old_child_action_, nullptr);
  ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
}

std::optional<signalfd_siginfo> WaitedSignals::next() const {
  signalfd_siginfo signal{};
  if (::read(fd_.get(), &signal, sizeof signal) != sizeof signal) return std::nullopt;
  return signal;
}

}  // namespace nsx

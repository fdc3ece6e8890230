#include "plan/follow.hh"

#include <csignal>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/abi.hh"

namespace nsx {

namespace {

/// The signals of the calling process while it waits: blocked and asked for one by one, so that
/// there is no handler and no race. Put back as they were by restore().
class WaitingSignals {
 public:
  explicit WaitingSignals(step::Fork::OnSignal on_signal) {
    ::sigemptyset(&set_);
    for (const int signal : {SIGCHLD, SIGINT, SIGTERM})
      ::sigaddset(&set_, signal);
    if (on_signal == step::Fork::OnSignal::forward) {
      for (const int signal : {SIGHUP, SIGQUIT})
        ::sigaddset(&set_, signal);
    }
    ::sigprocmask(SIG_BLOCK, &set_, &old_mask_);
    // Whoever started us may ignore SIGCHLD: then the kernel would throw the child's status away.
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &standard, &old_child_action_);
  }

  void restore() const {
    ::sigaction(SIGCHLD, &old_child_action_, nullptr);
    ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
  }

  siginfo_t wait() const {
    siginfo_t received{};
    while (::sigwaitinfo(&set_, &received) < 0) {
      // EINTR alone is possible: by a stop and continue.
    }
    return received;
  }

 private:
  sigset_t set_{};
  sigset_t old_mask_{};
  struct sigaction old_child_action_ {};
};

/// Asks for the signal that tells the parent's death, which may have come before.
Status die_with(const OwnedFd& parent, int signal) {
  if (::prctl(PR_SET_PDEATHSIG, signal) != 0) return fail("ask for", "the parent-death signal");
  pollfd end{parent.get(), POLLIN, 0};
  if (::poll(&end, 1, 0) > 0) ::raise(signal);
  return {};
}

/// Waits for the child to end. A stop of the child stops this process too, so that the shell above
/// sees it; when that is continued, so is the child.
Outcome follow(pid_t child, step::Fork::OnSignal on_signal, const WaitingSignals& signals) {
  for (;;) {
    const siginfo_t received = signals.wait();
    if (received.si_signo != SIGCHLD) {
      // What a terminal sends, it sends to the child as well (SI_KERNEL).
      const bool from_process = received.si_code <= 0 && received.si_pid != child;
      if (on_signal == step::Fork::OnSignal::forward && from_process) {
        ::kill(child, received.si_signo);
      }
      continue;
    }
    int status = 0;
    while (::waitpid(child, &status, WNOHANG | WUNTRACED) == child) {
      if (WIFEXITED(status)) return {WEXITSTATUS(status), 0};
      if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
      if (WIFSTOPPED(status)) {
        ::kill(::getpid(), SIGSTOP);
        ::kill(child, SIGCONT);
      }
    }
  }
}

}  // namespace

Result<std::optional<Outcome>> fork_and_follow(const step::Fork& step) {
  OwnedFd self;
  if (step.death_signal != 0) {
    self = OwnedFd(abi::pidfd_open(::getpid(), 0));
    if (!self) return fail("open a pidfd of", "this process");
  }
  const WaitingSignals signals(step.on_signal);
  const pid_t child = ::fork();
  if (child < 0) {
    const int code = errno;
    signals.restore();
    return fail("fork", "", code,
                code == ENOMEM ? "the pid namespace may have lost its init process" : "");
  }
  if (child == 0) {
    signals.restore();
    if (step.death_signal != 0) {
      if (auto done = die_with(self, step.death_signal); !done) return error_of(done);
    }
    return std::nullopt;
  }
  const Outcome outcome = follow(child, step.on_signal, signals);
  signals.restore();
  return outcome;
}

}  // namespace nsx

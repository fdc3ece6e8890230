// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "plan/family.hh"

namespace nsx {

namespace {

bool is_stop(int signal) {
  return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/// Returns whether a signal terminates the process by default and can be read from a descriptor.
/// Excludes INT and TERM, whose handling is part of the step.
bool ends_by_default(int signal) {
  switch (signal) {
    case SIGHUP:
    case SIGQUIT:
    case SIGUSR1:
    case SIGUSR2:
    case SIGPIPE:
    case SIGALRM:
    case SIGSTKFLT:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGVTALRM:
    case SIGPROF:
    case SIGIO:
    case SIGPWR:
      return true;
    default:
      return signal >= SIGRTMIN && signal <= SIGRTMAX;
  }
}

/// Returns whether users and scripts use this signal to end a program.
bool tells_to_end(int signal) {
  return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

/// How long the output of a program that was told to end may be blocked, in milliseconds.
constexpr int kPatience = 1000;

/// Returns a signal set in /proc/PID/status (proc(5)).
std::uint64_t signal_set(const std::string& status, const char* line) {
  const std::size_t at = status.find(line);
  if (at == std::string::npos) return 0;
  return std::strtoull(status.c_str() + at + std::strlen(line), nullptr, 16);
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

class Follower {
 public:
  Follower(const Followed& followed, const WaitedSignals& signals)
      : followed_(followed), signals_(signals) {}

  Outcome run() {
    std::array<pollfd, 3 + Terminal::kWaitsFor> fds{};
    fds.fill({-1, 0, 0});
    while (!child_ended_) {
      fds[0] = {signals_.fd(), POLLIN, 0};
      fds[1] = {followed_.channel != nullptr ? followed_.channel->fd() : -1, POLLIN, 0};
      fds[2] = {waits_for_start() ? followed_.executed->get() : -1, POLLIN, 0};
      const int wait = followed_.terminal != nullptr ? followed_.terminal->ask(&fds[3]) : -1;
      // Only EINTR is possible, after a stop and continue.
      if (::poll(fds.data(), fds.size(), wait) < 0) continue;

      if (followed_.terminal != nullptr) {
        followed_.terminal->copy(&fds[3]);
        stop_program_by_key();
      }
      if (fds[1].revents != 0) take_messages();
      if (fds[2].revents != 0) tell_start();
      if (fds[0].revents != 0) take_signals();
    }
    // The child may have exited before these events were handled.
    take_messages();
    tell_start();
    if (followed_.terminal != nullptr) pass_on_rest();
    return outcome_;
  }

 private:
  /// Copies the remaining output of the program as fast as it is read. A signal ends this. If the
  /// program was already told to end, so does a timeout when nobody reads.
  void pass_on_rest() const {
    Terminal& terminal = *followed_.terminal;
    const bool shall_end = told_to_end_ || terminal.has_passed_interrupt();
    terminal.end();
    std::array<pollfd, 1 + Terminal::kWaitsFor> fds{};
    while (terminal.has_output_left()) {
      fds[0] = {signals_.fd(), POLLIN, 0};
      terminal.ask(&fds[1]);
      const int ready = ::poll(fds.data(), fds.size(), shall_end ? kPatience : -1);
      if (ready == 0) return;
      if (ready < 0) continue;
      terminal.copy(&fds[1]);
      while (const auto signal = signals_.next())
        act_alone(*signal);
    }
  }

  /// The effect of a signal after the program has exited.
  void act_alone(const signalfd_siginfo& signal) const {
    const auto number = static_cast<int>(signal.ssi_signo);
    if (is_stop(number)) {
      stop_alone();
    } else if (tells_to_end(number) || (ends_by_default(number) && !is_own_pipe(signal))) {
      let_act(number);
    }
  }

  bool waits_for_start() const {
    return started_.has_value() && followed_.executed != nullptr && *followed_.on_start;
  }

  void tell_start() {
    if (!waits_for_start()) return;
    char failed = 0;
    if (::read(followed_.executed->get(), &failed, 1) == 0) (*followed_.on_start)(*started_);
    started_.reset();
  }

  void take_messages() {
    if (followed_.channel == nullptr) return;
    Message message;
    pid_t sender = 0;
    while (followed_.channel->receive(message, {.sender = &sender, .waits = false})) {
      switch (message.type) {
        case Message::Type::starting:
          started_ = message.started;
          started_->pid = sender;
          break;
        case Message::Type::failed:
          started_.reset();
          break;
        case Message::Type::stopped:
          stop_too();
          break;
        case Message::Type::ended:
          told_outcome_ = true;
          outcome_ = message.outcome;
          break;
      }
    }
  }

  void take_signals() {
    while (!child_ended_) {
      const auto signal = signals_.next();
      if (!signal) return;
      const auto number = static_cast<int>(signal->ssi_signo);
      if (number == SIGCHLD) {
        wait_for_child();
      } else if (followed_.terminal != nullptr) {
        act_beside_terminal(number, *signal);
      } else if (forwards(number) && is_sent(*signal, followed_.child)) {
        // The program has already received the signals of the terminal.
        ::kill(followed_.child, number);
      }
    }
  }

  bool forwards(int signal) const {
    const auto& list = followed_.step->forward;
    return signal == SIGTSTP || std::find(list.begin(), list.end(), signal) != list.end();
  }

  /// The program has a different terminal than this process, so no signal reaches both.
  void act_beside_terminal(int number, const signalfd_siginfo& signal) {
    told_to_end_ |= tells_to_end(number);
    const bool by_key = signal.ssi_code > 0;
    if (number == SIGWINCH) followed_.terminal->resize();
    if (is_stop(number) && followed_.is_init) {
      ::kill(followed_.child, SIGTSTP);
    } else if (is_stop(number)) {
      // Its process group is orphaned, and ignores every other stop signal.
      signal_program_group(SIGSTOP);
    } else if (by_key && (number == SIGINT || number == SIGQUIT)) {
      followed_.terminal->send_key_signal(number);
    } else if (forwards(number)) {
      ::kill(followed_.child, number);
    } else if (ends_by_default(number) && !is_own_pipe(signal)) {
      let_act(number);
    }
  }

  /// This process has already handled its own broken pipe.
  static bool is_own_pipe(const signalfd_siginfo& signal) {
    return signal.ssi_signo == SIGPIPE && !is_sent(signal, ::getpid());
  }

  void let_act(int number) const {
    followed_.terminal->put_back();
    signals_.let_act(number);
    followed_.terminal->take_over();
  }

  void wait_for_child() {
    int status = 0;
    while (::waitpid(followed_.child, &status, WNOHANG | WUNTRACED) == followed_.child) {
      if (WIFSTOPPED(status)) {
        stop_too();
        continue;
      }
      child_ended_ = true;
      // An init cannot die of the same signal as its program, so the reported outcome takes
      // precedence.
      take_messages();
      if (!told_outcome_) {
        outcome_ =
            WIFSIGNALED(status) ? Outcome{0, WTERMSIG(status)} : Outcome{WEXITSTATUS(status), 0};
      }
      return;
    }
  }

  void stop_too() const {
    if (followed_.terminal == nullptr) {
      ::kill(::getpid(), SIGSTOP);
      ::kill(followed_.child, SIGCONT);
      return;
    }
    stop_alone();
    followed_.terminal->resize();
    signal_program_group(SIGCONT);
  }

  void stop_alone() const {
    followed_.terminal->put_back();
    ::kill(::getpid(), SIGSTOP);
    followed_.terminal->take_over();
  }

  /// The kernel does not stop an orphaned process group by that key, so this does: only for a
  /// program that neither ignores nor catches the signal.
  void stop_program_by_key() const {
    const pid_t program = followed_.child;
    // The program of an init is not in an orphaned process group.
    if (followed_.is_init || !followed_.terminal->has_stopped(program)) return;
    const auto status = read_file_at(followed_.proc, (std::to_string(program) + "/status").c_str());
    if (!status) return;
    const std::uint64_t bit = std::uint64_t{1} << (SIGTSTP - 1);
    const std::uint64_t handled = signal_set(*status, "SigIgn:") | signal_set(*status, "SigCgt:");
    if ((handled & bit) == 0) signal_program_group(SIGSTOP);
  }

  /// The program leads a process group after it has taken its terminal.
  void signal_program_group(int signal) const {
    if (::kill(-followed_.child, signal) != 0) ::kill(followed_.child, signal);
  }

  const Followed& followed_;
  const WaitedSignals& signals_;
  std::optional<Started> started_;
  Outcome outcome_;
  bool told_outcome_ = false;
  bool child_ended_ = false;
  bool told_to_end_ = false;  ///< this process, and therefore the program, has received a signal to
                              ///< end
};

}  // namespace

const std::vector<int>& usual_signals() {
  static const std::vector<int> signals = [] {
    std::vector<int> all{kEndingSignals.begin(), kEndingSignals.end()};
    all.insert(all.end(), {SIGUSR1, SIGUSR2, SIGWINCH});
    return all;
  }();
  return signals;
}

void add_ending_signals(std::vector<int>& signals) {
  for (const int signal : kEndingSignals) {
    if (std::ranges::find(signals, signal) == signals.end()) signals.push_back(signal);
  }
}

Result<WaitedSignals> block_signals(const step::Fork& step, bool has_terminal, bool has_channel) {
  std::vector<int> signals{SIGCHLD, SIGINT, SIGTERM};
  signals.insert(signals.end(), step.forward.begin(), step.forward.end());
  if (has_terminal) {
    signals.insert(signals.end(), {SIGWINCH, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU});
    // None of these may end this process before the caller's terminal is restored.
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
      if (ends_by_default(signal) && !is_ignored(signal)) signals.push_back(signal);
    }
  } else if (has_channel) {
    // An init reports stops of the program; a signal from the terminal would stop this process
    // twice.
    signals.insert(signals.end(), {SIGTSTP, SIGTTIN, SIGTTOU});
  }
  return WaitedSignals::block(signals);
}

Outcome follow(const Followed& followed, const WaitedSignals& signals) {
  if (followed.terminal != nullptr) followed.terminal->leave_to_child();
  const Outcome outcome = Follower(followed, signals).run();
  if (followed.terminal != nullptr) {
    followed.terminal->put_back();
    // At any terminal, the key that ended the program signals the whole process group. A script
    // continues if it does not receive the signal.
    const bool is_key = outcome.signal == SIGINT || outcome.signal == SIGQUIT;
    if (is_key && followed.terminal->has_passed_interrupt()) ::kill(0, outcome.signal);
    // Discard signals that have already had their effect.
    while (signals.next()) {
    }
  }
  return outcome;
}

Result<WaitedSignals> WaitedSignals::block(const sigset_t& set) {
  WaitedSignals signals;
  signals.fd_ = OwnedFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_) return fail("open", "a signal descriptor");
  ::sigprocmask(SIG_BLOCK, &set, &signals.old_mask_);
  // If the caller ignores SIGCHLD, the kernel would discard the status of the child.
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

void WaitedSignals::let_act(int signal) const {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

std::optional<signalfd_siginfo> WaitedSignals::next() const {
  signalfd_siginfo signal{};
  if (::read(fd_.get(), &signal, sizeof signal) != sizeof signal) return std::nullopt;
  return signal;
}

}  // namespace nsx

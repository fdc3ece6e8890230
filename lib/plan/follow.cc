#include "plan/follow.hh"

#include <algorithm>
#include <array>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nsx {

namespace {

class Follower {
 public:
  Follower(const Followed& followed, const WaitedSignals& signals)
      : followed_(followed), signals_(signals) {}

  Outcome run() {
    std::array<pollfd, 5> fds{};
    while (!child_ended_) {
      fds[0] = {signals_.fd(), POLLIN, 0};
      fds[1] = {followed_.channel != nullptr ? followed_.channel->fd() : -1, POLLIN, 0};
      fds[2] = {waits_for_start() ? followed_.executed->get() : -1, POLLIN, 0};
      fds[3] = fds[4] = {-1, 0, 0};
      if (followed_.terminal != nullptr) followed_.terminal->ask(&fds[3]);
      // EINTR alone can happen, by a stop and continue.
      if (::poll(fds.data(), fds.size(), -1) < 0) continue;

      if (followed_.terminal != nullptr) followed_.terminal->copy(&fds[3]);
      if (fds[1].revents != 0) take_messages();
      if (fds[2].revents != 0) tell_start();
      if (fds[0].revents != 0) take_signals();
    }
    // What happened quickly is still to be told.
    take_messages();
    tell_start();
    return outcome_;
  }

 private:
  bool waits_for_start() const {
    return started_.has_value() && followed_.executed != nullptr && *followed_.on_start;
  }

  void tell_start() {
    if (!waits_for_start()) return;
    (*followed_.on_start)(*started_);
    started_.reset();
  }

  void take_messages() {
    if (followed_.channel == nullptr) return;
    while (const auto message = followed_.channel->receive()) {
      switch (message->type) {
        case Message::Type::starting:
          started_ = message->started;
          break;
        case Message::Type::failed:
          started_.reset();
          break;
        case Message::Type::stopped:
          stop_too();
          break;
        case Message::Type::ended:
          told_outcome_ = true;
          outcome_ = message->outcome;
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
      } else if (number == SIGWINCH && followed_.terminal != nullptr) {
        followed_.terminal->resize();
      } else if (forwards(number) && reaches_only_us(*signal)) {
        ::kill(followed_.child, number);
      }
    }
  }

  bool forwards(int signal) const {
    const auto& list = followed_.step->forward;
    return signal == SIGTSTP || std::find(list.begin(), list.end(), signal) != list.end();
  }

  /// Not so of what a terminal sends, but to a program that has another terminal.
  bool reaches_only_us(const signalfd_siginfo& signal) const {
    return is_sent(signal, followed_.child) || followed_.terminal != nullptr;
  }

  void wait_for_child() {
    int status = 0;
    while (::waitpid(followed_.child, &status, WNOHANG | WUNTRACED) == followed_.child) {
      if (WIFSTOPPED(status)) {
        stop_too();
        continue;
      }
      child_ended_ = true;
      // An init can't die of its program's signal: what it told before counts.
      take_messages();
      if (!told_outcome_) {
        outcome_ =
            WIFSIGNALED(status) ? Outcome{0, WTERMSIG(status)} : Outcome{WEXITSTATUS(status), 0};
      }
      return;
    }
  }

  void stop_too() const {
    if (followed_.terminal != nullptr) followed_.terminal->put_back();
    ::kill(::getpid(), SIGSTOP);
    if (followed_.terminal != nullptr) {
      followed_.terminal->make_raw();
      followed_.terminal->resize();
    }
    ::kill(followed_.child, SIGCONT);
  }

  const Followed& followed_;
  const WaitedSignals& signals_;
  std::optional<Started> started_;
  Outcome outcome_;
  bool told_outcome_ = false;
  bool child_ended_ = false;
};

}  // namespace

Result<WaitedSignals> block_signals(const step::Fork& step, bool has_terminal, bool has_channel) {
  std::vector<int> signals{SIGCHLD, SIGINT, SIGTERM};
  signals.insert(signals.end(), step.forward.begin(), step.forward.end());
  if (has_terminal) {
    // A broken pipe must not keep us from putting the caller's terminal back.
    signals.insert(signals.end(), {SIGWINCH, SIGPIPE});
  } else if (has_channel) {
    // An init tells of the program's stop: one by the terminal would stop us twice.
    signals.insert(signals.end(), {SIGTSTP, SIGTTIN, SIGTTOU});
  }
  return WaitedSignals::block(signals);
}

Outcome follow(const Followed& followed, const WaitedSignals& signals) {
  if (followed.terminal != nullptr) followed.terminal->leave_to_child();
  const Outcome outcome = Follower(followed, signals).run();
  if (followed.terminal != nullptr) {
    followed.terminal->drain();
    followed.terminal->put_back();
    // A broken pipe has had its effect.
    while (signals.next()) {
    }
  }
  return outcome;
}

}  // namespace nsx

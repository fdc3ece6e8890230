// SPDX-License-Identifier: MIT
#include "nsx-cg/top_live.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <nsx/fd.hh>
#include <nsx/text.hh>

#include "common/report.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

using Clock = std::chrono::steady_clock;
using Kind = TopAction::Kind;

/// Rates need two readings: the second one follows soon.
constexpr std::chrono::milliseconds kFirstInterval{250};

/// Receives signals by a descriptor, so that poll(2) does not miss any.
class Signals {
 public:
  static Result<Signals> take() {
    Signals signals;
    sigset_t wanted{};
    ::sigemptyset(&wanted);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
      ::sigaddset(&wanted, signal);
    signals.fd_ = OwnedFd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals.fd_) return fail("create", "a signalfd");
    if (::sigprocmask(SIG_BLOCK, &wanted, &signals.before_) != 0) return fail("block", "signals");
    return signals;
  }

  int fd() const { return fd_.get(); }

  /// Returns the next pending signal, or 0.
  int next() const {
    signalfd_siginfo info{};
    if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 0;
    return static_cast<int>(info.ssi_signo);
  }

  void give_back() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  OwnedFd fd_;
  sigset_t before_{};
};

class Live {
 public:
  Live(const CgroupTree& tree, TopSource& source, TopModel& model, const std::string& note,
       std::optional<std::uint64_t> count)
      : tree_(tree), source_(source), model_(model), note_(note), count_(count) {}

  Result<int> run(TopTerminal& terminal, const Signals& signals) {
    TRY(look());
    next_look_ = Clock::now() + std::min(kFirstInterval, model_.settings().interval);
    show(terminal);
    while (!is_over()) {
      TRY(wait(signals));
      if (const int signal = signals.next(); signal != 0) return signal == SIGINT ? 0 : signal;
      take_keys(terminal);
      if (!is_over() && Clock::now() >= next_look_) {
        TRY(look());
        next_look_ = Clock::now() + model_.settings().interval;
        ++looks_;
      }
      show(terminal);
    }
    return 0;
  }

 private:
  bool is_over() const { return quits_ || (count_ && looks_ >= *count_); }

  Status look() {
    auto snapshot = TRY(source_.next(model_.wanted_files()));
    model_.take(std::move(snapshot));
    // Processes are updated with each sample. An explanation takes longer and stays until requested
    // again.
    const TopPage* page = model_.page();
    if (page != nullptr && page->action.kind == Kind::processes) open_page(TopAction(page->action));
    return {};
  }

  void open_page(const TopAction& action) {
    auto lines = page_of(tree_, action);
    if (lines) {
      model_.show_page(action, std::move(*lines));
    } else {
      model_.tell(cli::one_line(lines.error()));
    }
  }

  void show(TopTerminal& terminal) {
    const TopSize size = terminal.size();
    model_.set_room(room_for_rows(size, note_));
    terminal.show(draw(model_, size, note_));
  }

  Status wait(const Signals& signals) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_look_ - Clock::now());
    std::array<pollfd, 2> fds{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{signals.fd(), POLLIN, 0}};
    constexpr std::chrono::milliseconds kNone{0};
    const int ready =
        ::poll(fds.data(), fds.size(), static_cast<int>(std::max(kNone, left).count()));
    // EINTR: ncurses handled a signal, as the terminal was resized or the program continued.
    if (ready < 0 && errno != EINTR) return fail("wait for", "input");
    has_input_ = ready > 0 && (fds[0].revents & POLLIN) != 0;
    if (ready > 0 && (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) quits_ = true;
    return {};
  }

  void take_keys(TopTerminal& terminal) {
    // Readable without data: end of input.
    int bytes = 0;
    if (has_input_ && ::ioctl(STDIN_FILENO, FIONREAD, &bytes) == 0 && bytes == 0) quits_ = true;
    while (!quits_) {
      const auto pressed = terminal.next_key();
      if (!pressed) return;
      if (!pressed->key) continue;
      model_.set_room(room_for_rows(terminal.size(), note_));
      perform(model_.press(*pressed->key), terminal);
    }
  }

  void perform(const TopAction& action, TopTerminal& terminal) {
    switch (action.kind) {
      case Kind::nothing:
        break;
      case Kind::quit:
        quits_ = true;
        break;
      case Kind::refresh:
        next_look_ = Clock::now();
        break;
      case Kind::repaint:
        terminal.repaint();
        break;
      case Kind::explain:
      case Kind::processes:
        open_page(action);
        break;
      case Kind::freeze:
      case Kind::thaw:
      case Kind::kill: {
        const Status done = carry_out(tree_, action);
        const char* what = action.kind == Kind::freeze ? "frozen: "
                           : action.kind == Kind::thaw ? "thawed: "
                                                       : "killed: ";
        const int room = terminal.size().columns - width_of(what);
        const std::string name =
            name_within(printable(action.container), printable(action.path), room);
        model_.tell(done ? what + name : cli::one_line(done.error()));
        break;
      }
    }
  }

  const CgroupTree& tree_;
  TopSource& source_;
  TopModel& model_;
  const std::string& note_;
  std::optional<std::uint64_t> count_;
  Clock::time_point next_look_;
  std::uint64_t looks_ = 0;
  bool has_input_ = false;
  bool quits_ = false;
};

}  // namespace

Result<int> run_live(const CgroupTree& tree, TopSource& source, TopModel& model,
                     const std::string& note, std::optional<std::uint64_t> count, bool colors) {
  const auto signals = TRY(Signals::take());
  Result<int> ended = 0;
  {
    auto terminal = TopTerminal::open(colors);
    ended = terminal ? Live(tree, source, model, note, count).run(*terminal, signals)
                     : error_of(terminal);
  }
  signals.give_back();
  return ended;
}

}  // namespace nsx::cg_tool

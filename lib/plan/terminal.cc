// SPDX-License-Identifier: MIT
#include "plan/terminal.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <nsx/create.hh>
#include <nsx/plan.hh>

#include "plan/facts.hh"
#include "try.hh"

namespace nsx {

namespace {

/// The size of a single copy.
constexpr std::size_t kPiece = 4096;

/// More than the kernel buffers for a pseudo-terminal (64 KiB, plus a buffer of 4 KiB).
constexpr std::size_t kMostLeft = std::size_t{128} * 1024;

bool is_pipe(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

bool are_same(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
         a.c_lflag == b.c_lflag && std::equal(a.c_cc, a.c_cc + NCCS, b.c_cc);
}

/// The flags for the near side of a pseudo-terminal.
constexpr int kOurFlags = O_RDWR | O_NOCTTY | O_NONBLOCK;

/// The interval for checking whether the caller's terminal is free, in milliseconds.
constexpr int kLookAgain = 100;

/// Signals for faults in this process. They cannot be read from a descriptor: if one is raised
/// while blocked, it kills the process at once.
constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

// State for the handler, which runs in the thread that changes it.
int raw_terminal = -1;
termios settings_before;
volatile std::sig_atomic_t is_raw = 0;
std::array<struct sigaction, kFaults.size()> actions_before;

/// Only uses functions listed in signal-safety(7).
void put_back_and_raise(int signal) {
  if (is_raw != 0) ::tcsetattr(raw_terminal, TCSANOW, &settings_before);
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    if (kFaults[i] == signal) ::sigaction(signal, &actions_before[i], nullptr);
  }
  // The signal is blocked here, and takes effect on return.
  ::raise(signal);
}

void catch_faults() {
  struct sigaction action {};
  action.sa_handler = put_back_and_raise;
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    ::sigaction(kFaults[i], &action, &actions_before[i]);
    // Keep ignored signals ignored.
    if (actions_before[i].sa_handler == SIG_IGN) {
      ::sigaction(kFaults[i], &actions_before[i], nullptr);
    }
  }
}

}  // namespace

bool has_terminal() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::isatty(fd) == 1) return true;
  }
  return static_cast<bool>(OwnedFd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)));
}

Result<Terminal> Terminal::open(const step::OpenTerminal& step) {
  Terminal terminal;
  if (!terminal.open_in(step)) {
    terminal.ours_ = OwnedFd(::open("/dev/ptmx", kOurFlags | O_CLOEXEC));
    if (!terminal.ours_) {
      const int code = errno;
      return fail(
          "open", "/dev/ptmx", code,
          code == ENOSPC
              ? "all pseudo-terminals are in use, raise the limit: sysctl kernel.pty.max=NUMBER"
              : "mount -t devpts devpts /dev/pts");
    }
    TRY(terminal.open_programs());
  }
  terminal.find_callers(step);
  TRY(terminal.set_up());
  terminal.resize();
  if (terminal.input_from_ == Input::none) terminal.end_input();
  return terminal;
}

/// Opens a terminal in the devpts of the program's files. Returns false if that is not possible: it
/// may be full, or its mount may not allow devices.
bool Terminal::open_in(const step::OpenTerminal& step) {
  if (step.devpts < 0) return false;
  ours_ = open_ptmx(step.devpts, kOurFlags);
  if (!ours_ || !open_programs()) return false;
  // Like login(1), so that processes inside can open it by name. If that is not permitted, it stays
  // the caller's, who is root inside or has no additional rights there.
  if (step.owner) [[maybe_unused]]
    const int done = ::fchown(programs_.get(), *step.owner, static_cast<gid_t>(-1));
  return true;
}

Status Terminal::open_programs() {
  const int unlocked = 0;
  if (::ioctl(ours_.get(), TIOCSPTLCK, &unlocked) != 0) {
    return fail("unlock", "the new pseudo-terminal");
  }
  // By descriptor instead of by name in /dev/pts (Linux 4.13).
  programs_ = OwnedFd(::ioctl(ours_.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!programs_) return fail("open", "the new pseudo-terminal");
  return {};
}

void Terminal::find_callers(const step::OpenTerminal& step) {
  if (!step.only_for_terminals) {
    replaces_ = {true, true, true};
    input_from_ = ::isatty(STDIN_FILENO) == 1 ? Input::keys : Input::as_it_is;
    reads_ = STDIN_FILENO;
    writes_ = STDOUT_FILENO;
    open_output();
    return;
  }
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    replaces_[static_cast<std::size_t>(fd)] = ::isatty(fd) == 1;
  const auto& [in, out, errors] = replaces_;
  if (!in || (!out && !errors))
    opened_ = OwnedFd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  reads_ = in ? STDIN_FILENO : opened_.get();
  writes_ = out ? STDOUT_FILENO : errors ? STDERR_FILENO : opened_.get();
  if (writes_ < 0 && in) writes_ = STDIN_FILENO;
  open_output();
  if (reads_ >= 0) input_from_ = in && !is_pipe(STDOUT_FILENO) ? Input::keys : Input::lines;
}

/// Setting O_NONBLOCK on the caller's descriptor would affect all processes that share it.
void Terminal::open_output() {
  struct stat st {};
  const bool can_wait =
      writes_ >= 0 && ::fstat(writes_, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode));
  if (!can_wait) return;
  const std::string path = "/proc/self/fd/" + std::to_string(writes_);
  output_fd_ = OwnedFd(::open(path.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (output_fd_) writes_ = output_fd_.get();
}

Status Terminal::set_up() {
  termios settings{};
  if (reads_ >= 0 && ::tcgetattr(reads_, &settings) == 0) {
    settings_ = settings;
  } else if (::tcgetattr(programs_.get(), &settings) != 0) {
    return fail("read the settings of", "the new pseudo-terminal");
  }
  // Such input is not typed, or was already echoed by the caller's terminal.
  if (input_from_ != Input::keys) settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (::tcsetattr(programs_.get(), TCSANOW, &settings) != 0) {
    return fail("set up", "the new pseudo-terminal");
  }
  // So that copying needs no memory, and cannot fail while the caller's terminal is raw.
  input_.reserve(kPiece);
  output_.reserve(kPiece);
  return {};
}

Status Terminal::attach() {
  ours_ = OwnedFd();
  opened_ = OwnedFd();
  output_fd_ = OwnedFd();
  if (::setsid() < 0) return fail("start", "a new session");
  if (::ioctl(programs_.get(), TIOCSCTTY, 0) != 0) {
    return fail("make {} the controlling terminal", "the new pseudo-terminal");
  }
  for (int fd = 0; fd <= 2; ++fd) {
    if (!replaces_[static_cast<std::size_t>(fd)]) continue;
    if (::dup2(programs_.get(), fd) < 0)
      return fail("attach the pseudo-terminal to", "the standard descriptors");
  }
  return {};
}

Status Terminal::take_foreground() {
  // Possible from the background, because SIGTTOU is blocked here.
  if (::setpgid(0, 0) == 0 && ::tcsetpgrp(programs_.get(), ::getpid()) == 0) return {};
  return fail("take the foreground of", "the new pseudo-terminal");
}

void Terminal::leave_to_child() {
  programs_ = OwnedFd();
}

bool Terminal::is_in_foreground() const {
  const pid_t group = ::tcgetpgrp(reads_);
  // If it is not the controlling terminal of this process, there is no background.
  return group < 0 || group == ::getpgrp();
}

void Terminal::take_over() const {
  if (input_from_ == Input::keys && settings_ && is_in_foreground()) {
    enter_raw_mode(reads_, *settings_);
  }
}

void Terminal::put_back() const {
  leave_raw_mode();
}

void Terminal::resize() const {
  winsize size{};
  for (const int fd : {reads_, writes_, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0) continue;
    ::ioctl(ours_.get(), TIOCSWINSZ, &size);
    return;
  }
}

void Terminal::send_key_signal(int signal) const {
  ::ioctl(ours_.get(), TIOCSIG, signal);
}

bool Terminal::has_stopped(pid_t program) {
  if (!std::exchange(passed_stop_, false)) return false;
  termios now{};
  return ::tcgetattr(ours_.get(), &now) == 0 && (now.c_lflag & ISIG) != 0 &&
         ::tcgetpgrp(ours_.get()) == program;
}

/// Returns whether the program has changed its terminal settings like an editor, a pager, or a
/// password prompt.
bool Terminal::program_wants_keys() const {
  termios now{};
  if (::tcgetattr(ours_.get(), &now) != 0) return false;
  const tcflag_t cooked = settings_->c_lflag & (ICANON | ISIG | ECHOK);
  return (now.c_lflag & cooked) != cooked;
}

bool Terminal::may_read() const {
  if (input_from_ == Input::none) return false;
  if (input_from_ == Input::as_it_is || !settings_) return true;
  if (!is_in_foreground()) return false;
  if (input_from_ == Input::keys) {
    take_over();
    return true;
  }
  if (is_in_raw_mode()) {
    if (!program_wants_keys()) leave_raw_mode();
    return true;
  }
  termios now{};
  if (::tcgetattr(reads_, &now) != 0 || !are_same(now, *settings_)) return false;
  if (program_wants_keys()) enter_raw_mode(reads_, *settings_);
  return true;
}

int Terminal::ask(pollfd* fds) const {
  const bool wants_input = input_open_ && input_.empty();
  const bool takes_input = wants_input && may_read();
  fds[0] = {takes_input ? reads_ : -1, POLLIN, 0};
  // Read no faster than the caller's output accepts it.
  const auto events =
      static_cast<short>((output_.empty() ? POLLIN : 0) | (input_.empty() ? 0 : POLLOUT));
  fds[1] = {output_open_ && events != 0 ? ours_.get() : -1, events, 0};
  fds[2] = {output_.empty() ? -1 : writes_, POLLOUT, 0};
  return wants_input && !takes_input ? kLookAgain : -1;
}

void Terminal::copy(const pollfd* fds) {
  if (fds[0].revents != 0 && may_read()) read_input(fds[0].revents);
  if ((fds[1].revents & POLLOUT) != 0) write_input();
  if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && output_.empty()) read_output();
  if (fds[2].revents != 0) write_output();
}

void Terminal::read_input(short events) {
  std::array<char, kPiece> text;
  const ssize_t n = ::read(reads_, text.data(), text.size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  const bool is_gone = !settings_ || (events & POLLHUP) != 0;
  // EIO: this process has just moved to the background.
  if (n < 0 && errno == EIO && !is_gone) return;
  if (n <= 0) {
    end_input();
    // The end-of-file key does not close a terminal.
    if (n == 0 && !is_gone) input_open_ = true;
    return;
  }
  input_.assign(text.data(), static_cast<std::size_t>(n));
  last_input_ = input_.back();
  if (is_in_raw_mode()) {
    const auto has_key = [&](int key) {
      return input_.find(static_cast<char>(settings_->c_cc[key])) != std::string::npos;
    };
    passed_interrupt_ |= has_key(VINTR) || has_key(VQUIT);
    passed_stop_ |= has_key(VSUSP);
  }
  write_input();
}

void Terminal::end_input() {
  input_open_ = false;
  // This key is the only way to signal the end of input on a terminal; in the middle of a line, it
  // is needed twice.
  termios settings{};
  if (::tcgetattr(ours_.get(), &settings) != 0 || (settings.c_lflag & ICANON) == 0) return;
  const auto key = static_cast<char>(settings.c_cc[VEOF]);
  input_.assign(last_input_ == '\n' ? 1 : 2, key);
  write_input();
}

void Terminal::write_input() {
  const ssize_t n = ::write(ours_.get(), input_.data(), input_.size());
  if (n > 0) input_.erase(0, static_cast<std::size_t>(n));
  // EIO: the program has closed its terminal.
  if (n < 0 && errno == EIO) input_.clear();
}

/// Returns the number of bytes read.
std::size_t Terminal::read_output() {
  if (!output_open_) return 0;
  output_.resize(kPiece);
  const ssize_t n = ::read(ours_.get(), output_.data(), output_.size());
  const std::size_t size = n > 0 ? static_cast<std::size_t>(n) : 0;
  output_.resize(size);
  // EIO: nobody holds the other side any more.
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) output_open_ = false;
  if (writes_ < 0) output_.clear();
  // If it would block, poll(2) reports when it does not.
  if (output_fd_ && !output_.empty()) write_output();
  return size;
}

void Terminal::write_output() {
  const ssize_t n = ::write(writes_, output_.data(), output_.size());
  if (n >= 0) {
    output_.erase(0, static_cast<std::size_t>(n));
    return;
  }
  if (errno == EINTR || errno == EAGAIN) return;
  write_error_ = errno;
  // As with a broken pipe: hang up the program's terminal.
  input_open_ = output_open_ = false;
  input_.clear();
  output_.clear();
  ours_ = OwnedFd();
}

void Terminal::end() {
  input_open_ = false;
  input_.clear();
  left_ = kMostLeft;
}

bool Terminal::has_output_left() {
  while (output_.empty() && left_ > 0) {
    const std::size_t n = read_output();
    if (n == 0) break;
    left_ -= std::min(n, left_);
  }
  return !output_.empty();
}

void enter_raw_mode(int fd, const termios& restored_later) {
  if (is_raw != 0) return;
  raw_terminal = fd;
  settings_before = restored_later;
  catch_faults();
  is_raw = 1;
  termios raw = restored_later;
  ::cfmakeraw(&raw);
  ::tcsetattr(fd, TCSADRAIN, &raw);
}

void leave_raw_mode() {
  if (is_raw == 0) return;
  ::tcsetattr(raw_terminal, TCSADRAIN, &settings_before);
  is_raw = 0;
  for (std::size_t i = 0; i < kFaults.size(); ++i)
    ::sigaction(kFaults[i], &actions_before[i], nullptr);
}

bool is_in_raw_mode() {
  return is_raw != 0;
}

}  // namespace nsx

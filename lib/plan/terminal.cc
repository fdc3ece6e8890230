#include "plan/terminal.hh"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace nsx {

namespace {

/// Writes all of it; false if nobody takes it any more.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      pollfd writable{fd, POLLOUT, 0};
      ::poll(&writable, 1, -1);
      continue;
    }
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Result<Terminal> Terminal::open() {
  Terminal terminal;
  terminal.ours_ = OwnedFd(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!terminal.ours_) return fail("open", "/dev/ptmx", errno, "is devpts mounted?");
  const int unlocked = 0;
  if (::ioctl(terminal.ours_.get(), TIOCSPTLCK, &unlocked) != 0) {
    return fail("unlock", "the new pseudo-terminal");
  }
  // By the descriptor, not by a name in /dev/pts (Linux 4.13).
  terminal.programs_ =
      OwnedFd(::ioctl(terminal.ours_.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal.programs_) return fail("open", "the new pseudo-terminal");

  termios settings{};
  if (::tcgetattr(STDIN_FILENO, &settings) == 0) {
    terminal.callers_ = settings;
  } else {
    if (::tcgetattr(terminal.programs_.get(), &settings) != 0) {
      return fail("read the settings of", "the new pseudo-terminal");
    }
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  }
  if (::tcsetattr(terminal.programs_.get(), TCSANOW, &settings) != 0) {
    return fail("set up", "the new pseudo-terminal");
  }
  terminal.resize();
  return terminal;
}

Status Terminal::attach() {
  ours_ = OwnedFd();
  if (::setsid() < 0) return fail("make", "a new session");
  if (::ioctl(programs_.get(), TIOCSCTTY, 0) != 0) {
    return fail("take as controlling terminal", "the new pseudo-terminal");
  }
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(programs_.get(), fd) < 0) return fail("put the pseudo-terminal on", "descriptors");
  }
  programs_ = OwnedFd();
  return {};
}

void Terminal::leave_to_child() {
  programs_ = OwnedFd();
}

void Terminal::make_raw() const {
  if (!callers_) return;
  termios raw = *callers_;
  ::cfmakeraw(&raw);
  // In the background this stops us, as it should: the terminal is another's now.
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

void Terminal::put_back() const {
  if (callers_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*callers_);
}

void Terminal::resize() const {
  winsize size{};
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0) continue;
    ::ioctl(ours_.get(), TIOCSWINSZ, &size);
    return;
  }
}

void Terminal::ask(pollfd* two) const {
  const bool takes_input = input_open_ && input_.empty();
  two[0] = {takes_input ? STDIN_FILENO : -1, POLLIN, 0};
  const auto events = static_cast<short>(POLLIN | (input_.empty() ? 0 : POLLOUT));
  two[1] = {output_open_ ? ours_.get() : -1, events, 0};
}

void Terminal::copy(const pollfd* two) {
  if (two[0].revents != 0) read_input();
  if ((two[1].revents & POLLOUT) != 0) write_input();
  if ((two[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) write_output();
}

void Terminal::read_input() {
  std::array<char, 4096> text;
  const ssize_t n = ::read(STDIN_FILENO, text.data(), text.size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) {
    end_input();
    return;
  }
  input_.assign(text.data(), static_cast<std::size_t>(n));
  last_input_ = input_.back();
  write_input();
}

void Terminal::end_input() {
  input_open_ = false;
  // A terminal has no other end than this key; in the middle of a line, it takes two.
  termios settings{};
  if (::tcgetattr(ours_.get(), &settings) != 0 || (settings.c_lflag & ICANON) == 0) return;
  const auto key = static_cast<char>(settings.c_cc[VEOF]);
  input_.assign(last_input_ == '\n' ? 1 : 2, key);
  write_input();
}

void Terminal::write_input() {
  const ssize_t n = ::write(ours_.get(), input_.data(), input_.size());
  if (n > 0) input_.erase(0, static_cast<std::size_t>(n));
  // The program has closed its terminal: nobody reads.
  if (n < 0 && errno == EIO) input_.clear();
}

bool Terminal::write_output() {
  std::array<char, 4096> text;
  const ssize_t n = ::read(ours_.get(), text.data(), text.size());
  if (n < 0 && errno == EINTR) return true;
  if (n < 0 && errno == EAGAIN) return false;
  if (n <= 0) {
    // Nobody holds the other side any more.
    output_open_ = false;
    return false;
  }
  if (!write_all(STDOUT_FILENO, {text.data(), static_cast<std::size_t>(n)})) {
    // As at a broken pipe: the program is told that its terminal is gone.
    input_open_ = output_open_ = false;
    input_.clear();
    ours_ = OwnedFd();
    return false;
  }
  return true;
}

void Terminal::drain() {
  while (output_open_ && write_output()) {
  }
}

}  // namespace nsx

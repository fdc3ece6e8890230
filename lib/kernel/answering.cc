// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <mutex>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/abi.hh"
#include "kernel/files.hh"
#include "kernel/spawn.hh"
#include "try.hh"

namespace nsx {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kForUser{10'000};
constexpr milliseconds kForOneFound{1'000};
constexpr milliseconds kForAllFound{2'000};
constexpr std::chrono::minutes kRenewal{1};

/// Tracks how long this process has waited for paths found by searches.
class SearchBudget {
 public:
  milliseconds left() {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (now - since_ >= kRenewal) {
      since_ = now;
      spent_ = {};
    }
    return std::max(milliseconds{0}, kForAllFound - spent_);
  }

  void spend(milliseconds time) {
    const std::lock_guard lock(mutex_);
    spent_ += time;
  }

 private:
  std::mutex mutex_;
  Clock::time_point since_ = Clock::now();
  milliseconds spent_{};
};

SearchBudget& search_budget() {
  static SearchBudget budget;
  return budget;
}

/// The work of the child. It allocates no memory, because other threads of the caller may hold
/// locks.
struct Errand {
  int dir = AT_FDCWD;
  const char* path = nullptr;
  open_how how{};
  bool lists = false;  ///< also list the directory if permitted, which makes a second request to
                       ///< the file system
};

int open_by(const Errand& errand) {
  if (errand.how.resolve == 0) {
    return ::openat(errand.dir, errand.path, static_cast<int>(errand.how.flags));
  }
  return static_cast<int>(
      ::syscall(SYS_openat2, errand.dir, errand.path, &errand.how, sizeof errand.how));
}

/// The same without the cache. A rename anywhere makes the kernel give up a path with ".." below a
/// root (EAGAIN, openat2(2)). The caller's timeout ends a try that never succeeds.
int open_until_done(const Errand& errand) {
  int fd = open_by(errand);
  while (fd < 0 && errno == EAGAIN)
    fd = open_by(errand);
  return fd;
}

void list_once(int directory) {
  alignas(dirent64) std::array<char, 4096> entries;
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  [[maybe_unused]] const auto n = ::getdents64(fd, entries.data(), entries.size());
}

int run(const Errand& errand, const Channel& caller) {
  const int fd = open_until_done(errand);
  const int code = fd < 0 ? errno : 0;
  if (fd >= 0 && errand.lists) list_once(fd);
  caller.send(code, fd);
  return 0;
}

/// How long to wait for a child to exit after it has finished or was killed.
constexpr milliseconds kToEnd{100};

/// Opens the file in a child. `time` is the timeout, and is set to the time used.
Result<OwnedFd> open_by_child(Errand errand, milliseconds& time) {
  const auto begin = Clock::now();
  OwnedFd here;
  if (errand.dir == AT_FDCWD && errand.path[0] != '/') {
    // The child changes its working directory.
    here = OwnedFd(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!here) return fail("open", errand.path);
    errand.dir = here.get();
  }
  // If it gets stuck, it must not keep the caller's pipes open.
  auto child = TRY(spawn({.name = "nsx-open",
                          .keep_fds = {errand.dir},
                          .has_channel = true,
                          .blocks_signals = true,
                          .death_signal = SIGKILL},
                         [&](const Channel& caller) { return run(errand, caller); }));
  int code = ETIMEDOUT;
  OwnedFd fd;
  const Channel& channel = child.channel();
  if (!is_readable_within(channel.fd(), time) || !channel.receive(code, {.fd = &fd})) child.kill();
  child.wait_or_let_go(kToEnd);
  time = std::chrono::ceil<milliseconds>(Clock::now() - begin);
  if (code != 0) {
    return fail("open", errand.path, code,
                code == ETIMEDOUT ? "check its file system, which does not answer" : "");
  }
  return fd;
}

Result<OwnedFd> open_in_time(const Errand& errand, PathFrom from) {
  if (from == PathFrom::user) {
    milliseconds time = kForUser;
    return open_by_child(errand, time);
  }
  milliseconds time = std::min(kForOneFound, search_budget().left());
  if (time <= milliseconds{0}) {
    return fail("open", errand.path, ETIMEDOUT,
                "try again: other file systems used up the time limit");
  }
  auto fd = open_by_child(errand, time);
  search_budget().spend(time);
  return fd;
}

/// Closes the descriptors that the caller's program inherited, such as its output. Those that
/// libnsx opens are close-on-exec.
void close_inherited() {
  constexpr int kMost = 256;
  for (int fd = 0; fd < kMost; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) ::close(fd);
  }
}

int write_text(const std::function<std::string()>& work, int pipe) {
  close_inherited();
  const std::string text = work();
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t n = ::write(pipe, rest.data(), rest.size());
    if (n <= 0) return 1;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

/// Reads from a pipe until it is closed. Returns false if the deadline passes first.
bool read_to_end(int pipe, Clock::time_point deadline, std::string& text) {
  std::array<char, 65536> piece;
  while (is_readable_within(pipe, std::chrono::ceil<milliseconds>(deadline - Clock::now()))) {
    const ssize_t n = ::read(pipe, piece.data(), piece.size());
    if (n <= 0) return n == 0;
    text.append(piece.data(), static_cast<std::size_t>(n));
  }
  return false;
}

}  // namespace

Result<OwnedFd> open_answering(int dir, const std::string& path, int flags, PathFrom from,
                               std::uint64_t resolve) {
  Errand errand{.dir = dir, .path = path.c_str()};
  errand.how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  errand.how.resolve = resolve | RESOLVE_CACHED;
  OwnedFd fd(open_by(errand));
  if (fd) return fd;
  // Not in the cache (EAGAIN), or a kernel before 5.12 (EINVAL), or a seccomp filter that does not
  // know openat2(2).
  if (errno != EAGAIN && errno != EINVAL && errno != ENOSYS && errno != EPERM) {
    return fail("open", path);
  }
  errand.how.resolve = resolve;
  return open_in_time(errand, from);
}

Status check_that_it_answers(const std::string& directory) {
  Errand errand{.path = directory.c_str(), .lists = true};
  errand.how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  TRY(open_in_time(errand, PathFrom::user));
  return {};
}

std::optional<std::string> text_in_time(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  const OwnedFd output(ends[0]);
  OwnedFd input(ends[1]);
  auto child = spawn({.blocks_signals = true, .death_signal = SIGKILL},
                     [&](const Channel&) { return write_text(work, input.get()); });
  if (!child) return std::nullopt;
  input = OwnedFd();
  std::string text;
  const bool is_whole = read_to_end(output.get(), Clock::now() + kForAllFound, text);
  if (!is_whole) child->kill();
  child->wait_or_let_go(kToEnd);
  if (!is_whole) return std::nullopt;
  return text;
}

}  // namespace nsx

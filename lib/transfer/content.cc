// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transfer/sides.hh"
#include "try.hh"

namespace nsx::transfer_part {

namespace {

/// Small enough to notice a signal soon on a slow disk.
constexpr std::size_t kPiece = std::size_t{4} << 20;
constexpr std::size_t kBuffer = std::size_t{256} << 10;
constexpr std::chrono::milliseconds kBetweenProgress{100};

/// Returns whether a blocked signal that would end this process is pending. One that is ignored can
/// be pending, too, while it is blocked.
bool is_to_end() {
  sigset_t pending;
  if (::sigpending(&pending) != 0) return false;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    struct sigaction action {};
    if (::sigismember(&pending, signal) != 1) continue;
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) return true;
  }
  return false;
}

tl::unexpected<Error> cannot_read(const std::string& subject) {
  return fail("read the source of", subject);
}

tl::unexpected<Error> cannot_write(const std::string& subject) {
  return fail("write", subject);
}

/// Writes everything. At an offset, or at the file's own position if that is -1.
bool write_all(int to, std::string_view bytes, off_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = offset < 0 ? ::write(to, bytes.data(), bytes.size())
                                 : ::pwrite(to, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      pollfd ready{to, POLLOUT, 0};
      if (::poll(&ready, 1, -1) < 0 && errno != EINTR) return false;
      continue;
    }
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
    if (offset >= 0) offset += n;
  }
  return true;
}

/// Copies ranges of one file to the same place in another.
class RangeCopier {
 public:
  RangeCopier(int from, int to, Watch& watch, const std::string& subject)
      : from_(from), to_(to), watch_(watch), subject_(subject) {}

  /// Returns the place where it stopped: `end`, or earlier if the file has shrunk.
  Result<off_t> copy(off_t begin, off_t end) {
    while (begin < end) {
      TRY(watch_.check());
      const auto size = static_cast<std::size_t>(std::min<off_t>(end - begin, kPiece));
      const std::size_t n = TRY(copy_piece(begin, size));
      if (n == 0) break;
      begin += static_cast<off_t>(n);
      watch_.add(n);
    }
    return begin;
  }

 private:
  Result<std::size_t> copy_piece(off_t at, std::size_t size) {
    if (in_kernel_) {
      off_t source = at;
      off_t copy = at;
      const ssize_t n = ::copy_file_range(from_, &source, to_, &copy, size, 0);
      if (n > 0) return static_cast<std::size_t>(n);
      // It cannot copy between these file systems, or copies nothing of a generated file.
      in_kernel_ = false;
    }
    if (!buffer_) buffer_ = std::make_unique<std::array<char, kBuffer>>();
    ssize_t n = 0;
    do {
      n = ::pread(from_, buffer_->data(), std::min(size, kBuffer), at);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return cannot_read(subject_);
    const std::string_view bytes(buffer_->data(), static_cast<std::size_t>(n));
    if (!write_all(to_, bytes, at)) return cannot_write(subject_);
    return static_cast<std::size_t>(n);
  }

  int from_;
  int to_;
  Watch& watch_;
  const std::string& subject_;
  bool in_kernel_ = true;
  std::unique_ptr<std::array<char, kBuffer>> buffer_;
};

struct Range {
  off_t begin;
  off_t end;
};

/// Finds the next data of a file. At the end there is none, and both are `size`.
Range next_data(int file, off_t from, off_t size) {
  const off_t begin = ::lseek(file, from, SEEK_DATA);
  if (begin < 0) return errno == ENXIO ? Range{size, size} : Range{from, size};
  const off_t end = ::lseek(file, begin, SEEK_HOLE);
  return {std::min(begin, size), end < 0 ? size : std::min(end, size)};
}

}  // namespace

Status Watch::check() const {
  if (is_to_end()) return fail("continue", "", EINTR);
  pollfd caller{caller_.fd(), 0, 0};
  if (::poll(&caller, 1, 0) > 0 && (caller.revents & (POLLHUP | POLLERR)) != 0) {
    return fail("continue", "", EPIPE);
  }
  return {};
}

Status Watch::wait_for_input(int fd) const {
  constexpr int kSoon = 200;  // a pending signal does not end poll(2) while it is blocked
  for (;;) {
    TRY(check());
    pollfd input{fd, POLLIN, 0};
    if (::poll(&input, 1, kSoon) > 0) return {};
  }
}

void Watch::add(std::uint64_t bytes) {
  bytes_ += bytes;
  if (!events_.progress) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - shown_ < kBetweenProgress) return;
  shown_ = now;
  events_.progress(bytes_);
}

Status copy_stream(int from, int to, Watch& watch, const std::string& subject) {
  const auto buffer = std::make_unique<std::array<char, kBuffer>>();
  for (;;) {
    TRY(watch.wait_for_input(from));
    const ssize_t n = ::read(from, buffer->data(), buffer->size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return cannot_read(subject);
    if (n == 0) return {};
    const std::string_view bytes(buffer->data(), static_cast<std::size_t>(n));
    if (!write_all(to, bytes, -1)) return cannot_write(subject);
    watch.add(bytes.size());
  }
}

Status copy_file_content(int from, int to, Watch& watch, const std::string& subject) {
  struct stat st {};
  if (::fstat(from, &st) != 0) return cannot_read(subject);
  // Files that the kernel generates say that they are empty.
  if (st.st_size == 0) return copy_stream(from, to, watch, subject);
  RangeCopier copier(from, to, watch, subject);
  off_t end = st.st_size;
  for (off_t at = 0; at < st.st_size;) {
    const Range data = next_data(from, at, st.st_size);
    const off_t stopped = TRY(copier.copy(data.begin, data.end));
    if (stopped < data.end) {
      end = stopped;
      break;
    }
    at = data.end;
  }
  if (::ftruncate(to, end) != 0) return cannot_write(subject);
  return {};
}

}  // namespace nsx::transfer_part

// SPDX-License-Identifier: MIT
#pragma once
// Owned file descriptors. All descriptors that libnsx opens are owned and close-on-exec.
//
//   const nsx::OwnedFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
//   if (!null) std::puts("there is no /dev/null");

#include <nsx/result.hh>

namespace nsx {

/// A file descriptor that is closed by its destructor. Movable, not copyable.
class NSX_API OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) noexcept : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd();

  /// Returns the descriptor, which this object still owns, or -1 if it is empty.
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Checks that a directory can be opened and listed, and that its file system answers within 10
/// seconds, before other code blocks on it. Errors: ETIMEDOUT, no answer.
NSX_API Status check_that_it_answers(const std::string& directory);

}  // namespace nsx

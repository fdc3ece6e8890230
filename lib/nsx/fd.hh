// SPDX-License-Identifier: MIT
#pragma once
// File descriptors that close themselves: what libnsx opens is owned, and close-on-exec.
//
//   const nsx::OwnedFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
//   if (!null) std::puts("there is no /dev/null");

#include <nsx/result.hh>

namespace nsx {

/// A file descriptor that is closed with its owner. Moves, never copies.
/// Every descriptor that libnsx makes is close-on-exec.
class NSX_API OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) noexcept : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd();

  /// The number, still owned by this object; -1 if it holds none.
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Checks that a directory can be opened and listed, and that its file system answers within 10
/// seconds (ETIMEDOUT), before anything waits for it.
NSX_API Status check_that_it_answers(const std::string& directory);

}  // namespace nsx

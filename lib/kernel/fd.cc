#include <unistd.h>

#include <nsx/fd.hh>

namespace nsx {

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

OwnedFd::~OwnedFd() {
  // Nothing of ours is written through these: close(2) has no news that a caller could use.
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace nsx

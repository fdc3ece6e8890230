// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <nsx/fd.hh>

#include "support.hh"

namespace nsx {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}
int open_null() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(OwnedFd, ClosesItsDescriptor) {
  const int number = open_null();
  {
    const OwnedFd fd(number);
    EXPECT_TRUE(fd);
    EXPECT_EQ(fd.get(), number);
  }
  EXPECT_FALSE(is_open(number));
}

TEST(OwnedFd, HoldsNoneUnlessGivenOne) {
  EXPECT_FALSE(OwnedFd());
  EXPECT_FALSE(OwnedFd(-1));
  EXPECT_EQ(OwnedFd().get(), -1);
}

TEST(OwnedFd, Moves) {
  OwnedFd from(open_null());
  const int number = from.get();
  OwnedFd to(std::move(from));
  EXPECT_EQ(to.get(), number);
  EXPECT_FALSE(from);  // NOLINT(bugprone-use-after-move): that is what is tested
  OwnedFd other;
  other = std::move(to);
  EXPECT_EQ(other.get(), number);
  EXPECT_TRUE(is_open(number));
}

}  // namespace
}  // namespace nsx

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "kernel/spawn.hh"
#include "support.hh"

namespace nsx {
namespace {

using Words = std::vector<std::string>;

std::size_t count_descriptors() {
  std::size_t count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  while (::readdir(directory) != nullptr)
    ++count;
  ::closedir(directory);
  return count;
}

struct Ends {
  explicit Ends(bool tells_senders = false) {
    auto pair = must(Channel::pair(tells_senders));
    near = std::move(pair.first);
    far = std::move(pair.second);
  }
  Channel near;
  Channel far;
};

/// Sends a message that no Channel sends: these bytes, with this many descriptors.
bool send_raw(const Channel& channel, std::string_view bytes, std::size_t count) {
  std::vector<int> fds(count, STDERR_FILENO);
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  std::vector<char> control(CMSG_SPACE(count * sizeof(int)));
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (count > 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(first), fds.data(), count * sizeof(int));
  }
  return ::sendmsg(channel.fd(), &header, 0) == static_cast<ssize_t>(bytes.size());
}

TEST(Channel, CarriesWordsAndDescriptors) {
  const Ends ends;
  const OwnedFd root(::open("/", O_PATH | O_CLOEXEC));
  const std::array<int, 2> lent{root.get(), STDERR_FILENO};
  must(ends.far.send_words(Words{"a", "", "c d", ""}, lent));
  const auto message = must(ends.near.receive_words());
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->words, (Words{"a", "", "c d", ""}));
  ASSERT_EQ(message->fds.size(), 2U);
  struct stat sent {};
  struct stat came {};
  ASSERT_EQ(::fstat(root.get(), &sent), 0);
  ASSERT_EQ(::fstat(message->fds[0].get(), &came), 0);
  EXPECT_EQ(came.st_ino, sent.st_ino);
  EXPECT_EQ(::fcntl(message->fds[0].get(), F_GETFD), FD_CLOEXEC);
}

TEST(Channel, CarriesSuccessAndAllOfAnError) {
  const Ends ends;
  must(ends.far.send_status({}));
  EXPECT_TRUE(must(ends.near.receive_status()));
  const Error sent{"open", "/a b", EACCES, "a reason", "a hint"};
  must(ends.far.send_status(tl::unexpected(sent)));
  const auto came = ends.near.receive_status();
  ASSERT_FALSE(came);
  const Error& error = came.error();
  EXPECT_EQ(error.what(), sent.what());
  EXPECT_EQ(error.subject(), sent.subject());
  EXPECT_EQ(error.code, sent.code);
  EXPECT_EQ(error.reason(), sent.reason());
  EXPECT_EQ(error.hint(), sent.hint());
}

TEST(Channel, RefusesAnAnswerThatMakesNoSense) {
  for (const Words& words :
       {Words{"done", "done"}, Words{"failed"}, Words{""},
        Words{"failed", "open", "x", "many", "", ""}, Words{"made", "open", "x", "1", "", ""}}) {
    const Ends ends;
    must(ends.far.send_words(words));
    EXPECT_EQ(failure(ends.near.receive_status()), "malformed answer from the outside helper");
  }
}

TEST(Channel, TellsThatTheOtherEndIsClosed) {
  Ends ends;
  must(ends.far.send_words(Words{"last"}));
  ends.far.close();
  EXPECT_TRUE(must(ends.near.receive_words()).has_value());
  EXPECT_FALSE(must(ends.near.receive_words()).has_value());
  EXPECT_FALSE(must(ends.near.receive_status()));
  int value = 1;
  EXPECT_FALSE(ends.near.receive(value));
  EXPECT_EQ(value, 1);
  ends.near.wait_for_end();
  // No SIGPIPE either.
  EXPECT_EQ(failure_code(ends.near.send_words(Words{"x"})), EPIPE);
  ends.near.send(value);
}

TEST(Channel, CarriesAValueAndADescriptor) {
  const Ends ends;
  struct Pair {
    int a, b;
  };
  ends.far.send(Pair{1, 2});
  ends.far.send(Pair{3, 4}, STDERR_FILENO);
  Pair came{};
  OwnedFd fd;
  ASSERT_TRUE(ends.near.receive(came, {.fd = &fd}));
  EXPECT_EQ(came.b, 2);
  EXPECT_FALSE(fd);
  ASSERT_TRUE(ends.near.receive(came, {.fd = &fd}));
  EXPECT_EQ(came.a, 3);
  EXPECT_TRUE(fd);
  EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
  // No further message has arrived.
  EXPECT_FALSE(ends.near.receive(came, {.waits = false}));
}

TEST(Channel, RefusesAValueOfAnotherSize) {
  const Ends ends;
  std::int32_t value = 7;
  ASSERT_TRUE(send_raw(ends.far, "abc", 0));
  EXPECT_FALSE(ends.near.receive(value));
  ASSERT_TRUE(send_raw(ends.far, "abcde", 1));
  const std::size_t before = count_descriptors();
  OwnedFd fd;
  EXPECT_FALSE(ends.near.receive(value, {.fd = &fd}));
  EXPECT_EQ(value, 7);
  EXPECT_FALSE(fd);
  EXPECT_EQ(count_descriptors(), before);
  // The rest of a longer message is not a message.
  EXPECT_FALSE(ends.near.receive(value, {.waits = false}));
}

TEST(Channel, ClosesDescriptorsThatNobodyAskedFor) {
  const Ends ends;
  std::int32_t value = 0;
  const std::size_t before = count_descriptors();
  {
    OwnedFd fd;
    ASSERT_TRUE(send_raw(ends.far, "abcd", 3));
    ASSERT_TRUE(ends.near.receive(value, {.fd = &fd}));
    EXPECT_EQ(count_descriptors(), before + 1);
  }
  ASSERT_TRUE(send_raw(ends.far, "abcd", 3));
  ASSERT_TRUE(ends.near.receive(value));
  EXPECT_EQ(count_descriptors(), before);
}

TEST(Channel, BoundsTheDescriptors) {
  const Ends ends;
  const std::vector<int> many(kMaxMessageFds + 1, STDERR_FILENO);
  EXPECT_EQ(failure_code(ends.far.send_words(Words{"x"}, many)), EMSGSIZE);
  must(ends.far.send_words(Words{"x"}, std::span(many).first(kMaxMessageFds)));
  EXPECT_EQ(must(ends.near.receive_words())->fds.size(), kMaxMessageFds);
  const std::size_t before = count_descriptors();
  // SCM_MAX_FD of Linux, and one more.
  for (const std::size_t count : {kMaxMessageFds + 1, std::size_t{253}}) {
    ASSERT_TRUE(send_raw(ends.far, "x", count));
    EXPECT_EQ(failure_code(ends.near.receive_words()), EMFILE);
    ASSERT_TRUE(send_raw(ends.far, "abcd", count));
    std::int32_t value = 0;
    [[maybe_unused]] const bool came = ends.near.receive(value);
    EXPECT_EQ(count_descriptors(), before);
  }
}

TEST(Channel, TellsThatDescriptorsWereLost) {
  const Ends ends;
  must(ends.far.send_words(Words{"x"}, std::array{STDERR_FILENO}));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto came = ends.near.receive_words();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(failure_code(came), EMFILE);
}

TEST(Channel, BoundsTheWords) {
  const Ends ends;
  const int size = kMaxMessageSize * 2;
  ::setsockopt(ends.far.fd(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  // Without rights the buffer may be too small for it.
  if (!send_raw(ends.far, std::string(kMaxMessageSize + 1, 'x'), 0)) {
    GTEST_SKIP() << "no such messages here";
  }
  EXPECT_EQ(failure_code(ends.near.receive_words()), EMSGSIZE);
}

TEST(Channel, GoesOnAfterASignal) {
  struct sigaction handled {};
  struct sigaction before {};
  static volatile std::sig_atomic_t count = 0;
  handled.sa_handler = [](int) { count = count + 1; };
  ASSERT_EQ(::sigaction(SIGALRM, &handled, &before), 0);
  const Ends ends;
  Child child([&] {
    while (::recv(ends.far.fd(), nullptr, 0, MSG_PEEK | MSG_TRUNC) < 0) {
    }
    must(ends.far.send_words(Words{"came"}));
    must(ends.far.send_status({}));
    ends.far.send(5);
    return 0;
  });
  itimerval often{{0, 2000}, {0, 2000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &often, nullptr), 0);
  EXPECT_FALSE(is_readable_within(ends.near.fd(), std::chrono::milliseconds(30)));
  ends.near.send(0);
  const auto words = ends.near.receive_words();
  const auto status = ends.near.receive_status();
  int value = 0;
  const bool has_value = ends.near.receive(value);
  often = {};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_GT(count, 0);
  ASSERT_TRUE(words && *words);
  EXPECT_EQ((*words)->words, Words{"came"});
  EXPECT_TRUE(status && *status);
  EXPECT_TRUE(has_value);
  EXPECT_EQ(value, 5);
}

TEST(Channel, TellsWhoSends) {
  const Ends ends(true);
  Child child([&] {
    ends.far.send(std::int64_t{1}, STDERR_FILENO);
    return 0;
  });
  std::int64_t value = 0;
  pid_t sender = 0;
  OwnedFd fd;
  ASSERT_TRUE(ends.near.receive(value, {.fd = &fd, .sender = &sender}));
  EXPECT_EQ(sender, child.pid());
  EXPECT_TRUE(fd);
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace nsx

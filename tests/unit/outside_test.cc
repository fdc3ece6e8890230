// SPDX-License-Identifier: MIT
#include <array>
#include <cstring>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/spawn.hh"
#include "plan/perform.hh"
#include "support.hh"

namespace nsx {
namespace {

using Words = std::vector<std::string>;

bool is_pinned(const std::string& path) {
  struct statfs fs {};
  return ::statfs(path.c_str(), &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

bool send_too_many(const Channel& channel) {
  std::array<int, kMaxMessageFds + 1> fds{};
  fds.fill(channel.fd());
  iovec part{const_cast<char*>("undo"), 5};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* first = CMSG_FIRSTHDR(&header);
  first->cmsg_level = SOL_SOCKET;
  first->cmsg_type = SCM_RIGHTS;
  first->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(first), fds.data(), sizeof fds);
  return ::sendmsg(channel.fd(), &header, 0) > 0;
}

/// The errors found by a child that may bind namespaces in its own mount namespace.
class OutsideTest : public testing::Test {
 protected:
  void SetUp() override { NSX_NEEDS_USER_NAMESPACES(); }

  /// Makes a helper bind a namespace, and passes its other end to `talk`.
  void after_pin(const std::function<int(Outside&, const Channel&, const std::string&)>& talk) {
    const TemporaryDirectory directory;
    const std::string file = directory / "uts";
    write_file(file, "");
    Child child([&] {
      if (!become_root_in_new_namespaces(CLONE_NEWNS | CLONE_NEWUTS)) return 90;
      if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 91;
      auto outside = must(Outside::start(newest_kernel()));
      std::vector<OwnedFd> namespaces;
      namespaces.emplace_back(::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
      must(outside.pin({{.kind = Kind::uts, .path = file}}, namespaces));
      if (!is_pinned(file)) return 92;
      must(outside.keep());
      const Channel channel(OwnedFd(::fcntl(outside.fd(), F_DUPFD_CLOEXEC, 0)));
      return talk(outside, channel, file);
    });
    EXPECT_EQ(child.wait(), 0) << child.read_all();
  }
};

TEST_F(OutsideTest, UndoesWhatItKeptWhenAsked) {
  after_pin([](Outside& outside, const Channel&, const std::string& file) {
    must(outside.undo());
    return is_pinned(file) ? 1 : 0;
  });
}

TEST_F(OutsideTest, UndoesWhatItKeptIfItCannotHearTheNextRequest) {
  after_pin([](Outside&, const Channel& channel, const std::string& file) {
    // More descriptors than it accepts simulate a lack of memory for them.
    if (!send_too_many(channel)) return 93;
    channel.wait_for_end();
    return is_pinned(file) ? 1 : 0;
  });
}

TEST_F(OutsideTest, RefusesRequestsThatAreIncomplete) {
  after_pin([](Outside&, const Channel& channel, const std::string& file) {
    const int fd = channel.fd();
    for (const Words& words : {Words{"write"}, Words{"write", "uid_map"}, Words{"map"},
                               Words{"pin", "uts", "use"}, Words{"keep"}, Words{"other"}}) {
      must(channel.send_words(words, {&fd, words[0] == "pin" ? 1U : 0U}));
      if (channel.receive_status()) return 1;
    }
    must(channel.send_words(Words{"pin", "no", "use", "/nowhere"}, {&fd, 1}));
    if (failure(channel.receive_status()) != "unknown kind of namespace 'no'") return 2;
    return is_pinned(file) ? 0 : 3;
  });
}

}  // namespace
}  // namespace nsx

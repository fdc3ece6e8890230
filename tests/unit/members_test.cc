// SPDX-License-Identifier: MIT
#include "discovery/members.hh"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <nsx/census.hh>

#include "support.hh"

namespace nsx {
namespace {

/// A child in its own net namespace, with this many children.
class Family : public Child {
 public:
  explicit Family(int children) : Child([=] { return live(children); }) {
    EXPECT_EQ(read_line(), "ready");
  }

  Namespace net() const {
    return must(
        Namespace::open_file(newest_kernel(), "/proc/" + std::to_string(pid()) + "/ns/net"));
  }

 private:
  static int live(int children) {
    if (::unshare(CLONE_NEWNET) != 0) return 1;
    // They share memory, as a thousand copies of it take long with sanitizers.
    constexpr std::size_t kStack = 8192;
    std::vector<char> stacks(kStack * static_cast<std::size_t>(children));
    for (char* stack = stacks.data(); stack != stacks.data() + stacks.size(); stack += kStack) {
      if (::clone(wait_for_end, stack + kStack, CLONE_VM | SIGCHLD, nullptr) < 0) return 1;
    }
    while (waiting < children)
      ::sched_yield();
    if (::write(STDOUT_FILENO, "ready\n", 6) != 6) return 1;
    return ::pause();
  }

  static int wait_for_end(void*) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ++waiting;
    return ::pause();
  }

  static inline std::atomic<int> waiting = 0;  // in the child's memory
};

/// In its own thread, which is in another net namespace from then on.
std::vector<pid_t> asked_members(const Namespace& net, const std::vector<pid_t>& pids) {
  std::vector<pid_t> members;
  std::thread([&] { members = must(must(NetMembers::open(net)).among(pids)); }).join();
  return members;
}

TEST(NetMembers, AreThoseInTheNamespaceAndNoOthers) {
  NSX_NEEDS_ROOT();
  const ino_t before = inode_of("/proc/self/ns/net");
  const Family inside(0);
  const Family elsewhere(0);
  const Sleeper here;
  const std::vector<pid_t> pids{here.pid(), inside.pid(), kNobody, elsewhere.pid(), ::getpid()};
  EXPECT_EQ(asked_members(inside.net(), pids), std::vector<pid_t>{inside.pid()});
  const auto own = must(Namespace::open_file(newest_kernel(), "/proc/self/ns/net"));
  EXPECT_EQ(asked_members(own, pids), (std::vector<pid_t>{here.pid(), ::getpid()}));
  EXPECT_EQ(inode_of("/proc/self/ns/net"), before);
}

TEST(NetMembers, NeedARight) {
  NSX_NEEDS_ROOT();
  Child child([] {
    if (::setresuid(65534, 65534, 65534) != 0) return 1;
    const auto own = must(Namespace::open_file(newest_kernel(), "/proc/self/ns/net"));
    const auto members = NetMembers::open(own);
    return members || members.error().code != EPERM ? 2 : 0;
  });
  EXPECT_EQ(child.wait(), 0);
}

// So many that rtnetlink is asked, in several rounds; with a second namespace the links are read.
TEST(ProcessesIn, AreTheSameAskedAndByLinks) {
  NSX_NEEDS_ROOT();
  constexpr std::size_t kChildren = 1100;
  const Kernel kernel = newest_kernel();
  const Family many(kChildren);
  const Family other(0);
  std::vector<Namespace> namespaces;
  namespaces.push_back(many.net());
  auto asked = must(processes_in(kernel, namespaces));
  EXPECT_EQ(asked.size(), kChildren + 1);
  namespaces.push_back(other.net());
  asked.push_back(other.pid());
  std::sort(asked.begin(), asked.end());
  EXPECT_EQ(asked, must(processes_in(kernel, namespaces)));
}

// So many that several threads read them, and merge their findings.
TEST(FindNamespace, FindsAmongManyProcesses) {
  NSX_NEEDS_ROOT();
  const Family many(1100);
  Child holder([] {
    const OwnedFd before(::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWUTS) != 0) return 1;
    std::printf("%lu\n", static_cast<unsigned long>(inode_of("/proc/self/ns/uts")));
    std::fflush(stdout);
    if (::open("/proc/self/ns/uts", O_RDONLY) < 0 || ::setns(before.get(), 0) != 0) return 1;
    return ::pause();
  });
  const ino_t held = std::stoul(holder.read_line());
  for (const Kernel& kernel : kernels()) {
    const ino_t inode = many.net().identity().inode;
    EXPECT_EQ(must(find_namespace(kernel, inode)).identity().inode, inode);
    EXPECT_EQ(must(find_namespace(kernel, held)).identity().inode, held);
  }
}

}  // namespace
}  // namespace nsx

// SPDX-License-Identifier: MIT
#include <sched.h>

#include <nsx/inside.hh>

#include "support.hh"

namespace nsx {
namespace {

Result<std::optional<int>> net_id_of(const char* path) {
  const Kernel kernel = newest_kernel();
  return peer_net_id(must(Namespace::open_file(kernel, path)));
}

TEST(PeerNetId, IsNoneUnlessOneWasGiven) {
  NSX_NEEDS_USER_NAMESPACES();
  // In a new namespace nobody else assigns numbers.
  Child child([] {
    const OwnedFd before(
        must(Namespace::open_file(newest_kernel(), "/proc/self/ns/net")).take_fd());
    if (!become_root_in_new_namespaces(CLONE_NEWNET)) return 1;
    const std::string old = "/proc/self/fd/" + std::to_string(before.get());
    return must(net_id_of(old.c_str())) ? 2 : 0;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(PeerNetId, NeedsANetNamespace) {
  EXPECT_EQ(failure(net_id_of("/proc/self/ns/uts")),
            "cannot get the netnsid of net namespace " +
                std::to_string(inode_of("/proc/self/ns/uts")) + ": the kernel gave no answer");
}

}  // namespace
}  // namespace nsx

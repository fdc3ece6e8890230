// SPDX-License-Identifier: MIT
#include <nsx/census.hh>
#include <nsx/target.hh>

#include "fake_proc.hh"
#include "support.hh"

namespace nsx {
namespace {

TEST(ResolveTarget, TakesAPid) {
  for (const Kernel& kernel : kernels()) {
    const auto target = must(resolve_target(kernel, std::to_string(::getpid())));
    EXPECT_EQ(target.name, "PID " + std::to_string(::getpid()));
    ASSERT_TRUE(target.process);
    EXPECT_EQ(target.process->pid(), ::getpid());
    EXPECT_TRUE(target.namespaces.empty());
  }
}

TEST(ResolveTarget, TakesAPidWithTheInodeOfItsPidfd) {
  const Kernel kernel = newest_kernel();
  const std::string pid = std::to_string(::getpid());
  const auto inode = must(Process::open(kernel, ::getpid())).pidfd_inode();
  if (!inode) {
    EXPECT_EQ(failure(resolve_target(kernel, pid + ":1")), inode.error().message());
    return;
  }
  EXPECT_EQ(must(resolve_target(kernel, pid + ':' + std::to_string(*inode))).process->pid(),
            ::getpid());
  EXPECT_EQ(failure(resolve_target(kernel, pid + ':' + std::to_string(*inode + 1))),
            "cannot find PID " + pid + " with the pidfd inode " + std::to_string(*inode + 1) +
                ": another process has this PID now, with the pidfd inode " +
                std::to_string(*inode));
  const Sleeper other;
  EXPECT_NE(must(must(Process::open(kernel, other.pid())).pidfd_inode()), *inode);
}

TEST(ResolveTarget, RefusesWhatNamesNothing) {
  const TemporaryDirectory empty;
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", "the target name is empty"},
      {"0", "invalid PID '0': expected a number above 0"},
      {"99999999999",
       "invalid PID '99999999999': it is larger than any PID\nhint: for a container ID, use "
       "container:99999999999"},
      {"pin:", "invalid pin name '': it is empty"},
      {"pin:..", "invalid pin name '..': it is a directory"},
      {"pin:a/b", "invalid pin name 'a/b': it contains a slash"},
      {"pin:blue", "no pin named 'blue'"},
      {"ns:x",
       "invalid namespace number 'x': expected an inode number or a 64-bit ID\nhint: run "
       "'nsx-ls' to list namespaces"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(failure(resolve_target(newest_kernel(), c.text, {empty.path()})), c.message);
  }
  EXPECT_EQ(failure_code(resolve_target(newest_kernel(), std::to_string(kNobody))), ESRCH);
}

TEST(FindNamespace, FindsOwnOnesByTheirInodes) {
  for (const Kernel& kernel : kernels()) {
    for (const Kind kind : {Kind::net, Kind::uts, Kind::user}) {
      const ino_t inode = inode_of(std::string("/proc/self/ns/") + name(kind));
      const auto ns = must(find_namespace(kernel, inode));
      EXPECT_EQ(ns.kind(), kind);
      EXPECT_EQ(ns.identity().inode, inode);
      EXPECT_EQ(must(find_namespace(kernel, inode, kind)).identity(), ns.identity());
      EXPECT_FALSE(find_namespace(kernel, inode, Kind::ipc));
      const auto target = must(resolve_target(kernel, "ns:" + std::to_string(inode)));
      EXPECT_EQ(target.name, std::string(name(kind)) + " namespace " + std::to_string(inode));
      ASSERT_EQ(target.namespaces.size(), 1U);
      EXPECT_EQ(target.namespaces[0].ns.identity(), ns.identity());
      if (ns.identity().id != 0) {
        EXPECT_EQ(must(find_namespace(kernel, ns.identity().id)).identity(), ns.identity());
      }
    }
  }
}

TEST(FindNamespace, SaysWhereItLooked) {
  EXPECT_EQ(failure(find_namespace(newest_kernel(), 1234567890123)),
            "no namespace that you can see has the inode number or ID 1234567890123: searched "
            "processes, threads, descriptors, sockets and mounts");
}

}  // namespace
}  // namespace nsx

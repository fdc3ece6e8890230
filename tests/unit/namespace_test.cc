// SPDX-License-Identifier: MIT
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <nsx/namespace.hh>

#include "support.hh"

namespace nsx {
namespace {

std::string own_link(Kind kind) {
  return std::string("/proc/self/ns/") + name(kind);
}

TEST(ParseNamespaceLink, TakesKindAndInode) {
  const auto link = parse_namespace_link("net:[4026531840]");
  ASSERT_TRUE(link);
  EXPECT_EQ(link->kind, Kind::net);
  EXPECT_EQ(link->inode, 4026531840U);
}

TEST(ParseNamespaceLink, RefusesAllElse) {
  for (const char* text : {"", "net", "net:", "net:[]", "net:[x]", "net:[-1]", "net:[1", "net:1]",
                           "net:[1] ", "socket:[1]", ":[1]", "NET:[1]", "pid_for_children:[1]"}) {
    EXPECT_FALSE(parse_namespace_link(text)) << text;
  }
}

TEST(Namespace, KnowsItsKindAndIdentity) {
  for (const Kernel& kernel : kernels()) {
    for (const Kind kind : KindSet::all()) {
      struct stat st {};
      if (::stat(own_link(kind).c_str(), &st) != 0) continue;  // not on this kernel
      const auto ns = must(Namespace::open_file(kernel, own_link(kind)));
      EXPECT_EQ(ns.kind(), kind);
      EXPECT_EQ(ns.identity().device, st.st_dev);
      EXPECT_EQ(ns.identity().inode, st.st_ino);
      EXPECT_EQ(ns.identity().id != 0, kernel.has(Feature::namespace_id));
      EXPECT_EQ(::fcntl(ns.fd(), F_GETFD), FD_CLOEXEC);
    }
  }
}

TEST(Namespace, IsTheSameWhereverItWasOpened) {
  const Kernel kernel = newest_kernel();
  const Sleeper other;
  const auto ours = must(Namespace::open_file(kernel, "/proc/self/ns/net"));
  const auto theirs =
      must(Namespace::open_file(kernel, "/proc/" + std::to_string(other.pid()) + "/ns/net"));
  EXPECT_EQ(ours.identity(), theirs.identity());
  EXPECT_NE(ours.identity(), must(Namespace::open_file(kernel, "/proc/self/ns/uts")).identity());
}

/// A child in its own user and net namespaces.
class Nested : public Child {
 public:
  Nested()
      : Child([] {
          if (!become_root_in_new_namespaces(CLONE_NEWNET)) return 1;
          std::puts("there");
          std::fflush(stdout);
          return ::pause();
        }) {
    EXPECT_EQ(read_line(), "there");
  }

  std::vector<Namespace> open(const Kernel& kernel) const {
    const std::string files = "/proc/" + std::to_string(pid()) + "/ns/";
    std::vector<Namespace> namespaces;
    namespaces.push_back(must(Namespace::open_file(kernel, files + "user")));
    namespaces.push_back(must(Namespace::open_file(kernel, files + "net")));
    return namespaces;
  }
};

TEST(Namespace, IsSameAsThoseOpenOnIt) {
  NSX_NEEDS_USER_NAMESPACES();
  const Nested child;
  for (const Kernel& kernel : kernels()) {
    const auto theirs = child.open(kernel);
    const auto again = child.open(kernel);
    const auto own = must(Namespace::open_file(kernel, "/proc/self/ns/net"));
    EXPECT_TRUE(theirs[0].same_as(again[0]));
    EXPECT_TRUE(theirs[1].same_as(again[1]));
    EXPECT_FALSE(theirs[1].same_as(own));
    EXPECT_FALSE(theirs[0].same_as(theirs[1]));
  }
}

TEST(Namespace, IsCurrentWhereTheCallerIs) {
  NSX_NEEDS_USER_NAMESPACES();
  const Nested child;
  for (const Kernel& kernel : kernels()) {
    for (const Kind kind : KindSet::all()) {
      if (::access(own_link(kind).c_str(), F_OK) != 0) continue;  // not on this kernel
      const auto own = must(Namespace::open_file(kernel, own_link(kind)));
      EXPECT_TRUE(own.is_current(kernel)) << name(kind);
      EXPECT_TRUE(own.is_current_for_children(kernel)) << name(kind);
    }
    for (const Namespace& ns : child.open(kernel)) {
      EXPECT_FALSE(ns.is_current(kernel)) << name(ns.kind());
      EXPECT_FALSE(ns.is_current_for_children(kernel)) << name(ns.kind());
    }
  }
}

TEST(Namespace, OfPidIsAnotherForChildrenAfterUnshare) {
  NSX_NEEDS_USER_NAMESPACES();
  Child child([] {
    if (!become_root_in_new_namespaces(CLONE_NEWPID)) return 1;
    const Kernel kernel = newest_kernel();
    const auto pid = must(Namespace::open_file(kernel, "/proc/self/ns/pid"));
    std::puts(pid.is_current(kernel) && !pid.is_current_for_children(kernel) ? "yes" : "no");
    std::fflush(stdout);
    return 0;
  });
  EXPECT_EQ(child.read_line(), "yes");
}

TEST(Namespace, GivesItsDescriptorAway) {
  auto ns = must(Namespace::open_file(newest_kernel(), "/proc/self/ns/net"));
  const int number = ns.fd();
  EXPECT_EQ(std::move(ns).take_fd().get(), number);
}

TEST(NamespaceOpenFile, RefusesOtherFiles) {
  const Kernel kernel = newest_kernel();
  EXPECT_EQ(failure(Namespace::open_file(kernel, "/nowhere")),
            "cannot open /nowhere: No such file or directory");
  for (const char* path : {"/", "/dev/null", "/proc/self/status"}) {
    EXPECT_EQ(failure(Namespace::open_file(kernel, path)),
              std::string("cannot use ") + path +
                  " as a namespace: not a namespace file\nhint: give a file like "
                  "/proc/PID/ns/net or a bind mount of one");
  }
}

TEST(NamespaceOpenFile, OnlyLooksAtWhatIsNoNamespace) {
  const TemporaryDirectory directory;
  const std::string fifo = directory / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  // With a writer, even a reader that wrongly opens it does not block forever.
  const OwnedFd writer(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  const OwnedFd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), fifo.c_str(), IN_OPEN), 0);

  EXPECT_FALSE(Namespace::open_file(newest_kernel(), fifo));
  char events[256];
  EXPECT_EQ(::read(watch.get(), events, sizeof events), -1) << "it was opened";
  EXPECT_EQ(errno, EAGAIN);
}

TEST(NamespaceFromFd, RefusesOtherDescriptors) {
  const Kernel kernel = newest_kernel();
  EXPECT_EQ(failure_code(Namespace::from_fd(kernel, OwnedFd(::open("/dev/null", O_RDONLY)))),
            ENOTTY);
  EXPECT_EQ(failure_code(Namespace::from_fd(kernel, OwnedFd())), EBADF);
}

TEST(NamespaceParent, IsForPidAndUserOnly) {
  const Kernel kernel = newest_kernel();
  const auto parent_of = [&](Kind kind) {
    return failure_code(must(Namespace::open_file(kernel, own_link(kind))).parent(kernel));
  };
  EXPECT_EQ(parent_of(Kind::net), EINVAL);
  EXPECT_EQ(parent_of(Kind::uts), EINVAL);
  // The caller's own has a parent or none: neither is visible to the caller.
  EXPECT_EQ(parent_of(Kind::user), EPERM);
  EXPECT_EQ(parent_of(Kind::pid), EPERM);
}

TEST(NamespaceCreatorUid, IsForUserOnly) {
  const Kernel kernel = newest_kernel();
  const auto net = must(Namespace::open_file(kernel, "/proc/self/ns/net"));
  EXPECT_EQ(failure(net.creator_uid()), "cannot get the creator of net namespace " +
                                            std::to_string(net.identity().inode) +
                                            ": Invalid argument");
  EXPECT_TRUE(must(Namespace::open_file(kernel, "/proc/self/ns/user")).creator_uid());
}

TEST(Namespace, KnowsItsRelatives) {
  NSX_NEEDS_USER_NAMESPACES();
  const Nested child;
  for (const Kernel& kernel : kernels()) {
    const auto theirs = child.open(kernel);
    const Namespace& user = theirs[0];
    const Namespace& net = theirs[1];
    const auto own_user = must(Namespace::open_file(kernel, "/proc/self/ns/user"));
    EXPECT_EQ(must(net.owner(kernel)).identity(), user.identity());
    EXPECT_EQ(must(user.parent(kernel)).identity(), own_user.identity());
    EXPECT_EQ(must(user.owner(kernel)).identity(), own_user.identity());
    EXPECT_EQ(must(user.creator_uid()), ::geteuid());
  }
}

TEST(ReopenAlive, KeepsWhatSomethingElseHolds) {
  NSX_NEEDS_USER_NAMESPACES();
  const Nested child;
  for (const Kernel& kernel : kernels()) {
    auto namespaces = child.open(kernel);
    const auto user = namespaces[0].identity();
    const auto net = namespaces[1].identity();
    auto alive = reopen_alive(kernel, std::move(namespaces));
    ASSERT_EQ(alive.size(), 2U);
    const std::size_t first = alive[0].kind() == Kind::user ? 0 : 1;
    EXPECT_EQ(alive[first].identity(), user);
    EXPECT_EQ(alive[1 - first].identity(), net);
  }
}

TEST(ReopenAlive, DropsTheDead) {
  NSX_NEEDS_USER_NAMESPACES();
  const Kernel kernel = newest_kernel();
  Nested child;
  auto namespaces = child.open(kernel);
  ASSERT_EQ(::kill(child.pid(), SIGKILL), 0);
  child.wait();
  const auto alive = reopen_alive(kernel, std::move(namespaces));
  // The kernel tells root, and of net namespaces only before it hid those that sockets hold.
  const bool tells = kernel.has(Feature::namespace_id) && !kernel.has(Feature::namespace_list);
  // The net namespace keeps its owner until the kernel has taken it apart.
  const auto is_net = [](const Namespace& ns) { return ns.kind() == Kind::net; };
  const auto found = std::count_if(alive.begin(), alive.end(), is_net);
  // It may tell an ordinary user who owns the namespace, too.
  if (tells && ::geteuid() != 0) {
    EXPECT_LE(found, 1);
  } else {
    EXPECT_EQ(found, tells ? 0 : 1);
  }
}

}  // namespace
}  // namespace nsx

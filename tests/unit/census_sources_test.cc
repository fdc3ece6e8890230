// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <fcntl.h>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>

#include <nsx/census.hh>
#include <nsx/namespace.hh>

#include "fake_proc.hh"
#include "support.hh"

namespace nsx {
namespace {

TEST(ParseSources, TakesNames) {
  EXPECT_EQ(must(parse_sources("process")), SourceSet{Source::process});
  EXPECT_EQ(must(parse_sources("fd,mount")), (SourceSet{Source::fd, Source::mount}));
  EXPECT_EQ(must(parse_sources("all")), SourceSet::all());
  for (std::size_t i = 0; i < kSourceCount; ++i) {
    const auto source = static_cast<Source>(i);
    EXPECT_EQ(must(parse_sources(name(source))), SourceSet{source});
  }
}

TEST(ParseSources, RefusesAllElseAndListsWhatThereIs) {
  for (const char* list : {"", "proc", "process,", "fd mount", "FD"}) {
    const auto sources = parse_sources(list);
    ASSERT_FALSE(sources) << list;
    for (std::size_t i = 0; i < kSourceCount; ++i)
      EXPECT_NE(failure(sources).find(name(static_cast<Source>(i))), std::string::npos);
  }
}

/// "fd of PID 9, 3", one holder of the namespace a line.
std::string holders(const Census& census, CensusIndex ns) {
  static constexpr std::array kTypes{"thread", "children", "fd",   "socket",
                                     "mount",  "child",    "owned"};
  std::string text;
  for (const CensusHolder& holder : census.holders) {
    if (holder.ns != ns) continue;
    text += kTypes[static_cast<std::size_t>(holder.type)];
    if (holder.pid != 0) text += " of PID " + std::to_string(holder.pid);
    if (holder.number != 0) text += ", " + std::to_string(holder.number);
    if (holder.type == CensusHolder::Type::mount) text += " " + census.mounts[holder.other].path;
    text += '\n';
  }
  return text;
}

/// The same without descriptors of processes other than this one and the expected ones: on a
/// machine in use any process may look at a namespace for a moment.
std::string holders_of_ours(const Census& census, CensusIndex ns, const std::string& expected) {
  std::istringstream lines(holders(census, ns));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const std::string whose = line.substr(0, line.find(','));
    const bool is_fd = whose.starts_with("fd of PID ");
    const bool is_ours = whose == "fd of PID " + std::to_string(::getpid()) ||
                         expected.find(whose + ',') != std::string::npos;
    if (!is_fd || is_ours) text += line + '\n';
  }
  return text;
}

CensusIndex place_of(const Census& census, Kind kind, ino_t inode) {
  for (CensusIndex i = 0; i < census.namespaces.size(); ++i) {
    const CensusNamespace& ns = census.namespaces[i];
    if (ns.kind == kind && ns.identity.inode == inode) return i;
  }
  return kNone;
}

TEST(FakeCensusSources, FindDescriptors) {
  FakeProc proc;
  proc.add({7, 1, {{"net", 40}}});
  proc.add_directory("7/fd");
  std::filesystem::create_symlink("net:[41]", proc.path() + "/7/fd/3");
  std::filesystem::create_symlink("/net:[42]", proc.path() + "/7/fd/4");
  std::filesystem::create_symlink("pipe:[43]", proc.path() + "/7/fd/5");
  CensusRequest request;
  request.sources = {Source::process, Source::fd};
  const Census census = must(take_census(proc.kernel(), request));
  ASSERT_EQ(census.namespaces.size(), 2U);
  EXPECT_EQ(holders(census, place_of(census, Kind::net, 41)), "fd of PID 7, 3\n");
  EXPECT_EQ(census.namespaces[place_of(census, Kind::net, 41)].process_count, 0U);
}

TEST(FakeCensusSources, FindMountsInEveryMountNamespace) {
  FakeProc proc;
  proc.add({7, 1, {{"mnt", 50}}});
  proc.add({8, 1, {{"mnt", 51}}});
  proc.write(7, "mountinfo", "22 1 0:4 / /proc rw - proc proc rw\n");
  proc.write(8, "mountinfo",
             "22 1 0:4 net:[60] /run/netns/a\\040b rw - nsfs nsfs rw\n"
             "23 1 0:4 uts:[61] /run/utsns/c rw - nsfs nsfs rw\n"
             "24 1 0:4 frob:[62] /x rw - nsfs nsfs rw\n");
  CensusRequest request;
  request.kinds = {Kind::net};
  request.sources = {Source::process, Source::mount};
  const Census census = must(take_census(proc.kernel(), request));
  EXPECT_EQ(holders(census, place_of(census, Kind::net, 60)), "mount /run/netns/a b\n");
  EXPECT_EQ(place_of(census, Kind::uts, 61), kNone);
  ASSERT_EQ(census.mounts.size(), 1U);
  EXPECT_EQ(census.mounts[0].seen_by, 8);
  EXPECT_FALSE(census.mounts[0].is_ours);
}

TEST(FakeCensusSources, TellWhichFileAMountIsOn) {
  FakeProc proc;
  proc.add({7, 1, {{"mnt", 50}}});
  proc.write(7, "mountinfo",
             "20 1 0:25 /pins /mnt rw - tmpfs tmpfs rw\n"
             "21 20 0:4 net:[60] /mnt/netns/blue rw - nsfs nsfs rw\n"
             "22 9 0:4 net:[61] /lost rw - nsfs nsfs rw\n");
  CensusRequest request;
  request.kinds = {Kind::net};
  request.sources = {Source::process, Source::mount};
  const Census census = must(take_census(proc.kernel(), request));
  ASSERT_EQ(census.mounts.size(), 2U);
  EXPECT_EQ(census.mounts[0].device, "0:25");
  EXPECT_EQ(census.mounts[0].file, "/pins/netns/blue");
  EXPECT_EQ(census.mounts[1].device, "");
  EXPECT_EQ(census.mounts[1].file, "");
}

/// Expects a search to find the namespace with this inode, by its number, its kind and its id.
void expect_found(const Kernel& kernel, Kind kind, ino_t inode) {
  std::uint64_t id = 0;
  for (const auto wanted : {std::optional<Kind>(), std::optional(kind)}) {
    const auto found = find_namespace(kernel, inode, wanted);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->kind(), kind);
    EXPECT_EQ(found->identity().inode, inode);
    id = found->identity().id;
  }
  if (id == 0) return;
  const auto by_id = find_namespace(kernel, id);
  ASSERT_TRUE(by_id) << by_id.error().message();
  EXPECT_EQ(by_id->identity().inode, inode);
}

/// The census with all sources, with each feature disabled in turn.
class CensusSources : public testing::Test {
 protected:
  static std::vector<Kernel> all_kernels() {
    std::vector<Kernel> list = kernels();
    for (std::size_t i = 0; i < kFeatureCount; ++i) {
      KernelOptions options;
      options.disabled.insert(static_cast<Feature>(i));
      list.push_back(must(Kernel::open(options)));
    }
    return list;
  }

  /// Expects the namespace with this inode to have exactly these holders, and no process; and a
  /// search to find it.
  static void expect(Kind kind, ino_t inode, const std::string& expected) {
    for (const Kernel& kernel : all_kernels()) {
      CensusRequest request;
      request.sources = SourceSet::all();
      const Census census = must(take_census(kernel, request));
      const CensusIndex place = place_of(census, kind, inode);
      ASSERT_NE(place, kNone) << name(kind) << ' ' << inode;
      EXPECT_EQ(census.namespaces[place].process_count, 0U);
      EXPECT_EQ(census.namespaces[place].first_process, kNone);
      EXPECT_EQ(holders_of_ours(census, place, expected), expected);
      const auto again = open_namespace(kernel, census, place);
      ASSERT_TRUE(again) << again.error().message();
      EXPECT_EQ(again->identity().inode, inode);
      expect_found(kernel, kind, inode);
    }
  }
};

/// A child that runs `make`, which prints an inode number, and keeps running.
Child holding(const std::function<ino_t()>& make) {
  return Child([make] {
    const ino_t inode = make();
    std::printf("%lu\n", static_cast<unsigned long>(inode));
    std::fflush(stdout);
    return ::pause();
  });
}

std::string of(const Child& child) {
  return " of PID " + std::to_string(child.pid());
}

TEST_F(CensusSources, FindThreads) {
  NSX_NEEDS_ROOT();
  Child child = holding([] {
    std::atomic<ino_t> inode = 0;
    std::thread([&] {
      if (::unshare(CLONE_NEWUTS) != 0) return;
      inode = inode_of("/proc/thread-self/ns/uts");
      ::pause();
    }).detach();
    while (inode == 0)
      std::this_thread::yield();
    return inode.load();
  });
  const ino_t inode = std::stoul(child.read_line());
  const std::string task = "/proc/" + std::to_string(child.pid()) + "/task";
  pid_t thread = 0;
  for (const auto& entry : std::filesystem::directory_iterator(task)) {
    const pid_t id = std::stoi(entry.path().filename());
    if (id != child.pid()) thread = id;
  }
  expect(Kind::uts, inode, "thread" + of(child) + ", " + std::to_string(thread) + '\n');
}

TEST_F(CensusSources, FindWhatIsForChildren) {
  NSX_NEEDS_ROOT();
  Child child = holding([] {
    if (::unshare(0x80 /* CLONE_NEWTIME */) != 0) return ino_t{0};
    return inode_of("/proc/self/ns/time_for_children");
  });
  expect(Kind::time, std::stoul(child.read_line()), "children" + of(child) + '\n');
}

TEST_F(CensusSources, FindDescriptors) {
  NSX_NEEDS_ROOT();
  Child child = holding([] {
    const OwnedFd before(::open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWIPC) != 0) return ino_t{0};
    const ino_t inode = inode_of("/proc/self/ns/ipc");
    if (::open("/proc/self/ns/ipc", O_RDONLY) < 0 || ::setns(before.get(), 0) != 0) return ino_t{0};
    return inode;
  });
  const ino_t inode = std::stoul(child.read_line());
  const std::string fds = "/proc/" + std::to_string(child.pid()) + "/fd/";
  int number = 0;
  for (const auto& entry : std::filesystem::directory_iterator(fds)) {
    if (std::filesystem::read_symlink(entry) == "ipc:[" + std::to_string(inode) + ']') {
      number = std::stoi(entry.path().filename());
    }
  }
  expect(Kind::ipc, inode, "fd" + of(child) + ", " + std::to_string(number) + '\n');
}

TEST_F(CensusSources, FindSockets) {
  NSX_NEEDS_ROOT();
  Child child = holding([] {
    const OwnedFd before(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWNET) != 0) return ino_t{0};
    const ino_t inode = inode_of("/proc/self/ns/net");
    if (::dup2(::socket(AF_INET, SOCK_DGRAM, 0), 77) != 77) return ino_t{0};
    for (int fd = 3; fd < 77; ++fd) {
      if (fd != before.get()) ::close(fd);
    }
    if (::setns(before.get(), 0) != 0) return ino_t{0};
    return inode;
  });
  expect(Kind::net, std::stoul(child.read_line()), "socket" + of(child) + ", 77\n");
}

TEST_F(CensusSources, FindMountsInOtherMountNamespaces) {
  NSX_NEEDS_ROOT();
  Child child = holding([] {
    const OwnedFd before(::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWNS | CLONE_NEWUTS) != 0) return ino_t{0};
    const ino_t inode = inode_of("/proc/self/ns/uts");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0 ||
        !OwnedFd(::open("/mnt/uts", O_CREAT | O_RDONLY | O_CLOEXEC, 0600)) ||
        ::mount("/proc/self/ns/uts", "/mnt/uts", nullptr, MS_BIND, nullptr) != 0 ||
        ::setns(before.get(), 0) != 0) {
      return ino_t{0};
    }
    return inode;
  });
  expect(Kind::uts, std::stoul(child.read_line()), "mount /mnt/uts\n");
}

TEST_F(CensusSources, FindWhatIsMountedWhereNoProcessIs) {
  NSX_NEEDS_ROOT();
  // A descriptor holds a mount namespace in which a file holds a UTS namespace.
  Child child = holding([] {
    const OwnedFd uts(::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
    const OwnedFd mnt(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWNS | CLONE_NEWUTS) != 0) return ino_t{0};
    const ino_t inode = inode_of("/proc/self/ns/uts");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0 ||
        !OwnedFd(::open("/mnt/uts", O_CREAT | O_RDONLY | O_CLOEXEC, 0600)) ||
        ::mount("/proc/self/ns/uts", "/mnt/uts", nullptr, MS_BIND, nullptr) != 0 ||
        ::open("/proc/self/ns/mnt", O_RDONLY) < 0 || ::setns(uts.get(), 0) != 0 ||
        ::setns(mnt.get(), 0) != 0) {
      return ino_t{0};
    }
    return inode;
  });
  const ino_t inode = std::stoul(child.read_line());
  CensusRequest request;
  request.sources = SourceSet::all();
  for (const Kernel& kernel : all_kernels()) {
    const Census census = must(take_census(kernel, request));
    const CensusIndex place = place_of(census, Kind::uts, inode);
    ASSERT_NE(place, kNone);
    EXPECT_EQ(holders_of_ours(census, place, ""), "mount /mnt/uts\n");
    expect_found(kernel, Kind::uts, inode);
  }
}

// --- Sources that only a search uses -------------------------------------------------------------

TEST_F(CensusSources, FindOwnersWithoutAProcess) {
  NSX_NEEDS_ROOT();
  Child child = holding([] {
    if (!become_root_in_new_namespaces(CLONE_NEWUSER)) return ino_t{0};
    const ino_t inode = inode_of("/proc/self/ns/user");
    return ::unshare(CLONE_NEWNET | CLONE_NEWUSER) == 0 ? inode : 0;
  });
  const ino_t inode = std::stoul(child.read_line());
  for (const Kernel& kernel : all_kernels())
    expect_found(kernel, Kind::user, inode);
}

/// A child with a thread that calls `enter` and prints the inode number of one of its own links.
Child with_thread(int flags, const char* link, bool ends_leader) {
  return Child([=] {
    std::thread([=] {
      if (::unshare(flags) != 0) return;
      std::printf("%lu\n", static_cast<unsigned long>(
                               inode_of(std::string("/proc/thread-self/ns/") + link)));
      std::fflush(stdout);
      ::pause();
    }).detach();
    if (ends_leader) ::syscall(SYS_exit, 0);
    return ::pause();
  });
}

TEST_F(CensusSources, FindWhatIsForTheChildrenOfAThread) {
  NSX_NEEDS_ROOT();
  Child child = with_thread(0x80 /* CLONE_NEWTIME */, "time_for_children", false);
  const ino_t inode = std::stoul(child.read_line());
  for (const Kernel& kernel : all_kernels())
    expect_found(kernel, Kind::time, inode);
}

TEST_F(CensusSources, FindThreadsWhoseProcessShowsNothing) {
  NSX_NEEDS_ROOT();
  Child child = with_thread(CLONE_NEWUTS, "uts", true);
  const ino_t inode = std::stoul(child.read_line());
  for (const Kernel& kernel : all_kernels())
    expect_found(kernel, Kind::uts, inode);
}

TEST_F(CensusSources, TellOfWhatTheyMayNotSee) {
  NSX_NEEDS_ROOT();
  Child child([] {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 1;
    CensusRequest request;
    request.sources = SourceSet::all();
    const Census census = must(take_census(newest_kernel(), request));
    for (const CensusGap& gap : census.gaps) {
      if (gap.source == Source::process && gap.count > 0 && gap.code == EACCES) return 0;
    }
    return 2;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(CensusSources, OfOneProcessLookAtItAlone) {
  CensusRequest request;
  request.only = ::getpid();
  const Census census = must(take_census(newest_kernel(), request));
  ASSERT_EQ(census.processes.size(), 1U);
  EXPECT_EQ(census.processes[0].pid, ::getpid());
}

}  // namespace
}  // namespace nsx

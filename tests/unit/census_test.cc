// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <sched.h>
#include <sys/resource.h>

#include <nsx/census.hh>
#include <nsx/namespace.hh>

#include "fake_proc.hh"
#include "support.hh"

namespace nsx {
namespace {

using Links = std::map<std::string, ino_t>;

/// "net 5: 2 processes from PID 9", one namespace a line.
std::string namespaces(const Census& census) {
  std::string text;
  for (const CensusNamespace& ns : census.namespaces) {
    text += std::string(name(ns.kind)) + ' ' + std::to_string(ns.identity.inode) + ": " +
            std::to_string(ns.process_count) + " from ";
    text +=
        ns.first_process == kNone ? "none" : std::to_string(census.processes[ns.first_process].pid);
    text += '\n';
  }
  return text;
}

/// "9 of 1: net 5", one process a line.
std::string processes(const Census& census) {
  std::string text;
  for (const CensusProcess& process : census.processes) {
    text += std::to_string(process.pid) + " of " + std::to_string(process.parent) + ':';
    for (const Kind kind : KindSet::all()) {
      const CensusIndex index = process.in(kind);
      if (index == kNone) continue;
      const CensusNamespace& ns = census.namespaces[index];
      EXPECT_EQ(ns.kind, kind);
      text += std::string(" ") + name(kind) + ' ' + std::to_string(ns.identity.inode);
    }
    text += '\n';
  }
  return text;
}

Census census_of(const FakeProc& proc, const CensusRequest& request = {}) {
  return must(take_census(proc.kernel(), request));
}

TEST(FakeCensus, OfNothing) {
  const Census census = census_of(FakeProc());
  EXPECT_TRUE(census.namespaces.empty());
  EXPECT_TRUE(census.processes.empty());
}

TEST(FakeCensus, SortsAndCounts) {
  FakeProc proc;
  proc.add({100, 9, Links{{"net", 50}, {"uts", 30}}});
  proc.add({9, 1, Links{{"net", 50}, {"uts", 20}}});
  proc.add({1, 0, Links{{"net", 40}, {"uts", 30}}});
  const Census census = census_of(proc);
  EXPECT_EQ(processes(census),
            "1 of 0: net 40 uts 30\n"
            "9 of 1: net 50 uts 20\n"
            "100 of 9: net 50 uts 30\n");
  EXPECT_EQ(namespaces(census),
            "uts 20: 1 from 9\n"
            "uts 30: 2 from 1\n"
            "net 40: 1 from 1\n"
            "net 50: 2 from 9\n");
  for (const CensusProcess& process : census.processes)
    EXPECT_EQ(process.uid, ::geteuid());
}

TEST(FakeCensus, TakesTheKindsThatWereAskedFor) {
  FakeProc proc;
  proc.add({1, 0, Links{{"net", 40}, {"uts", 30}, {"mnt", 20}}});
  CensusRequest request;
  request.kinds = {Kind::uts, Kind::mnt};
  EXPECT_EQ(processes(census_of(proc, request)), "1 of 0: mnt 20 uts 30\n");
}

TEST(FakeCensus, KeepsKindsWithTheSameInodeApart) {
  FakeProc proc;
  proc.add({1, 0, Links{{"net", 7}, {"uts", 7}}});
  EXPECT_EQ(namespaces(census_of(proc)), "net 7: 1 from 1\nuts 7: 1 from 1\n");
}

TEST(FakeCensus, LeavesOutWhatEndsMeanwhileOrIsNotOursToSee) {
  FakeProc proc;
  proc.add_directory("5");                     // gone before its namespaces were read
  proc.add({6, 1, {}});                        // its namespaces are not ours to see
  proc.add_links({7, 0, Links{{"net", 40}}});  // gone before its stat was read
  proc.add_links({8, 0, Links{{"net", 40}}});
  proc.write(8, "stat", "");  // likewise, a moment later
  proc.add({9, 1, Links{{"net", 50}}});
  const Census census = census_of(proc);
  EXPECT_EQ(processes(census), "9 of 1: net 50\n");
}

TEST(FakeCensus, HasZombiesWithWhatIsLeftOfThem) {
  FakeProc proc;
  proc.add({3, 1, Links{{"pid", 60}, {"user", 70}}, "dead", 'Z'});
  EXPECT_EQ(processes(census_of(proc)), "3 of 1: pid 60 user 70\n");
}

TEST(FakeCensus, PassesOverWhatIsNoProcess) {
  FakeProc proc;
  for (const char* entry : {"self", "sys", "1a", "4294967296", "tty"}) {
    proc.add_directory(std::string(entry) + "/ns");
    std::filesystem::create_symlink("net:[1]", proc.path() + '/' + entry + "/ns/net");
    write_file(proc.path() + '/' + entry + "/stat", "1 (x) S 0");
  }
  write_file(proc.path() + "/12", "a file");
  EXPECT_EQ(processes(census_of(proc)), "");
}

TEST(FakeCensus, PassesOverLinksThatMakeNoSense) {
  FakeProc proc;
  proc.add({1, 0, Links{{"net", 40}}});
  const std::string ns = proc.path() + "/1/ns/";
  std::filesystem::create_symlink("net:[40]", ns + "uts");  // of another kind
  std::filesystem::create_symlink("/elsewhere", ns + "mnt");
  std::filesystem::create_symlink("frob:[3]", ns + "frob");
  EXPECT_EQ(processes(census_of(proc)), "1 of 0: net 40\n");
}

TEST(FakeCensus, ToleratesHostileNames) {
  FakeProc proc;
  proc.add({2, 1, Links{{"net", 40}}, ") R 99 ("});
  EXPECT_EQ(processes(census_of(proc)), "2 of 1: net 40\n");
}

// --- On the real kernel --------------------------------------------------------------------------

/// The census's view of one process: identities, parents and owners, not indices.
std::string view_of(const Census& census, pid_t pid) {
  const auto describe = [&](CensusIndex index) {
    if (index == kNone) return std::string("-");
    const CensusNamespace& ns = census.namespaces[index];
    return std::string(name(ns.kind)) + ':' + std::to_string(ns.identity.device) + ':' +
           std::to_string(ns.identity.inode);
  };
  for (const CensusProcess& process : census.processes) {
    if (process.pid != pid) continue;
    std::string text = std::to_string(process.parent) + " uid " + std::to_string(process.uid);
    for (const CensusIndex index : process.namespaces) {
      text += '\n' + describe(index);
      if (index == kNone) continue;
      text += " parent " + describe(census.namespaces[index].parent) + " owner " +
              describe(census.namespaces[index].owner);
    }
    return text;
  }
  return "not there";
}

std::string link_text(pid_t pid, Kind kind) {
  char text[64];
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + name(kind);
  const ssize_t size = ::readlink(path.c_str(), text, sizeof text);
  return size < 0 ? "-" : std::string(text, static_cast<std::size_t>(size));
}

std::vector<Kernel> kernels_with_one_feature_less() {
  std::vector<Kernel> list = kernels();
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    KernelOptions options;
    options.disabled.insert(static_cast<Feature>(i));
    list.push_back(must(Kernel::open(options)));
  }
  return list;
}

/// Processes that exist during the census: this one, children, and a zombie.
class RealCensus : public testing::Test {
 protected:
  RealCensus() { zombie_.wait_for_zombie(); }

  const Sleeper sleeper_;
  const Child zombie_{[] { return 0; }};
  const std::vector<pid_t> pids_{::getpid(), sleeper_.pid(), zombie_.pid()};
};

TEST_F(RealCensus, SaysWhatTheLinksSay) {
  for (const Kernel& kernel : kernels_with_one_feature_less()) {
    const Census census = must(take_census(kernel, {}));
    for (const pid_t pid : pids_) {
      const auto process = std::find_if(census.processes.begin(), census.processes.end(),
                                        [&](const auto& p) { return p.pid == pid; });
      ASSERT_NE(process, census.processes.end());
      EXPECT_EQ(process->uid, ::geteuid());
      EXPECT_EQ(process->parent, pid == ::getpid() ? ::getppid() : ::getpid());
      for (const Kind kind : KindSet::all()) {
        const CensusIndex index = process->in(kind);
        const std::string expected = link_text(pid, kind);
        EXPECT_EQ(index == kNone
                      ? "-"
                      : std::string(name(kind)) + ":[" +
                            std::to_string(census.namespaces[index].identity.inode) + ']',
                  expected);
      }
    }
  }
}

TEST_F(RealCensus, IsTheSameByEveryInterface) {
  CensusRequest request;
  request.sources.insert(Source::relation);
  const Census newest = must(take_census(newest_kernel(), request));
  for (const Kernel& kernel : kernels_with_one_feature_less()) {
    const Census census = must(take_census(kernel, request));
    for (const pid_t pid : pids_)
      EXPECT_EQ(view_of(census, pid), view_of(newest, pid));
  }
}

TEST_F(RealCensus, IsTheSameWithoutDescriptorsToSpare) {
  CensusRequest request;
  request.sources.insert(Source::relation);
  const Census plenty = must(take_census(newest_kernel(), request));
  // The limit is lowered in a child, which outlives nothing and does not count itself.
  Child child([&] {
    const rlimit few{20, 20};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
    const Census scarce = must(take_census(newest_kernel(), request));
    for (const pid_t pid : pids_)
      std::printf("%s\n", view_of(scarce, pid).c_str());
    return 0;
  });
  std::string expected;
  for (const pid_t pid : pids_)
    expected += view_of(plenty, pid) + '\n';
  EXPECT_EQ(child.read_all(), expected);
}

TEST_F(RealCensus, AsksForRelationsOnlyWhenToldTo) {
  const Census census = must(take_census(newest_kernel(), {}));
  for (const CensusNamespace& ns : census.namespaces) {
    EXPECT_EQ(ns.parent, kNone);
    EXPECT_EQ(ns.owner, kNone);
  }
}

TEST_F(RealCensus, HasIdsWhereTheKernelHas) {
  for (const Kernel& kernel : kernels()) {
    const Census census = must(take_census(kernel, {}));
    const auto self = std::find_if(census.processes.begin(), census.processes.end(),
                                   [](const auto& p) { return p.pid == ::getpid(); });
    ASSERT_NE(self, census.processes.end());
    EXPECT_EQ(census.namespaces[self->in(Kind::net)].identity.id != 0,
              kernel.has(Feature::namespace_id));
  }
}

TEST_F(RealCensus, KeepsNoDescriptor) {
  const Kernel kernel = newest_kernel();
  const auto lowest_free = [] { return OwnedFd(::dup(STDIN_FILENO)).get(); };
  const int before = lowest_free();
  must(take_census(kernel, {}));
  EXPECT_EQ(lowest_free(), before);
}

TEST(RealCensusHierarchy, AddsTheOwnersThatNoProcessIsIn) {
  NSX_NEEDS_USER_NAMESPACES();
  // A user namespace in a user namespace: the intermediate one has no process.
  Child child([] {
    if (!become_root_in_new_namespaces(0)) return 1;
    std::printf("%s\n", link_text(::getpid(), Kind::user).c_str());
    if (!become_root_in_new_namespaces(CLONE_NEWUTS)) return 1;
    std::printf("%s\n", link_text(::getpid(), Kind::user).c_str());
    std::fflush(stdout);
    return ::pause();
  });
  const auto between = parse_namespace_link(child.read_line());
  const auto innermost = parse_namespace_link(child.read_line());
  ASSERT_TRUE(between && innermost);

  CensusRequest request;
  request.kinds = {Kind::uts};
  request.sources.insert(Source::relation);
  for (const Kernel& kernel : kernels_with_one_feature_less()) {
    const Census census = must(take_census(kernel, request));
    const auto process = std::find_if(census.processes.begin(), census.processes.end(),
                                      [&](const auto& p) { return p.pid == child.pid(); });
    ASSERT_NE(process, census.processes.end());
    const CensusNamespace& uts = census.namespaces.at(process->in(Kind::uts));
    const CensusNamespace& user = census.namespaces.at(uts.owner);
    const CensusNamespace& parent = census.namespaces.at(user.parent);
    EXPECT_EQ(user.identity.inode, innermost->inode);
    EXPECT_EQ(parent.identity.inode, between->inode);
    EXPECT_EQ(user.owner, user.parent);
    EXPECT_EQ(parent.process_count, 0U);
    EXPECT_EQ(census.namespaces.at(parent.parent).identity.inode, inode_of("/proc/self/ns/user"));
  }
}

TEST(IsSameProcess, TellsByTheStartTime) {
  FakeProc proc;
  proc.add({.pid = 7, .parent = 1, .links = {}, .start_time = 200});
  const Kernel kernel = proc.kernel();
  EXPECT_TRUE(is_same_process(kernel, {.pid = 7, .start_time = 200}));
  EXPECT_FALSE(is_same_process(kernel, {.pid = 7, .start_time = 100}));
  EXPECT_FALSE(is_same_process(kernel, {.pid = 8, .start_time = 200}));
  EXPECT_TRUE(is_same_process(kernel, {.pid = 7}));
}

TEST(ReadCommandLines, ReadsNoneOfAProcessThatHasTheNumberOfAnother) {
  FakeProc proc;
  proc.add({.pid = 7, .parent = 1, .links = {}, .start_time = 200});
  const std::vector<CensusProcess> processes{
      {.pid = 7, .start_time = 200}, {.pid = 7, .start_time = 100}, {.pid = 8, .start_time = 200}};
  EXPECT_EQ(read_command_lines(proc.kernel(), processes),
            (std::vector<std::string>{"sleep", "", ""}));
}

TEST(IsSameProcess, TellsByWhatTheCensusHasRead) {
  for (const Kernel& kernel : kernels_with_one_feature_less()) {
    const Census census = must(take_census(kernel, {.identities = true}));
    const auto self = std::ranges::find(census.processes, ::getpid(), &CensusProcess::pid);
    ASSERT_NE(self, census.processes.end());
    EXPECT_TRUE(is_same_process(kernel, *self));
    CensusProcess other = *self;
    (other.start_time != 0 ? other.start_time : other.pidfd_inode) += 1;
    EXPECT_FALSE(is_same_process(kernel, other));
  }
}

}  // namespace
}  // namespace nsx

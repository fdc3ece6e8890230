// SPDX-License-Identifier: MIT
// Whose cgroup names are trusted. All tests run as root: only root can create cgroups of another
// owner.

#include "fake_machine.hh"

namespace nsx {
namespace {

const std::string kId(64, 'a');
const std::string kManager = "/user.slice/user-1000.slice/user@1000.service";
constexpr uid_t kAlice = 1000;

class CgroupTrust : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can delegate";
    machine_.add(10, 100, kManager);
    machine_.delegate(kManager, kAlice);
  }

  CgroupPlace place(pid_t pid) {
    const auto process = must(Process::open(machine_.kernel(), pid));
    return CgroupPlaces(machine_.kernel(), {machine_.root()}).of(process);
  }
  std::string container(pid_t pid) {
    const auto found = place(pid).container;
    return found ? found->text() : "";
  }
  std::string unit(pid_t pid) {
    const auto found = place(pid).unit;
    return found ? found->text() : "";
  }

  FakeMachine machine_;
};

TEST_F(CgroupTrust, EndsBelowWhatIsAnothers) {
  machine_.add(11, 100, kManager + "/lxc.payload.web");
  machine_.add(12, 100, kManager + "/app.slice/docker-" + kId + ".scope");
  machine_.add(13, 100, kManager + "/app.slice/backup.service");
  for (const std::string target : {"container:web", "web", "container:aa", "unit:backup"})
    EXPECT_NE(machine_.resolved(target).find("only untrusted cgroups have this name"),
              std::string::npos)
        << machine_.resolved(target);
  EXPECT_EQ(
      machine_.resolved("unit:backup"),
      "cannot find unit:backup.service: only untrusted cgroups have this name\nhint: to enter "
      "one anyway, give its path: cgroup:" +
          kManager + "/app.slice/backup.service");
  EXPECT_EQ(container(11), "?web");
  EXPECT_EQ(container(12), '?' + kId);
  EXPECT_EQ(unit(13), "user@1000.service");
  // A path needs no trust.
  EXPECT_EQ(machine_.resolved("cgroup:" + kManager + "/lxc.payload.web"),
            "cgroup " + kManager + "/lxc.payload.web (PID 11)");
}

TEST_F(CgroupTrust, IsNotLostByNamesOfOthers) {
  machine_.add(11, 100, kManager + "/lxc.payload.web");
  machine_.add(12, 100, kManager + "/docker-" + kId + ".scope");
  machine_.add(13, 100, kManager + "/cron.service");
  machine_.add(21, 200, "/lxc.payload.web");
  machine_.add(22, 200, "/system.slice/docker-" + kId + ".scope");
  machine_.add(23, 200, "/system.slice/cron.service");
  EXPECT_EQ(machine_.resolved("container:web"), "container web (PID 21)");
  EXPECT_EQ(machine_.resolved("container:aaa"), "container " + kId + " (PID 22)");
  EXPECT_EQ(machine_.resolved("unit:cron"), "unit cron.service (PID 23)");
  const auto listed = machine_.listed();
  EXPECT_EQ(std::count_if(listed.begin(), listed.end(),
                          [](const std::string& each) { return each.starts_with("container:"); }),
            2);
}

TEST_F(CgroupTrust, IsThatOfTheDirectoriesAboveNotOfTheCgroupItself) {
  machine_.add(11, 100, "/system.slice/docker-" + kId + ".scope/init");
  machine_.delegate("/system.slice/docker-" + kId + ".scope", 100000);
  machine_.add(12, 100, "/system.slice/foo.service");
  machine_.delegate("/system.slice/foo.service", kAlice);
  EXPECT_EQ(machine_.resolved("container:aa"), "container " + kId + " (PID 11)");
  EXPECT_EQ(container(11), kId);
  EXPECT_EQ(machine_.resolved("unit:foo"), "unit foo.service (PID 12)");
  EXPECT_EQ(machine_.resolved("unit:user@1000"), "unit user@1000.service (PID 10)");
}

TEST_F(CgroupTrust, EndsInAContainerThatIsRoots) {
  machine_.add(11, 100, "/docker/" + kId + "/docker/" + std::string(64, 'b'));
  machine_.add(12, 100, "/docker/" + kId + "/system.slice/cron.service");
  EXPECT_EQ(machine_.resolved("container:aa"), "container " + kId + " (PID 11)");
  EXPECT_EQ(container(11), kId);
  EXPECT_EQ(unit(12), "?cron.service");
  EXPECT_NE(machine_.resolved("container:bb").find("only untrusted cgroups"), std::string::npos);
}

// The finder keeps the directories above the last cgroup open.
TEST_F(CgroupTrust, DoesNotDependOnWhatWasAskedBefore) {
  const std::string machine = "/machine.slice/machine-web.scope";
  const std::vector<std::string> paths{
      machine + "/supervisor",
      machine + "/payload/system.slice/cron.service",
      machine,
      machine + "/supervisor/cron.service",
      machine + "/payload",
      "/system.slice/docker-" + kId + ".scope/init",
      "/system.slice/cron.service",
      kManager + "/app.slice/backup.service",
      "/system.slice/docker-" + kId + ".scope",
  };
  pid_t pid = 20;
  for (const std::string& path : paths)
    machine_.add(++pid, 100, path);
  const auto alone = [&](const std::string& path) {
    return CgroupPlaces(machine_.kernel(), {machine_.root()}).of_text("0::" + path + '\n');
  };
  EXPECT_FALSE(alone(paths[0]).container);
  ASSERT_TRUE(alone(paths[1]).container);
  EXPECT_EQ(alone(paths[1]).container->text(), "web");
  for (const std::string& first : paths) {
    for (const std::string& second : paths) {
      CgroupPlaces places(machine_.kernel(), {machine_.root()});
      places.of_text("0::" + first + '\n');
      const CgroupPlace found = places.of_text("0::" + second + '\n');
      EXPECT_EQ(found.container, alone(second).container) << second << " after " << first;
      EXPECT_EQ(found.unit, alone(second).unit) << second << " after " << first;
    }
  }
}

TEST_F(CgroupTrust, EndsWhereRootHasDelegated) {
  machine_.add(11, 100, "/system.slice/foo.service/lxc.payload.web");
  EXPECT_EQ(machine_.resolved("container:web"), "container web (PID 11)");
  machine_.mark_delegated("/system.slice/foo.service");
  EXPECT_NE(machine_.resolved("container:web").find("only untrusted cgroups"), std::string::npos);
}

TEST_F(CgroupTrust, EndsWhereOthersMayWrite) {
  machine_.add(11, 100, "/shared/lxc.payload.web");
  const std::string shared = machine_.root() + "/sys/fs/cgroup/shared";
  EXPECT_EQ(container(11), "web");
  ASSERT_EQ(::chmod(shared.c_str(), 0757), 0);
  EXPECT_EQ(container(11), "?web");
  ASSERT_EQ(::chmod(shared.c_str(), 0775), 0);
  EXPECT_EQ(container(11), "web");
  ASSERT_EQ(::chown(shared.c_str(), 0, kAlice), 0);
  EXPECT_EQ(container(11), "?web");
}

TEST_F(CgroupTrust, IsNotGivenToWhatIsNotSeen) {
  machine_.add(11, 100, "/lxc.payload.web");
  EXPECT_EQ(container(11), "web");
  machine_.set_mountinfo("30 23 0:26 / / rw - ext4 /dev/sda rw\n");
  EXPECT_EQ(container(11), "?web");
  machine_.set_mountinfo("30 23 0:26 /x /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(container(11), "?web");
  // Outside the cgroup namespace.
  machine_.mount_cgroup2();
  machine_.set_cgroup(11, "0::/../lxc.payload.web\n");
  EXPECT_EQ(container(11), "?web");
}

TEST_F(CgroupTrust, IsOfAnyHierarchy) {
  machine_.set_mountinfo(
      "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
      "42 31 0:39 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  machine_.write("sys/fs/cgroup/unified/alice/lxc.payload.fake/cgroup.procs", "11\n");
  machine_.write("sys/fs/cgroup/memory/docker/" + kId + "/cgroup.procs", "11\n");
  const std::string alice = machine_.root() + "/sys/fs/cgroup/unified/alice";
  ASSERT_EQ(::chown(alice.c_str(), kAlice, kAlice), 0);
  machine_.add(11, 100, "/");
  machine_.set_cgroup(
      11, "4:memory:/docker/" + kId + "\n1:name=systemd:/\n0::/alice/lxc.payload.fake\n");
  EXPECT_EQ(container(11), kId);
  EXPECT_EQ(machine_.resolved("container:" + kId), "container " + kId + " (PID 11)");
  EXPECT_NE(machine_.resolved("container:fake").find("only untrusted cgroups"), std::string::npos);
}

TEST_F(CgroupTrust, OfRecordsIsThatOfTheirCgroups) {
  machine_.write("run/containerd/io.containerd.runtime.v2.task/x/web/init.pid", "11");
  machine_.add(11, 100, "/default/web");
  EXPECT_EQ(machine_.resolved("container:web"), "container web (PID 11)");
  // The PID is reused by a user who has made a cgroup of the same name.
  machine_.add(11, 100, kManager + "/web");
  EXPECT_EQ(
      machine_.resolved("container:web"),
      "cannot enter container:web: containerd recorded PID 11, which is in an untrusted cgroup "
      "of this name\nhint: if that is the right process, use its PID as the target: 11");
}

TEST_F(CgroupTrust, OfRootsOwnSystemdIsRoots) {
  const std::string manager = "/user.slice/user-0.slice/user@0.service";
  machine_.add(11, 100, manager + "/app.slice/sync.service");
  machine_.mark_delegated(manager);
  EXPECT_EQ(unit(11), "sync.service");
  EXPECT_EQ(machine_.resolved("unit:sync"), "unit sync.service (PID 11)");
}

/// A user's view: asked in a child with that user's id.
TEST_F(CgroupTrust, OfOnesOwnNamesIsTheUsers) {
  machine_.add(11, 100, kManager + "/app.slice/sync.service");
  machine_.delegate(kManager + "/app.slice", kAlice);
  machine_.add(12, 100, kManager + "/user.slice/libpod-" + kId + ".scope/container/cron.service");
  machine_.delegate(kManager + "/user.slice", kAlice);
  machine_.delegate(kManager + "/user.slice/libpod-" + kId + ".scope", kAlice);
  machine_.add(13, 100, "/user.slice/user-1001.slice/user@1001.service/lxc.payload.bob");
  machine_.delegate("/user.slice/user-1001.slice/user@1001.service", 1001);
  machine_.add(14, 100, "/system.slice/cron.service");
  machine_.open_to_all();
  Child child([&] {
    if (::setresuid(kAlice, kAlice, kAlice) != 0) return 99;
    const std::pair<std::string, std::string> wanted[] = {
        {machine_.resolved("unit:sync"), "unit sync.service (PID 11)"},
        {machine_.resolved("container:aa"), "container " + kId + " (PID 12)"},
        {machine_.resolved("unit:cron"), "unit cron.service (PID 14)"},
        {unit(11), "sync.service"},
        {unit(12), "libpod-" + kId + ".scope"},
        {container(12), kId},
        {container(13), "?bob"},
        {unit(13), "user@1001.service"},
        {unit(14), "cron.service"},
    };
    int differing = 0;
    for (const auto& [got, want] : wanted) {
      if (got != want) std::fprintf(stderr, "got: %s, wanted: %s\n", got.c_str(), want.c_str());
      differing += got != want;
    }
    return differing;
  });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace nsx

// SPDX-License-Identifier: MIT
#include "kernel/cgroup.hh"

#include <fcntl.h>

#include "fake_machine.hh"

namespace nsx {
namespace {

// --- Parsing -------------------------------------------------------------------------------------

TEST(CgroupLine, IsHierarchyControllersAndPath) {
  std::string_view text =
      "12:cpu,cpuacct:/a\n"
      "1:name=systemd:/user.slice/x:y\n"
      "0::/system.slice/cron.service (deleted)\n";
  const auto v1 = next_cgroup_line(text);
  ASSERT_TRUE(v1);
  EXPECT_EQ(v1->hierarchy, 12U);
  EXPECT_EQ(v1->controllers, "cpu,cpuacct");
  EXPECT_EQ(v1->path, "/a");
  EXPECT_EQ(next_cgroup_line(text)->path, "/user.slice/x:y");
  const auto v2 = next_cgroup_line(text);
  ASSERT_TRUE(v2);
  EXPECT_EQ(v2->hierarchy, 0U);
  EXPECT_EQ(v2->controllers, "");
  EXPECT_EQ(v2->path, "/system.slice/cron.service");
  EXPECT_FALSE(next_cgroup_line(text));
}

TEST(CgroupLine, PassesOverWhatMakesNoSense) {
  std::string_view text = "\nx::/a\n0:/b\n0::c\n0::\n-1::/d\n0::/good";
  EXPECT_EQ(next_cgroup_line(text)->path, "/good");
  EXPECT_FALSE(next_cgroup_line(text));
}

TEST(TellingCgroup, IsTheOneThatIsNotTheRoot) {
  EXPECT_EQ(telling_cgroup("0::/a\n"), "/a");
  EXPECT_EQ(telling_cgroup("2:cpu:/x\n1:name=systemd:/b\n0::/a\n"), "/a");
  EXPECT_EQ(telling_cgroup("2:cpu:/x\n1:name=systemd:/b\n0::/\n"), "/b");
  EXPECT_EQ(telling_cgroup("3:pids:/\n2:cpu:/x\n1:name=systemd:/\n0::/\n"), "/x");
  EXPECT_EQ(telling_cgroup("2:cpu:/\n1:name=systemd:/\n0::/\n"), "/");
  EXPECT_EQ(telling_cgroup("1:name=systemd:/\n"), "/");
  EXPECT_EQ(telling_cgroup(""), "");
}

TEST(CgroupLines, BeginWithTheHierarchiesThatHaveNames) {
  const std::string text = "3:cpu,cpuacct:/c\n2:memory:/m\n1:name=systemd:/s\n0::/u\n";
  std::vector<std::string_view> paths;
  for (const CgroupLine& line : cgroup_lines(text))
    paths.push_back(line.path);
  EXPECT_EQ(paths, (std::vector<std::string_view>{"/u", "/s", "/c", "/m"}));
}

TEST(CgroupMounts, ShowTheLinesOfTheirHierarchies) {
  const CgroupMount unified{"/u", "/", true, ""};
  const CgroupMount cpu{"/c", "/", false, "rw,cpu,cpuacct"};
  EXPECT_TRUE(unified.shows({0, "", "/a"}));
  EXPECT_FALSE(unified.shows({3, "cpu,cpuacct", "/a"}));
  EXPECT_TRUE(cpu.shows({3, "cpu,cpuacct", "/a"}));
  EXPECT_FALSE(cpu.shows({0, "", "/a"}));
  EXPECT_FALSE(cpu.shows({4, "cpuset", "/a"}));
}

TEST(CgroupMounts, AreV2ThenSystemds) {
  EXPECT_EQ(cgroup_mounts("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"),
            (std::vector<CgroupMount>{{"/sys/fs/cgroup", "/", true, ""}}));
  EXPECT_EQ(
      cgroup_mounts("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
                    "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                    "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,"
                    "name=systemd\n"
                    "41 31 0:38 / /my\\040cgroups rw - cgroup2 cgroup2 rw\n"),
      (std::vector<CgroupMount>{{"/my cgroups", "/", true, ""},
                                {"/sys/fs/cgroup/systemd", "/", false, "rw,xattr,name=systemd"},
                                {"/sys/fs/cgroup/cpu", "/", false, "rw,cpu"}}));
  // A part that is mounted elsewhere is not preferred to the whole hierarchy.
  EXPECT_EQ(cgroup_mounts("41 31 0:38 /docker/x /a rw - cgroup2 cgroup2 rw\n"
                          "42 31 0:38 / /b rw - cgroup2 cgroup2 rw\n"
                          "43 31 0:38 / /c rw - cgroup2 cgroup2 rw\n"),
            (std::vector<CgroupMount>{{"/b", "/", true, ""}}));
  EXPECT_TRUE(cgroup_mounts("").empty());
}

// --- Targets -------------------------------------------------------------------------------------

FakeMachine& with_cgroups(FakeMachine& machine) {
  machine.mount_cgroup2();
  machine.add(1, 5, "/init.scope", 0);
  machine.add(500, 300, "/system.slice/cron.service");
  machine.add(499, 400, "/system.slice/cron.service", 500);
  machine.add(600, 200, "/user.slice/a/deep");
  machine.add(601, 100, "/user.slice/b");
  machine.add_cgroup("/", {});
  machine.add_cgroup("/init.scope", {1});
  machine.add_cgroup("/system.slice", {});
  machine.add_cgroup("/system.slice/cron.service", {499, 500});
  machine.add_cgroup("/system.slice/idle.service", {});
  machine.add_cgroup("/user.slice/a/deep", {600});
  machine.add_cgroup("/user.slice/b", {601});
  return machine;
}

TEST(CgroupTarget, IsTheOldestProcessOfTheCgroupAndThoseBelow) {
  FakeMachine machine;
  with_cgroups(machine);
  EXPECT_EQ(machine.resolved("cgroup:/system.slice/cron.service"),
            "cgroup /system.slice/cron.service (PID 500)");
  EXPECT_EQ(machine.resolved("cgroup:/user.slice/a"), "cgroup /user.slice/a (PID 600)");
  EXPECT_EQ(machine.resolved("cgroup:/user.slice"), "cgroup /user.slice (PID 601)");
  EXPECT_EQ(machine.resolved("cgroup:/"), "cgroup / (PID 1)");
}

TEST(CgroupTarget, CanBeSpelledInSeveralWays) {
  FakeMachine machine;
  with_cgroups(machine);
  for (const char* path : {"user.slice/b", "/user.slice/b/", "//user.slice/b",
                           "/sys/fs/cgroup/user.slice/b", "/sys/fs/cgroup//user.slice/b"}) {
    EXPECT_EQ(machine.resolved(std::string("cgroup:") + path), "cgroup /user.slice/b (PID 601)");
  }
  EXPECT_EQ(machine.resolved("cgroup:/sys/fs/cgroup"), "cgroup / (PID 1)");
  EXPECT_EQ(machine.resolved("user.slice/b"), "cgroup /user.slice/b (PID 601)");
}

TEST(CgroupTarget, MustExistAndHoldAProcess) {
  FakeMachine machine;
  with_cgroups(machine);
  machine.write("sys/fs/cgroup/file", "");
  EXPECT_EQ(machine.resolved("cgroup:/nowhere"), "no cgroup named '/nowhere'");
  EXPECT_EQ(machine.resolved("cgroup:/file"), "no cgroup named '/file'");
  EXPECT_EQ(machine.resolved("cgroup:/system.slice/idle.service"),
            "cannot enter cgroup:/system.slice/idle.service: it has no processes");
  for (const char* path : {"", "..", "/..", "/user.slice/../init.scope", "../init.scope", "a/.."}) {
    EXPECT_EQ(machine.resolved(std::string("cgroup:") + path),
              std::string("invalid cgroup path '") + path +
                  "': expected a path like /system.slice/cron.service, without '..'");
  }
}

TEST(CgroupTarget, IsNoZombieNorOneThatLeft) {
  FakeMachine machine;
  machine.mount_cgroup2();
  machine.add_cgroup("/a", {10, 11, 12, 0});
  machine.add(11, 200, "/a", 1, 'Z');
  machine.add(12, 300, "/a");
  EXPECT_EQ(machine.resolved("cgroup:/a"), "cgroup /a (PID 12)");
}

TEST(CgroupTarget, OfTheSameAgeIsTheParent) {
  FakeMachine machine;
  machine.mount_cgroup2();
  machine.add_cgroup("/a", {7, 8, 9});
  machine.add(9, 100, "/a", 1);
  machine.add(8, 100, "/a", 9);  // the PIDs began anew
  machine.add(7, 101, "/a", 9);
  EXPECT_EQ(machine.resolved("cgroup:/a"), "cgroup /a (PID 9)");
}

TEST(CgroupTarget, IsFoundWhereOnlyAPartIsMounted) {
  FakeMachine machine;
  machine.set_mountinfo("30 23 0:26 /lxc/web /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  machine.add_cgroup("/a", {7});
  machine.add(7, 100, "/lxc/web/a");
  EXPECT_EQ(machine.resolved("cgroup:/lxc/web/a"), "cgroup /a (PID 7)");
  EXPECT_EQ(machine.resolved("cgroup:/a"), "cgroup /a (PID 7)");
}

TEST(UnitTarget, IsTheOldestProcessOfItsCgroup) {
  FakeMachine machine;
  with_cgroups(machine);
  EXPECT_EQ(machine.resolved("unit:cron.service"), "unit cron.service (PID 500)");
  EXPECT_EQ(machine.resolved("unit:cron"), "unit cron.service (PID 500)");
  EXPECT_EQ(machine.resolved("cron"), "unit cron.service (PID 500)");
  EXPECT_EQ(machine.resolved("unit:user.slice"), "unit user.slice (PID 601)");
  EXPECT_EQ(machine.resolved("unit:init.scope"), "unit init.scope (PID 1)");
  EXPECT_EQ(machine.resolved("unit:idle"),
            "cannot enter unit:idle.service: it has no running process");
  EXPECT_EQ(machine.resolved("unit:nothing"), "no unit named 'nothing'");
  EXPECT_EQ(machine.resolved("unit:"), "invalid unit name '': it is empty");
  EXPECT_EQ(machine.resolved("unit:a/b"), "invalid unit name 'a/b': it contains a slash");
}

TEST(UnitTarget, IsFoundWithSystemdsEscape) {
  FakeMachine machine;
  machine.add_cgroup("/system.slice/_cpu.service", {8});
  machine.add_cgroup("/system.slice/system-getty.slice/getty@tty1.service", {9});
  for (const pid_t pid : {8, 9})
    machine.add(pid, 100, "/");
  EXPECT_EQ(machine.resolved("unit:cpu"), "unit cpu.service (PID 8)");
  EXPECT_EQ(machine.resolved("unit:getty@tty1"), "unit getty@tty1.service (PID 9)");
}

TEST(UnitTarget, OfTwoCgroupsIsNotChosen) {
  FakeMachine machine;
  for (const pid_t pid : {7, 8}) {
    machine.add_cgroup("/" + std::to_string(pid) + ".slice/sync.service", {pid});
    machine.add(pid, 100, "/");
  }
  EXPECT_EQ(machine.resolved("sync"),
            "ambiguous name 'sync': could be cgroup:/7.slice/sync.service, "
            "cgroup:/8.slice/sync.service");
  EXPECT_EQ(machine.resolved("cgroup:/8.slice/sync.service"),
            "cgroup /8.slice/sync.service (PID 8)");
}

TEST(UnitTarget, IsNoneInAContainerOrAnotherUnit) {
  FakeMachine machine;
  machine.add_cgroup("/lxc.payload.web/system.slice/cron.service", {7});
  machine.add_cgroup("/lxc.payload.web/system.slice/mail.service", {8});
  machine.add_cgroup("/system.slice/cron.service/mail.service", {9});
  for (const pid_t pid : {7, 8, 9})
    machine.add(pid, 100, "/");
  EXPECT_EQ(machine.resolved("unit:cron"), "unit cron.service (PID 9)");
  EXPECT_EQ(machine.resolved("unit:mail"),
            "cannot find unit:mail.service: only untrusted cgroups have this name\nhint: to enter "
            "one anyway, give its path: cgroup:/lxc.payload.web/system.slice/mail.service, "
            "cgroup:/system.slice/cron.service/mail.service");
}

TEST(UnitTarget, IsFoundInSystemdsHierarchyOfHybridMachines) {
  FakeMachine machine;
  machine.set_mountinfo(
      "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
      "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  std::filesystem::create_directories(machine.root() + "/sys/fs/cgroup/unified/only.service");
  machine.add_systemd_cgroup("/system.slice/cron.service", {7});
  machine.add(7, 100, "/");
  machine.set_cgroup(7, "1:name=systemd:/system.slice/cron.service\n0::/\n");
  EXPECT_EQ(machine.resolved("unit:cron"), "unit cron.service (PID 7)");
  EXPECT_EQ(machine.resolved("cgroup:/system.slice/cron.service"),
            "cgroup /system.slice/cron.service (PID 7)");
  const auto process = must(Process::open(machine.kernel(), 7));
  EXPECT_EQ(CgroupPlaces(machine.kernel(), {machine.root()}).of(process).unit,
            (PlaceName{"cron.service", "/system.slice/cron.service", true}));
}

TEST(CgroupTarget, NeedsNoCgroupsToBeMounted) {
  FakeMachine machine;
  machine.set_mountinfo("30 23 0:26 / / rw - ext4 /dev/sda rw\n");
  EXPECT_EQ(machine.resolved("cgroup:/a"), "no cgroup named '/a'");
  EXPECT_EQ(machine.resolved("unit:a"), "no unit named 'a'");
}

TEST(AnyTarget, IsLookedForEverywhere) {
  FakeMachine machine;
  with_cgroups(machine);
  machine.add_state("docker");
  machine.add(4021, 18273, "/system.slice/docker-x.scope");
  EXPECT_EQ(machine.resolved("nothing"), "no container, pin, unit or cgroup named 'nothing'");
  machine.add_cgroup("/system.slice/web.service", {700});
  machine.add(700, 900, "/system.slice/web.service");
  EXPECT_EQ(machine.resolved("web"),
            "ambiguous name 'web': could be container:web, unit:web.service");
  EXPECT_EQ(machine.resolved("unit:web"), "unit web.service (PID 700)");
  // The same process found by two names is one match.
  machine.add_cgroup("/web", {4021});
  machine.add_cgroup("/system.slice/web.service", {});
  EXPECT_EQ(machine.resolved("web"), "container web (PID 4021)");
}

TEST(AnyTarget, IsListed) {
  FakeMachine machine;
  with_cgroups(machine);
  EXPECT_EQ(machine.listed(),
            (std::vector<std::string>{
                "cgroup:/init.scope", "cgroup:/system.slice", "cgroup:/system.slice/cron.service",
                "cgroup:/system.slice/idle.service", "cgroup:/user.slice", "cgroup:/user.slice/a",
                "cgroup:/user.slice/a/deep", "cgroup:/user.slice/b", "unit:cron.service",
                "unit:idle.service", "unit:init.scope", "unit:system.slice", "unit:user.slice"}));
}

}  // namespace
}  // namespace nsx

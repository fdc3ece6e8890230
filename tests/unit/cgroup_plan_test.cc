// SPDX-License-Identifier: MIT
// The steps of a change of cgroups, from made-up facts.

#include <algorithm>

#include "cgroup/files.hh"
#include "cgroup/plan.hh"
#include "support.hh"

namespace nsx {
namespace {

using Lines = std::vector<std::string>;
using Names = std::vector<std::string>;

/// A machine with a cgroup, /a, that is empty and hands nothing down; all belong to the caller.
CgroupChangeFacts some_facts() {
  CgroupChangeFacts facts;
  facts.mount_point = "/cg";
  facts.is_root = true;
  facts.controllers = {"cpu", "io", "memory", "pids"};
  facts.missing_controllers = {{"hugetlb", "this kernel does not have it"}};
  facts.cgroups = {
      {"/", CgroupFacts{.is_real_root = true, .can_enable = true, .children = {"a", "b"}}},
      {"/a", CgroupFacts{.can_enable = true}}};
  return facts;
}

CgroupFacts& at(CgroupChangeFacts& facts, const std::string& path) {
  return *facts.cgroups.at(path);
}

void occupy(CgroupChangeFacts& facts, const std::string& path, std::size_t count) {
  at(facts, path).has_processes = true;
  at(facts, path).process_count = count;
}

/// The plan as lines for a shell.
Lines lines(const CgroupWanted& wanted, const CgroupChangeFacts& facts,
            const CgroupChangeOptions& options = {}) {
  Lines lines;
  for (const CgroupStep& step : must(plan_cgroups({&wanted, 1}, facts, options)))
    lines.push_back(describe(facts.mount_point, step));
  return lines;
}

std::string refusal(const CgroupWanted& wanted, const CgroupChangeFacts& facts,
                    const CgroupChangeOptions& options = {}) {
  return failure(plan_cgroups({&wanted, 1}, facts, options));
}

TEST(CgroupPlan, MakesWhatIsMissingFromTheTopDown) {
  EXPECT_EQ(lines({.path = "/a/b/c"}, some_facts()), (Lines{"mkdir /cg/a/b", "mkdir /cg/a/b/c"}));
  EXPECT_EQ(lines({.path = "/a"}, some_facts()), Lines{});
}

TEST(CgroupPlan, EnablesControllersAboveASetting) {
  EXPECT_EQ(lines({.path = "/a/b", .settings = {{"memory.max", "4096"}, {"pids.max", "9"}}},
                  some_facts()),
            (Lines{"echo '+memory +pids' > /cg/cgroup.subtree_control",
                   "echo '+memory +pids' > /cg/a/cgroup.subtree_control", "mkdir /cg/a/b",
                   "echo 4096 > /cg/a/b/memory.max", "echo 9 > /cg/a/b/pids.max"}));
}

TEST(CgroupPlan, EnablesOnlyWhatIsNotEnabledYet) {
  auto facts = some_facts();
  at(facts, "/").enabled = {"memory", "pids"};
  at(facts, "/a").enabled = {"pids"};
  const CgroupWanted wanted{.path = "/a/b",
                            .settings = {{"memory.max", "4096"}, {"pids.max", "9"}}};
  EXPECT_EQ(lines(wanted, facts),
            (Lines{"echo +memory > /cg/a/cgroup.subtree_control", "mkdir /cg/a/b",
                   "echo 4096 > /cg/a/b/memory.max", "echo 9 > /cg/a/b/pids.max"}));
}

TEST(CgroupPlan, RemembersWhoWasThereWhenControllersAreEnabled) {
  const CgroupWanted wanted{.path = "/a", .settings = {{"pids.max", "9"}}};
  EXPECT_EQ(must(plan_cgroups({&wanted, 1}, some_facts(), {})),
            (std::vector<CgroupStep>{cgroup_step::EnableControllers{"/", {"pids"}, {"a", "b"}},
                                     cgroup_step::WriteSetting{"/a", "pids.max", "9"}}));
}

TEST(CgroupPlan, OfSeveralCgroupsKnowsItsEarlierSteps) {
  const std::vector<CgroupWanted> wanted{{.path = "/a/b", .settings = {{"pids.max", "9"}}},
                                         {.path = "/a/b/c", .settings = {{"pids.max", "1"}}}};
  Lines lines;
  for (const CgroupStep& step : must(plan_cgroups(wanted, some_facts(), {})))
    lines.push_back(describe("/cg", step));
  EXPECT_EQ(lines,
            (Lines{"echo +pids > /cg/cgroup.subtree_control",
                   "echo +pids > /cg/a/cgroup.subtree_control", "mkdir /cg/a/b",
                   "echo 9 > /cg/a/b/pids.max", "echo +pids > /cg/a/b/cgroup.subtree_control",
                   "mkdir /cg/a/b/c", "echo 1 > /cg/a/b/c/pids.max"}));
}

TEST(CgroupPlan, HandsDownWhatItIsWantedToHandDown) {
  EXPECT_EQ(lines({.path = "/a", .controllers = {"cpu"}}, some_facts()),
            (Lines{"echo +cpu > /cg/cgroup.subtree_control",
                   "echo +cpu > /cg/a/cgroup.subtree_control"}));
}

TEST(CgroupPlan, RefusesToHandDownWhereProcessesAre) {
  auto facts = some_facts();
  occupy(facts, "/a", 2);
  const CgroupWanted wanted{.path = "/a/b", .settings = {{"pids.max", "9"}}};
  EXPECT_EQ(
      refusal(wanted, facts),
      "cannot enable controllers below the cgroup /a: it has 2 processes of its own, and only "
      "a cgroup without processes can enable controllers\nhint: add --leaf=NAME to move them to a "
      "new cgroup in it");
  // A cgroup without limits needs no controllers.
  EXPECT_EQ(lines({.path = "/a/b"}, facts), Lines{"mkdir /cg/a/b"});
}

TEST(CgroupPlan, MovesProcessesToALeafOnce) {
  auto facts = some_facts();
  occupy(facts, "/a", 1);
  const std::vector<CgroupWanted> wanted{{.path = "/a/b", .settings = {{"pids.max", "9"}}},
                                         {.path = "/a/c", .settings = {{"io.weight", "5"}}}};
  const auto steps = must(plan_cgroups(wanted, facts, {.leaf = "leaf"}));
  const CgroupStep move = cgroup_step::MoveProcesses{"/a", "/a/leaf"};
  EXPECT_EQ(std::ranges::count(steps, move), 1);
  ASSERT_GE(steps.size(), 4U);
  EXPECT_EQ(steps[0], (CgroupStep{cgroup_step::EnableControllers{"/", {"pids"}, {"a", "b"}}}));
  EXPECT_EQ(steps[1], (CgroupStep{cgroup_step::Make{"/a/leaf"}}));
  EXPECT_EQ(steps[2], move);
  EXPECT_EQ(steps[3], (CgroupStep{cgroup_step::EnableControllers{"/a", {"pids"}, {}}}));
}

TEST(CgroupPlan, UsesALeafThatExists) {
  auto facts = some_facts();
  occupy(facts, "/a", 1);
  facts.cgroups.emplace("/a/leaf", CgroupFacts{});
  const auto steps = must(
      plan_cgroups(std::vector<CgroupWanted>{{.path = "/a/b", .settings = {{"pids.max", "9"}}}},
                   facts, {.leaf = "leaf"}));
  EXPECT_EQ(std::ranges::count(steps, CgroupStep{cgroup_step::Make{"/a/leaf"}}), 0);
}

TEST(CgroupPlan, RefusesALeafThatIsNoName) {
  auto facts = some_facts();
  occupy(facts, "/a", 1);
  const CgroupWanted wanted{.path = "/a/b", .settings = {{"pids.max", "9"}}};
  EXPECT_EQ(refusal(wanted, facts, {.leaf = "x/y"}),
            "invalid leaf name 'x/y': it contains a slash");
}

TEST(CgroupPlan, LeavesTheRuleOfInnerNodesOutWhereTheKernelDoes) {
  auto facts = some_facts();
  occupy(facts, "/", 100);
  occupy(facts, "/a", 1);
  at(facts, "/a").is_threaded = true;
  EXPECT_EQ(lines({.path = "/a/b", .settings = {{"cpu.weight", "9"}}}, facts).size(), 4U);
}

TEST(CgroupPlan, RefusesAControllerThatTheTopLacks) {
  EXPECT_EQ(refusal({.path = "/a", .settings = {{"hugetlb.2MB.max", "0"}}}, some_facts()),
            "cannot use the controller hugetlb: this kernel does not have it");
  EXPECT_EQ(refusal({.path = "/a", .needs = {"hugetlb"}}, some_facts()),
            "cannot use the controller hugetlb: this kernel does not have it");
}

TEST(CgroupPlan, TakesWishesAsFarAsTheyCanBeHad) {
  auto facts = some_facts();
  const CgroupWanted wanted{.path = "/a/b", .wishes = {"hugetlb", "memory"}};
  const Lines with_memory{"echo +memory > /cg/cgroup.subtree_control",
                          "echo +memory > /cg/a/cgroup.subtree_control", "mkdir /cg/a/b"};
  EXPECT_EQ(lines(wanted, facts), with_memory);
  at(facts, "/a").can_enable = false;
  EXPECT_EQ(lines(wanted, facts), Lines{"mkdir /cg/a/b"});
  // Another process enables it.
  at(facts, "/").enabled = {"memory"};
  at(facts, "/a").enabled = {"memory"};
  EXPECT_EQ(lines(wanted, facts), Lines{"mkdir /cg/a/b"});
  facts = some_facts();
  occupy(facts, "/a", 1);
  EXPECT_EQ(lines(wanted, facts), Lines{"mkdir /cg/a/b"});
}

TEST(CgroupPlan, LeavesOutWhatAFileSays) {
  auto facts = some_facts();
  at(facts, "/").enabled = {"pids"};
  at(facts, "/a").values = {{"pids.max", "9\n"}};
  const CgroupWanted same{.path = "/a", .settings = {{"pids.max", "9"}}};
  EXPECT_EQ(lines(same, facts), Lines{"echo 9 > /cg/a/pids.max"});
  EXPECT_EQ(lines(same, facts, {.only_changes = true}), Lines{});
  EXPECT_EQ(lines({.path = "/a", .settings = {{"pids.max", "8"}}}, facts, {.only_changes = true}),
            Lines{"echo 8 > /cg/a/pids.max"});
}

TEST(CgroupPlan, DelegatesLast) {
  EXPECT_EQ(must(plan_cgroups(std::vector<CgroupWanted>{{.path = "/a",
                                                         .settings = {{"cgroup.max.depth", "3"}},
                                                         .delegate_to = CgroupOwner{1000, 100}}},
                              some_facts(), {})),
            (std::vector<CgroupStep>{cgroup_step::WriteSetting{"/a", "cgroup.max.depth", "3"},
                                     cgroup_step::Delegate{"/a", {1000, 100}}}));
}

TEST(CgroupPlan, RefusesWhatExistsAndMustBeNew) {
  EXPECT_EQ(refusal({.path = "/a", .must_be_new = true}, some_facts()),
            "cannot make the cgroup /a: it already exists");
  EXPECT_EQ(lines({.path = "/c", .must_be_new = true}, some_facts()), Lines{"mkdir /cg/c"});
}

TEST(CgroupPlan, RefusesWhatIsSystemds) {
  auto facts = some_facts();
  facts.systemds = {"/a"};
  EXPECT_NE(refusal({.path = "/a"}, facts).find("systemd manages it"), std::string::npos);
  EXPECT_NE(refusal({.path = "/a"}, facts).find("'systemd-run --scope"), std::string::npos);
  facts.is_root = false;
  EXPECT_NE(refusal({.path = "/a"}, facts).find("'systemd-run --user --scope"), std::string::npos);
}

TEST(CgroupPlan, ReportsWhatCouldNotBeRead) {
  auto facts = some_facts();
  facts.cgroups.insert_or_assign("/a", fail("open the cgroup", "/a", EACCES));
  EXPECT_EQ(refusal({.path = "/a"}, facts), "cannot open the cgroup /a: Permission denied");
  facts = some_facts();
  at(facts, "/a").has_processes = fail("read", "/cg/a/cgroup.procs", EOPNOTSUPP);
  EXPECT_EQ(refusal({.path = "/a/b", .settings = {{"pids.max", "9"}}}, facts),
            "cannot read /cg/a/cgroup.procs: Operation not supported");
}

TEST(CgroupPlan, RefusesWhatCouldNotBeRemoved) {
  std::string deep;
  for (int i = 0; i <= kMaxCgroupDepth; ++i)
    deep += "/x";
  EXPECT_NE(refusal({.path = deep}, some_facts()).find("nested deeper than 200 levels"),
            std::string::npos);
  const std::string name(255, 'x');
  std::string far;
  for (int i = 0; i < 16; ++i)
    far += '/' + name;
  EXPECT_NE(refusal({.path = far}, some_facts()).find("longer than 4095 bytes"), std::string::npos);
}

TEST(CgroupStep, IsALineForAShell) {
  const auto line = [](const CgroupStep& step) { return describe("/cg x", step); };
  EXPECT_EQ(line(cgroup_step::Make{"/a"}), "mkdir '/cg x/a'");
  EXPECT_EQ(line(cgroup_step::EnableControllers{"/", {"cpu", "io"}}),
            "echo '+cpu +io' > '/cg x/cgroup.subtree_control'");
  EXPECT_EQ(line(cgroup_step::MoveProcesses{"/a", "/a/b"}),
            "for pid in $(cat '/cg x/a/cgroup.procs'); do echo $pid > '/cg x/a/b/cgroup.procs'; "
            "done");
  EXPECT_EQ(line(cgroup_step::WriteSetting{"/a", "net.in", "5"}), "nsx-cg set /a net.in=5");
  EXPECT_EQ(line(cgroup_step::Delegate{"/a", {1, 2}}),
            "chown 1:2 '/cg x/a'; for file in $(cat /sys/kernel/cgroup/delegate); do [ ! -e '/cg "
            "x/a'/$file ] || chown 1:2 '/cg x/a'/$file; done");
}

std::vector<CgroupSetting> settings(std::string_view limits, const LimitFacts& facts) {
  return must(resolve_limits(must(parse_cgroup_limits(limits)), facts));
}

TEST(ResolvedLimit, OfAShareIsOneOfWhatThereIs) {
  LimitFacts facts;
  facts.memory = 1000000;
  facts.swap = 8192;
  EXPECT_EQ(settings("memory=50% swap=50%", facts),
            (std::vector<CgroupSetting>{{"memory.max", "503808"}, {"memory.swap.max", "4096"}}));
  facts.swap = refuse("find {} in /proc/meminfo", "SwapTotal", "");
  EXPECT_EQ(settings("memory=50%", facts).size(), 1U);
  EXPECT_EQ(failure(resolve_limits(must(parse_cgroup_limits("swap=50%")), facts)),
            "cannot find SwapTotal in /proc/meminfo");
}

TEST(ResolvedLimit, OfMemoryIsInWholePages) {
  const LimitFacts facts{.page_size = 65536};
  EXPECT_EQ(settings("memory=5 memory.low=64K memory.high=max", facts),
            (std::vector<CgroupSetting>{
                {"memory.max", "65536", 5}, {"memory.low", "65536"}, {"memory.high", "max"}}));
}

TEST(ResolvedLimit, OfADiskBeginsWithItsNumber) {
  const LimitFacts facts{
      .disks = {{"/srv", "8:16"}, {"/tmp", fail("find the disk of", "/tmp", 2)}}};
  EXPECT_EQ(settings("io.weight=/srv:50", facts),
            (std::vector<CgroupSetting>{{"io.weight", "8:16 50"}}));
  EXPECT_EQ(failure(resolve_limits(must(parse_cgroup_limits("io.weight=/tmp:50")), facts)),
            "cannot find the disk of /tmp: No such file or directory");
}

TEST(CgroupPath, HasThoseAboveFromTheTop) {
  EXPECT_EQ(paths_above("/a/b/c"), (Names{"/", "/a", "/a/b"}));
  EXPECT_EQ(paths_above("/a"), Names{"/"});
  EXPECT_EQ(paths_above("/"), Names{});
}

}  // namespace
}  // namespace nsx

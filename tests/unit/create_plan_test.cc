// SPDX-License-Identifier: MIT
#include <csignal>

#include <nsx/create.hh>
#include <nsx/process.hh>

#include "spelled.hh"
#include "support.hh"

namespace nsx {
namespace {

using Steps = std::vector<std::string>;
using Propagation = CreateRequest::Propagation;
using Block = IdMapRequest::Block;
using Source = Block::Source;

const IdMapRequest kRoot{.own = IdMapRequest::Own{0}};
const IdMapRequest kCurrent{.own = IdMapRequest::Own{}};

/// The facts of an ordinary user, on a machine with newuidmap(1).
CreateFacts user_facts() {
  CreateFacts facts{1000, 100};
  facts.kinds = {Kind::cgroup, Kind::mnt, Kind::net, Kind::pid, Kind::user};
  facts.users = {IdMapLine{0, 100000, 10}, {{0, 0, 4294967295}}, "/bin/newuidmap"};
  facts.groups = {IdMapLine{0, 200000, 10}, {{0, 0, 4294967295}}, "/bin/newgidmap"};
  return facts;
}

CreateFacts root_facts() {
  CreateFacts facts = user_facts();
  facts.uid = facts.gid = 0;
  return facts;
}

/// The steps for a request, without the last: `exec id: id -u`; protection_test.cc has the steps
/// that protect the caller.
Steps steps_of(CreateRequest request, const CreateFacts& facts = user_facts()) {
  request.protection.keeps_all_descriptors = true;
  request.program = {"id", {"id", "-u"}};
  const Result<Plan> plan = plan_create(request, facts);
  if (!plan) return {failure(plan)};
  Steps steps = spelled(*plan);
  EXPECT_EQ(steps.back(), "exec id: id -u");
  steps.pop_back();
  return steps;
}

Steps root_steps_of(const CreateRequest& request) {
  return steps_of(request, root_facts());
}

struct Case {
  CreateRequest request;
  Steps steps;
};

TEST(PlanCreate, OfNothingIsTheProgram) {
  EXPECT_EQ(steps_of({}), Steps{});
}

TEST(PlanCreate, MakesAllKindsAtOnce) {
  EXPECT_EQ(steps_of({.kinds = {Kind::uts, Kind::net}}), (Steps{"unshare net uts"}));
  EXPECT_EQ(steps_of({.kinds = KindSet::all()}),
            (Steps{"unshare cgroup ipc mnt net pid time user uts", "private"}));
}

TEST(PlanCreate, ForksIfToldTo) {
  const Case cases[] = {
      {{.kinds = {Kind::pid}}, {"unshare pid"}},
      {{.kinds = {Kind::pid}, .fork = true}, {"unshare pid", "fork death 0"}},
      {{.fork = true}, {"fork death 0"}},
      {{.follow = {.kill_child = SIGKILL}}, {"watcher 9", "fork death 9"}},
      {{.fork = true, .follow = {.kill_child = SIGTERM}}, {"watcher 15", "fork death 15"}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, HasAnInitWhereKeysOrSignalsWouldBeIgnored) {
  const std::string passes_on =
      "fork death 0 forward 15 forward 2 forward 1 forward 3 forward 10 "
      "forward 12 forward 28";
  const FollowRequest pty{.terminal = FollowRequest::Terminal::its_own};
  const Steps without{"terminal", "unshare pid",
                      "fork death 0 forward 15 forward 2 forward 1 forward 3"};
  const Case cases[] = {
      {{.init = true}, {"unshare pid", passes_on, "init"}},
      {{.follow = {.forward = {SIGUSR1}}, .init = true},
       {"unshare pid", "fork death 0 forward 10", "init"}},
      {{.kinds = {Kind::pid}, .follow = pty, .init = {}},
       {"terminal", "unshare pid", passes_on, "init"}},
      {{.kinds = {Kind::pid}, .follow = pty, .init = false}, without},
      // Not PID 1.
      {{.follow = pty, .init = {}},
       {"terminal", "fork death 0 forward 15 forward 2 forward 1 forward 3"}},
      {{.kinds = {Kind::pid}, .fork = true, .init = {}}, {"unshare pid", "fork death 0"}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
  const auto all = [](std::optional<bool> init) {
    const auto steps = steps_of({.all = true, .init = init});
    return std::find(steps.begin(), steps.end(), "init") != steps.end();
  };
  EXPECT_TRUE(all(std::nullopt));
  EXPECT_FALSE(all(false));
}

TEST(PlanCreate, MountsASysfsOfTheNetwork) {
  EXPECT_EQ(steps_of({.kinds = {Kind::net}, .mount_sys = "/sys"}),
            (Steps{"unshare mnt net", "private", "sys /sys"}));
  EXPECT_EQ(steps_of({.mount_sys = "/s", .root = "/r"}),
            (Steps{"prepare starter", "unshare mnt", "private", "root /r", "sys /s private"}));
}

TEST(PlanCreate, MapsTheCaller) {
  const Case cases[] = {
      {{.kinds = {Kind::user}}, {"unshare user"}},
      {{.users = kRoot, .groups = kRoot}, {"unshare user", "maps 0 1000 1;0 100 1; deny"}},
      {{.users = kCurrent, .groups = kCurrent},
       {"unshare user", "maps 1000 1000 1;100 100 1; deny"}},
      {{.kinds = {Kind::net}, .users = kRoot, .groups = kRoot},
       {"unshare net user", "maps 0 1000 1;0 100 1; deny"}},
      // Without a map of groups there is nothing to deny.
      {{.users = kRoot}, {"unshare user", "maps 0 1000 1;"}},
      {{.groups = kRoot}, {"unshare user", "maps 0 100 1; deny"}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, AsksForMoreIdsThanOnesOwn) {
  const IdMapRequest range{.blocks = {{Source::range, {0, 5000, 10}}}};
  const IdMapRequest both{.own = IdMapRequest::Own{0}, .blocks = {{Source::auto_}}};
  const CreateRequest ranges{.users = range, .groups = range};
  // An ordinary user by newuidmap(1), root by the helper. Groups can be changed then.
  EXPECT_EQ(steps_of(ranges),
            (Steps{"helper", "unshare user", "maps 0 5000 10;by newidmap;0 5000 10;by newidmap;"}));
  EXPECT_EQ(root_steps_of(ranges),
            (Steps{"helper", "unshare user", "maps 0 5000 10;by helper;0 5000 10;by helper;"}));
  EXPECT_EQ(steps_of({.users = both, .groups = both}),
            (Steps{"helper", "unshare user",
                   "maps 0 1000 1;1 100000 10;by newidmap;0 100 1;1 200000 10;by newidmap;"}));
  // A range of users alone does not affect groups.
  EXPECT_EQ(
      steps_of({.users = both, .groups = kRoot}),
      (Steps{"helper", "unshare user", "maps 0 1000 1;1 100000 10;by newidmap;0 100 1; deny"}));
}

TEST(PlanCreate, RefusesMapsThatNobodyCanWrite) {
  CreateFacts facts = user_facts();
  facts.users.tool.clear();
  facts.groups.subordinate.reset();
  EXPECT_EQ(steps_of({.users = {.blocks = {{Source::auto_}}}}, facts),
            (Steps{"cannot map UIDs: newuidmap is not in PATH\nhint: install it, on Debian: apt "
                   "install uidmap"}));
  EXPECT_EQ(steps_of({.groups = {.blocks = {{Source::auto_}}}}, facts),
            (Steps{"cannot map GIDs: this user has no ids in /etc/subgid\nhint: add them as root: "
                   "usermod --add-subgids FIRST-LAST USER"}));
}

TEST(PlanCreate, SaysWhetherGroupsMayChangeBeforeTheMaps) {
  const IdMapRequest range{.blocks = {{Source::range, {0, 5000, 10}}}};
  const Case cases[] = {
      {{.kinds = {Kind::user}, .allow_setgroups = false}, {"unshare user", "maps  deny"}},
      {{.kinds = {Kind::user}, .allow_setgroups = true}, {"unshare user", "maps  allow"}},
      {{.kinds = {Kind::net}, .allow_setgroups = true}, {"unshare net"}},
      {{.kinds = {Kind::net}, .allow_setgroups = false}, {"--setgroups=deny needs --user"}},
      {{.groups = range, .allow_setgroups = false},
       {"helper", "unshare user", "maps 0 5000 10;by newidmap; deny"}},
      {{.groups = kRoot, .allow_setgroups = true},
       {"cannot allow setgroups: a map of only your own group requires denying it\nhint: leave out "
        "--setgroups=allow or --map-group"}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, LetsTheHelperWriteForAnotherOwner) {
  EXPECT_EQ(root_steps_of({.owner = {{1000, 100}}}), (Steps{"owner 1000:100", "unshare user"}));
  EXPECT_EQ(root_steps_of({.users = kRoot, .groups = kRoot, .owner = {{1000, 100}}}),
            (Steps{"helper", "owner 1000:100", "unshare user",
                   "maps 0 1000 1;by helper;0 100 1;by helper; deny"}));
  EXPECT_EQ(
      root_steps_of({.kinds = {Kind::time}, .owner = {{1000, 100}}, .boottime = 5}),
      (Steps{"helper", "owner 1000:100", "unshare time user", "offsets monotonic - boottime 5"}));
}

TEST(PlanCreate, SetsClocksOfNewTimeNamespacesOnly) {
  EXPECT_EQ(steps_of({.kinds = {Kind::time}, .fork = true, .monotonic = -7, .boottime = 9}),
            (Steps{"unshare time", "offsets monotonic -7 boottime 9", "fork death 0"}));
  EXPECT_EQ(steps_of({.monotonic = 1}), (Steps{"--monotonic needs --time"}));
  EXPECT_EQ(steps_of({.boottime = 1}), (Steps{"--boottime needs --time"}));
}

TEST(PlanCreate, PinsFromOutside) {
  const Case cases[] = {
      {{.files = {{Kind::net, "net"}, {Kind::uts, "uts"}}},
       {"helper", "unshare net uts", "pin net net uts uts", "keep pins"}},
      // Not if the new mount namespace would see it.
      {{.kinds = {Kind::mnt}, .files = {{Kind::net, "f"}}},
       {"helper", "unshare mnt net", "private", "pin net f", "keep pins"}},
      {{.kinds = {Kind::net, Kind::user}, .pin = "blue"},
       {"helper", "unshare net user", "pin net /run/netns/blue new user /run/userns/blue new",
        "keep pins"}},
      {{.files = {{Kind::pid, "f"}}, .fork = true},
       {"helper", "unshare pid", "fork death 0", "pin pid f", "keep pins"}},
      {{.kinds = {Kind::pid}, .pin = "blue"},
       {"helper", "unshare pid", "fork death 0", "pin pid /run/pidns/blue new", "keep pins"}},
      {{.files = {{Kind::pid, "f"}}}, {"helper", "unshare pid", "pin pid f", "keep pins"}},
      {{.pin = "blue"},
       {"cannot pin blue: no new namespace is requested\nhint: add --net or another kind of "
        "namespace"}},
      {{.kinds = {Kind::net}, .pin = "a/b"}, {"invalid pin name 'a/b': it contains a slash"}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, SetsThePropagationOfNewMountNamespacesOnly) {
  const KindSet mnt{Kind::mnt};
  const Case cases[] = {
      {{.kinds = mnt}, {"unshare mnt", "private"}},
      {{.kinds = mnt, .propagation = Propagation::private_}, {"unshare mnt", "private"}},
      {{.kinds = mnt, .propagation = Propagation::shared}, {"unshare mnt", "shared"}},
      {{.kinds = mnt, .propagation = Propagation::slave}, {"unshare mnt", "slave"}},
      {{.kinds = mnt, .propagation = Propagation::unchanged}, {"unshare mnt"}},
      {{.kinds = {Kind::net}, .propagation = Propagation::slave}, {"unshare net"}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, MountsProcWhereNoOneElseSeesIt) {
  const Case cases[] = {
      {{.mount_proc = "/proc"}, {"unshare mnt", "private", "proc /proc"}},
      {{.propagation = Propagation::slave, .mount_proc = "/proc"},
       {"unshare mnt", "slave", "proc /proc privately"}},
      {{.propagation = Propagation::shared, .mount_proc = "/proc"},
       {"unshare mnt", "shared", "proc /proc privately"}},
      {{.propagation = Propagation::unchanged, .mount_proc = "/p"},
       {"unshare mnt", "proc /p privately"}},
      // The new root can be on a mount that / does not reach.
      {{.mount_proc = "/proc", .root = "/srv"},
       {"prepare starter", "unshare mnt", "private", "root /srv", "proc /proc privately"}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, MountsBinfmtAndRegistersInterpreters) {
  const std::string usual = kUsualBinfmt;
  const std::string plain = ":a:M::x::/bin/cat:";
  const std::string at_once = ":a:M::x::/bin/cat:OF";
  const Case cases[] = {
      {{.mount_binfmt = "/b"}, {"unshare mnt user", "private", "binfmt /b"}},
      {{.mount_binfmt = usual}, {"unshare mnt user", "private", "proc /proc", "binfmt " + usual}},
      {{.interpreters = {plain}},
       {"unshare mnt user", "private", "proc /proc", "binfmt " + usual,
        "interpreter " + usual + ' ' + plain}},
      {{.mount_binfmt = "/b", .interpreters = {at_once, plain}},
       {"unshare mnt user", "private", "binfmt /b", "interpreter /b " + at_once,
        "interpreter /b " + plain}},
      // An interpreter that is opened now comes from outside the new root.
      {{.mount_binfmt = "/b", .interpreters = {at_once, plain}, .root = "/srv"},
       {"prepare starter", "unshare mnt user", "private", "binfmt " + usual,
        "interpreter " + usual + ' ' + at_once, "root /srv", "binfmt /b",
        "interpreter /b " + plain}},
      {{.mount_binfmt = "/b", .interpreters = {plain}, .root = "/srv"},
       {"prepare starter", "unshare mnt user", "private", "root /srv", "binfmt /b",
        "interpreter /b " + plain}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, LooksPathsUpBelowTheNewRoot) {
  EXPECT_EQ(steps_of({.root = "/srv"}), (Steps{"prepare starter", "root /srv"}));
  EXPECT_EQ(steps_of({.working_directory = "/tmp"}), (Steps{"cd /tmp"}));
  EXPECT_EQ(steps_of({.root = "/srv", .working_directory = "in"}),
            (Steps{"prepare starter", "root /srv", "cd in"}));
}

TEST(PlanCreate, SetsIdsAndCapabilitiesOfTheProgram) {
  const Case cases[] = {
      {{.uid = 5}, {"gid - uid 5"}},
      {{.gid = 6}, {"drop groups", "gid 6 uid -"}},
      {{.uid = 5, .gid = 6}, {"drop groups", "gid 6 uid 5"}},
      // If they cannot be dropped, there are none that matter.
      {{.users = kRoot, .groups = kRoot, .gid = 0},
       {"unshare user", "maps 0 1000 1;0 100 1; deny", "drop groups if allowed", "gid 0 uid -"}},
      {{.kinds = {Kind::user}, .uid = 5, .keep_capabilities = true},
       {"unshare user", "gid - uid 5 keep caps", "keep caps"}},
      {{.kinds = {Kind::user}, .keep_capabilities = true}, {"unshare user", "keep caps"}},
      {{.keep_capabilities = true}, {}},
  };
  for (const Case& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, SetsHostNameLoopbackAndEnvironment) {
  EXPECT_EQ(steps_of({.hostname = "blue"}), (Steps{"unshare uts", "hostname blue"}));
  EXPECT_EQ(steps_of({.loopback = true}), (Steps{"unshare net", "lo"}));
  EXPECT_EQ(steps_of({.environment = {{"A=1", "B=2"}}}), (Steps{"environment A=1 B=2"}));
  EXPECT_EQ(steps_of({.environment = std::vector<std::string>{}}), (Steps{"environment"}));
}

TEST(PlanCreate, OfAllIsWhatAContainerHas) {
  EXPECT_EQ(steps_of({.all = true}),
            (Steps{"unshare cgroup mnt net pid user", "maps 0 1000 1;0 100 1; deny", "fork death 0",
                   "private", "proc /proc"}));
  // Root keeps all its ids.
  EXPECT_EQ(root_steps_of({.all = true}),
            (Steps{"helper", "unshare cgroup mnt net pid user",
                   "maps 0 0 4294967295;by helper;0 0 4294967295;by helper;", "fork death 0",
                   "private", "proc /proc"}));
  // Explicit options take precedence.
  EXPECT_EQ(steps_of({.all = true, .users = kCurrent, .mount_proc = "/p"}),
            (Steps{"unshare cgroup mnt net pid user", "maps 1000 1000 1;", "fork death 0",
                   "private", "proc /p"}));
}

TEST(PlanCreate, DoesAllInOrder) {
  CreateRequest request{.kinds = {Kind::pid, Kind::time}, .init = true};
  request.follow.kill_child = SIGKILL;
  request.pin = "blue";
  request.owner = {{1000, 100}};
  request.users = request.groups = kRoot;
  request.monotonic = 1;
  request.hostname = "blue";
  request.loopback = true;
  request.root = "/srv";
  request.working_directory = "/tmp";
  request.mount_binfmt = "/b";
  request.interpreters = {":a:M::x::/bin/cat:"};
  request.mount_proc = "/proc";
  request.uid = 1;
  request.gid = 2;
  request.keep_capabilities = true;
  request.environment = {{"A=1"}};
  EXPECT_EQ(root_steps_of(request),
            (Steps{"watcher 9",
                   "prepare starter",
                   "helper",
                   "owner 1000:100",
                   "unshare mnt net pid time user uts",
                   "maps 0 1000 1;by helper;0 100 1;by helper; deny",
                   "offsets monotonic 1 boottime -",
                   "fork death 9 forward 15 forward 2 forward 1 forward 3 forward 10 forward 12 "
                   "forward 28",
                   "private",
                   "pin mnt /run/mntns/blue new net /run/netns/blue new pid /run/pidns/blue new "
                   "time /run/timens/blue new user /run/userns/blue new uts /run/utsns/blue new",
                   "hostname blue",
                   "lo",
                   "root /srv",
                   "cd /tmp",
                   "proc /proc privately",
                   "binfmt /b",
                   "interpreter /b :a:M::x::/bin/cat:",
                   "init",
                   "drop groups if allowed",
                   "gid 2 uid 1 keep caps",
                   "keep caps",
                   "environment A=1",
                   "keep pins"}));
}

TEST(ReadCreateFacts, AreTheEffectiveIds) {
  const auto facts = must(read_create_facts(newest_kernel(), {}));
  EXPECT_EQ(facts.uid, ::geteuid());
  EXPECT_EQ(facts.gid, ::getegid());
  EXPECT_TRUE(facts.kinds.empty());
}

TEST(ReadCreateFacts, KnowWhatTheRequestNeeds) {
  CreateRequest request{.all = true, .users = {.blocks = {{Source::all}}}};
  request.search_path = "/nowhere:relative:/bin";
  const auto facts = must(read_create_facts(newest_kernel(), request));
  EXPECT_TRUE(facts.kinds.contains(Kind::net));
  EXPECT_TRUE(facts.kinds.contains(Kind::user));
  EXPECT_EQ(format_id_map(facts.users.available),
            format_id_map(must(parse_id_map(
                must(Process::open(newest_kernel(), ::getpid())).read("uid_map").value()))));
}

}  // namespace
}  // namespace nsx

// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <nsx/enter.hh>

#include "spelled.hh"
#include "support.hh"

namespace nsx {
namespace {

using Steps = std::vector<std::string>;

constexpr bool kShared = true;

/// The namespaces of PID 42 that were found; the descriptors are made up: 100 + the kind.
EnterFacts found(std::initializer_list<Kind> kinds, std::initializer_list<Kind> shared = {}) {
  EnterFacts facts;
  const auto add = [&](Kind kind, bool is_shared) {
    facts.namespaces.push_back({kind, 100 + static_cast<int>(kind), "PID 42", is_shared});
  };
  for (const Kind kind : kinds)
    add(kind, !kShared);
  for (const Kind kind : shared)
    add(kind, kShared);
  return facts;
}

EnterFacts privileged(EnterFacts facts) {
  facts.has_sys_admin = true;
  return facts;
}

EnterFacts mapping(EnterFacts facts, IdMap map) {
  facts.uid_map = map;
  facts.gid_map = std::move(map);
  return facts;
}

/// The steps for a request, without the last: `exec id: id -u`; protection_test.cc has the steps
/// that protect the caller.
Steps steps_of(EnterFacts facts, EnterRequest request = {}) {
  request.protection.keeps_all_descriptors = true;
  request.program = {"id", {"id", "-u"}};
  Steps steps = spelled(must(plan_enter(request, std::move(facts))));
  EXPECT_EQ(steps.back(), "exec id: id -u");
  steps.pop_back();
  return steps;
}

TEST(PlanEnter, OfNothingIsTheProgram) {
  EXPECT_EQ(steps_of({}), Steps{});
}

TEST(PlanEnter, JoinsInItsOrderWhateverThatOfTheRequest) {
  const Steps expected{"prepare starter",
                       "hide",
                       "join cgroup fd 100 of PID 42",
                       "join ipc fd 101 of PID 42",
                       "join uts fd 107 of PID 42",
                       "join net fd 103 of PID 42",
                       "join pid fd 104 of PID 42",
                       "join mnt fd 102 of PID 42",
                       "join time fd 105 of PID 42",
                       "fork death 0"};
  EXPECT_EQ(steps_of(found(
                {Kind::cgroup, Kind::ipc, Kind::mnt, Kind::net, Kind::pid, Kind::time, Kind::uts})),
            expected);
  EXPECT_EQ(steps_of(found(
                {Kind::uts, Kind::time, Kind::pid, Kind::net, Kind::mnt, Kind::ipc, Kind::cgroup})),
            expected);
}

TEST(PlanEnter, JoinsTheUserNamespaceLastWithPrivilege) {
  EXPECT_EQ(steps_of(privileged(found({Kind::user, Kind::net, Kind::uts}))),
            (Steps{"hide", "drop groups", "join uts fd 107 of PID 42", "join net fd 103 of PID 42",
                   "join user fd 106 of PID 42", "gid 0 uid 0"}));
}

TEST(PlanEnter, JoinsTheUserNamespaceFirstWithoutPrivilege) {
  EXPECT_EQ(steps_of(found({Kind::net, Kind::uts, Kind::user})),
            (Steps{"hide", "join user fd 106 of PID 42", "join uts fd 107 of PID 42",
                   "join net fd 103 of PID 42", "drop groups if allowed", "gid 0 uid 0"}));
}

TEST(PlanEnter, LeavesSharedNamespacesOutWithoutPrivilege) {
  EXPECT_EQ(steps_of(found({Kind::net}, {Kind::uts, Kind::mnt, Kind::pid})),
            (Steps{"hide", "join net fd 103 of PID 42"}));
  EXPECT_EQ(steps_of(privileged(found({Kind::net}, {Kind::mnt}))),
            (Steps{"hide", "join net fd 103 of PID 42", "join mnt fd 102 of PID 42"}));
}

TEST(PlanEnter, NeverJoinsItsOwnUserNamespace) {
  const Steps expected{"hide", "join net fd 103 of PID 42"};
  EXPECT_EQ(steps_of(found({Kind::net}, {Kind::user})), expected);
  EXPECT_EQ(steps_of(privileged(found({Kind::net}, {Kind::user}))), expected);
}

TEST(PlanEnter, ForksForAPidNamespaceOnly) {
  EXPECT_EQ(steps_of(found({Kind::pid})),
            (Steps{"hide", "join pid fd 104 of PID 42", "fork death 0"}));
  EXPECT_EQ(steps_of(found({Kind::pid}), {.fork = false}),
            (Steps{"hide", "join pid fd 104 of PID 42"}));
  EXPECT_EQ(steps_of(found({}, {Kind::pid})), Steps{});
  EXPECT_EQ(steps_of(privileged(found({}, {Kind::pid}))),
            (Steps{"hide", "join pid fd 104 of PID 42", "fork death 0"}));
}

TEST(PlanEnter, SetsIds) {
  const struct {
    EnterRequest request;
    bool user;  ///< a user namespace is joined
    Steps steps;
  } cases[] = {
      {{}, false, {}},
      {{.uid = 5}, false, {"gid - uid 5"}},
      {{.gid = 6}, false, {"drop groups", "gid 6 uid -"}},
      {{.uid = 5, .gid = 6}, false, {"drop groups", "gid 6 uid 5"}},
      {{.preserve_credentials = true}, false, {}},
      {{}, true, {"hide", "join user fd 106 of PID 42", "drop groups if allowed", "gid 0 uid 0"}},
      {{.uid = 5},
       true,
       {"hide", "join user fd 106 of PID 42", "drop groups if allowed", "gid 0 uid 5"}},
      {{.gid = 6},
       true,
       {"hide", "join user fd 106 of PID 42", "drop groups if allowed", "gid 6 uid 0"}},
      {{.preserve_credentials = true}, true, {"hide", "join user fd 106 of PID 42"}},
      {{.uid = 5, .preserve_credentials = true},
       true,
       {"hide", "join user fd 106 of PID 42", "gid - uid 5"}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(steps_of(c.user ? found({Kind::user}) : EnterFacts(), c.request), c.steps);
  }
}

TEST(PlanEnter, KeepsGroupsThatCannotBeDropped) {
  EnterFacts facts = privileged(found({Kind::user}));
  EXPECT_EQ(steps_of(std::move(facts)),
            (Steps{"hide", "drop groups", "join user fd 106 of PID 42", "gid 0 uid 0"}));
  facts = privileged(found({Kind::user}));
  facts.setgroups_denied = true;
  EXPECT_EQ(steps_of(std::move(facts)),
            (Steps{"hide", "drop groups if allowed", "join user fd 106 of PID 42", "gid 0 uid 0"}));
  facts = EnterFacts();
  facts.setgroups_denied = true;
  EXPECT_EQ(steps_of(std::move(facts), {.gid = 6}),
            (Steps{"drop groups if allowed", "gid 6 uid -"}));
}

TEST(PlanEnter, TakesOnlyIdsThatAreMapped) {
  const IdMap map{{0, 1000, 1}, {5, 100000, 2}};
  EXPECT_EQ(steps_of(mapping(found({Kind::user}), map), {.uid = 6, .gid = 5}).back(),
            "gid 5 uid 6");

  const auto refused = [&](EnterRequest request) {
    return failure(plan_enter(request, mapping(found({Kind::user}), map)));
  };
  constexpr const char* kWhy =
      ": the target's user namespace does not map it\nhint: choose another with --setuid and "
      "--setgid, or add --preserve-credentials";
  EXPECT_EQ(refused({.uid = 7}), std::string("cannot become UID 7") + kWhy);
  EXPECT_EQ(refused({.gid = 1}), std::string("cannot become GID 1") + kWhy);
}

TEST(PlanEnter, NeedsAMapToBecomeRoot) {
  // Nothing has been written to it yet.
  const auto unmapped = [] { return mapping(found({Kind::user}), {}); };
  EXPECT_FALSE(plan_enter({}, unmapped()));
  EXPECT_EQ(steps_of(unmapped(), {.preserve_credentials = true}),
            (Steps{"hide", "join user fd 106 of PID 42"}));
}

TEST(PlanEnter, ChecksNoMapOfAUserNamespaceThatIsNotJoined) {
  EXPECT_EQ(steps_of(mapping(found({Kind::uts}, {Kind::user}), {{0, 1000, 1}}), {.uid = 7}),
            (Steps{"hide", "join uts fd 107 of PID 42", "gid - uid 7"}));
}

TEST(PlanEnter, RefusesTheCallersOwnUserNamespaceAlone) {
  const auto plan = plan_enter({}, found({}, {Kind::user}));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().reason(), "it is already yours, and no other namespace is requested");
  EXPECT_TRUE(plan_enter({}, found({}, {Kind::user, Kind::net})));
  EnterFacts with_root = found({}, {Kind::user});
  with_root.root = {7, "the root directory of PID 42"};
  EXPECT_TRUE(plan_enter({}, std::move(with_root)));
}

TEST(PlanEnter, UsesTheDirectoriesThatWereOpened) {
  EnterFacts facts = found({Kind::mnt, Kind::pid});
  facts.root = {7, "the root directory of PID 42"};
  facts.working_directory = {8, "/tmp"};
  EXPECT_EQ(
      steps_of(std::move(facts)),
      (Steps{"prepare starter", "hide", "join pid fd 104 of PID 42", "join mnt fd 102 of PID 42",
             "root fd 7 (the root directory of PID 42)", "cd fd 8 (/tmp)", "fork death 0"}));
}

TEST(PlanEnter, OpensTheTerminalInTheFilesOfTheProgram) {
  EnterRequest request;
  request.follow.terminal = FollowRequest::Terminal::its_own;
  const auto first = [&](EnterFacts facts) { return steps_of(std::move(facts), request).front(); };
  const auto with_devpts = [](EnterFacts facts) {
    facts.devpts = 9;
    return facts;
  };
  EXPECT_EQ(first(found({Kind::mnt})), "terminal");
  EXPECT_EQ(first(with_devpts(found({Kind::mnt}))), "terminal in fd 9 (PID 42)");
  // It belongs to the program's UID, as seen from outside.
  const IdMap map{{0, 1000, 1}, {5, 100000, 2}};
  EXPECT_EQ(first(mapping(with_devpts(found({Kind::user, Kind::mnt})), map)),
            "terminal in fd 9 (PID 42) owner 1000");
  request.uid = 6;
  EXPECT_EQ(first(mapping(with_devpts(found({Kind::user, Kind::mnt})), map)),
            "terminal in fd 9 (PID 42) owner 100001");
  EXPECT_EQ(first(with_devpts(found({Kind::mnt}))), "terminal in fd 9 (PID 42) owner 6");
}

TEST(PlanEnter, MountsASysfsForTheProgramAlone) {
  EnterRequest request;
  request.mount_sys = "/sys";
  EXPECT_EQ(steps_of(found({Kind::net}), request),
            (Steps{"hide", "join net fd 103 of PID 42", "unshare mnt", "slave", "sys /sys"}));
}

TEST(PlanEnter, JoinsTheOwnerBeforeWhatItOwns) {
  const FoundNamespace owner{Kind::user, 99, "its owner", false};
  EnterFacts facts = found({Kind::net});
  facts.owner = owner;
  // No id comes from a namespace that was not requested and whose map is unknown.
  EXPECT_EQ(steps_of(std::move(facts)),
            (Steps{"hide", "join user fd 99 of its owner", "join net fd 103 of PID 42",
                   "drop groups if allowed"}));
  facts = mapping(found({Kind::net}), {{0, 1000, 1}});
  facts.owner = owner;
  EXPECT_EQ(steps_of(std::move(facts)),
            (Steps{"hide", "join user fd 99 of its owner", "join net fd 103 of PID 42",
                   "drop groups if allowed", "gid 0 uid 0"}));
  // The requested one is a descendant of it, and so comes last.
  facts = found({Kind::user, Kind::net});
  facts.owner = owner;
  EXPECT_EQ(steps_of(std::move(facts)),
            (Steps{"hide", "join user fd 99 of its owner", "join net fd 103 of PID 42",
                   "join user fd 106 of PID 42", "drop groups if allowed", "gid 0 uid 0"}));
}

TEST(PlanEnter, TakesTheTargetsIdsWhereThereIsNoRoot) {
  const IdMap map{{5, 1000, 1}};
  EnterFacts facts = mapping(found({Kind::user}), map);
  facts.target_uid = facts.target_gid = 5;
  EXPECT_EQ(steps_of(std::move(facts)).back(), "gid 5 uid 5");
  // Without known ids of the target, the caller's stay.
  EXPECT_EQ(steps_of(mapping(found({Kind::user}), map)),
            (Steps{"hide", "join user fd 106 of PID 42", "drop groups if allowed"}));
}

TEST(PlanEnter, FollowsIds) {
  EnterFacts facts;
  facts.target_uid = 7;
  facts.target_gid = 8;
  EXPECT_EQ(steps_of(std::move(facts), {.follow_uid = true, .follow_gid = true}),
            (Steps{"drop groups", "gid 8 uid 7"}));
  EXPECT_EQ(failure(plan_enter({.follow_uid = true}, {})),
            "cannot follow the target's UID: it is not known to be mapped in the user namespace to "
            "enter\nhint: give a number, or 0");
}

TEST(PlanEnter, BecomesAUserLast) {
  EnterRequest request;
  request.user = User{1000, 100, {100, 27}, "bob", "/home/bob", "/bin/ash"};
  EnterFacts facts = found({Kind::mnt});
  facts.has_sys_admin = true;
  EXPECT_EQ(steps_of(std::move(facts), request),
            (Steps{"prepare starter", "hide", "join mnt fd 102 of PID 42",
                   "variables HOME=/home/bob SHELL=/bin/ash USER=bob LOGNAME=bob",
                   "gid 100 uid 1000 groups 100 27"}));

  // A UID without an entry has no name, and the caller's name is another's.
  request.user = User{1234, 0, {0}};
  facts = found({Kind::uts});
  facts.environment = {"A=B", "USER=root"};
  facts.setgroups_denied = true;
  EXPECT_EQ(
      steps_of(std::move(facts), request),
      (Steps{"hide", "join uts fd 107 of PID 42", "environment but paths A=B USER=root",
             "variables HOME=/ SHELL=/bin/sh USER LOGNAME", "gid 0 uid 1234 groups 0 if allowed"}));
}

TEST(PlanEnter, RefusesAUserThatTheUserNamespaceLacks) {
  const IdMap map{{0, 100000, 1000}};
  EnterRequest request;
  request.user = User{999, 999, {999, 1000}};
  EXPECT_EQ(failure(plan_enter(request, mapping(found({Kind::user}), map))),
            "cannot become a member of group 1000: the target's user namespace does not map it\n"
            "hint: choose another user or group with --as");
  request.user = User{1001, 999, {999}};
  EXPECT_EQ(failure(plan_enter(request, mapping(found({Kind::user}), map))),
            "cannot become UID 1001: the target's user namespace does not map it\n"
            "hint: choose another user or group with --as");
}

TEST(PlanEnter, IsLimitedLikeTheTargetWhenNothingElseNeedsARight) {
  EnterFacts facts = found({Kind::user, Kind::pid});
  facts.target_uid = 7;
  facts.target_gid = 8;
  facts.target_groups = {8, 9};
  facts.privileges = Privileges{3, 2, 1, 7, true};
  facts.cgroups = {{9, "V2"}, {10, "V1"}};
  facts.resource_limits = {{{7, 333, 444}}};
  facts.oom_score = step::SetOomScore{300};
  facts.security_context = step::SetSecurityContext{"docker-default", true};
  EnterRequest request;
  request.follow_uid = request.follow_gid = request.follow_groups = true;
  request.mount_proc = "PROC";
  EXPECT_EQ(steps_of(std::move(facts), request),
            (Steps{"oom 300", "profile docker-default", "hide", "join user fd 106 of PID 42",
                   "join pid fd 104 of PID 42", "drop groups if allowed", "cgroup fd 9 (V2)",
                   "cgroup fd 10 (V1)", "fork death 0", "unshare mnt", "slave", "proc PROC",
                   "limits 7=333:444", "gid 8 uid 7 keep caps groups 8 9 if allowed",
                   "limit 3 2 1 for good 7"}));
}

TEST(PlanEnter, HasTheOrderOfNsenter) {
  EnterFacts facts = found({Kind::user, Kind::pid});
  facts.root = {7, "ROOT"};
  facts.environment = {"A=B"};
  facts.cgroups = {{9, "CGROUP"}};
  facts.security_context = step::SetSecurityContext{"CONTEXT"};
  EnterRequest request;
  request.inner_working_directory = "DIR";
  request.mount_proc = "PROC";
  request.keep_capabilities = true;
  EXPECT_EQ(steps_of(std::move(facts), request),
            (Steps{"prepare starter", "context CONTEXT", "hide", "join user fd 106 of PID 42",
                   "join pid fd 104 of PID 42", "drop groups if allowed", "root fd 7 (ROOT)",
                   "cd DIR", "environment A=B", "cgroup fd 9 (CGROUP)", "fork death 0",
                   "unshare mnt", "slave", "proc PROC", "gid 0 uid 0 keep caps", "keep caps"}));
}

TEST(PlanEnter, BindsFilesAndMasksSocketsForTheProgramAlone) {
  EnterRequest request;
  request.bind_over = step::BindOver{"/etc/netns/blue", "/etc", {"resolv.conf"}};
  request.masked_sockets = {"/run/a", "/run/b"};
  EXPECT_EQ(steps_of(found({Kind::net}), request),
            (Steps{"hide", "join net fd 103 of PID 42", "unshare mnt", "slave",
                   "bind /etc/netns/blue over /etc: resolv.conf", "mask /run/a /run/b"}));
}

TEST(PlanEnter, KeepsNoCapabilitiesWithoutAUserNamespace) {
  EXPECT_EQ(steps_of(found({Kind::net}), {.uid = 5, .keep_capabilities = true}),
            (Steps{"hide", "join net fd 103 of PID 42", "gid - uid 5"}));
}

TEST(PlanEnter, TakesTheHandlesOver) {
  EnterFacts facts;
  facts.handles.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = facts.handles.front().get();
  {
    const Plan plan = must(plan_enter({}, std::move(facts)));
    ASSERT_EQ(plan.handles.size(), 1U);
    EXPECT_EQ(plan.handles.front().get(), number);
    EXPECT_GE(::fcntl(number, F_GETFD), 0);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace nsx

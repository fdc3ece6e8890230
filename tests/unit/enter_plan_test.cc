#include <fcntl.h>

#include <nsx/enter.hh>

#include "spelled.hh"
#include "support.hh"

namespace nsx {
namespace {

using Steps = std::vector<std::string>;

constexpr bool kShared = true;

/// The namespaces of PID 42 that were found; the descriptor is a made-up one, 100 + the kind.
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

/// The steps for a request, without the last: `exec id: id -u`.
Steps steps_of(EnterFacts facts, EnterRequest request = {}) {
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
  const Steps expected{"hide",
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
      ": the target's user namespace does not map it (name another with --setuid and --setgid, "
      "or keep yours with --preserve-credentials)";
  EXPECT_EQ(refused({.uid = 7}), std::string("cannot become UID 7") + kWhy);
  EXPECT_EQ(refused({.gid = 1}), std::string("cannot become GID 1") + kWhy);
}

TEST(PlanEnter, NeedsAMapToBecomeRoot) {
  // Nothing was written to it yet.
  const auto unmapped = [] { return mapping(found({Kind::user}), {}); };
  EXPECT_FALSE(plan_enter({}, unmapped()));
  EXPECT_EQ(steps_of(unmapped(), {.preserve_credentials = true}),
            (Steps{"hide", "join user fd 106 of PID 42"}));
}

TEST(PlanEnter, ChecksNoMapOfAUserNamespaceThatIsNotJoined) {
  EXPECT_EQ(steps_of(mapping(found({}, {Kind::user}), {{0, 1000, 1}}), {.uid = 7}),
            (Steps{"gid - uid 7"}));
}

TEST(PlanEnter, UsesTheDirectoriesThatWereOpened) {
  EnterFacts facts = found({Kind::mnt, Kind::pid});
  facts.root = {7, "the root directory of PID 42"};
  facts.working_directory = {8, "/tmp"};
  EXPECT_EQ(steps_of(std::move(facts)),
            (Steps{"hide", "join pid fd 104 of PID 42", "join mnt fd 102 of PID 42",
                   "root fd 7 (the root directory of PID 42)", "cd fd 8 (/tmp)", "fork death 0"}));
}

TEST(PlanEnter, JoinsTheOwnerBeforeWhatItOwns) {
  const FoundNamespace owner{Kind::user, 99, "its owner", false};
  EnterFacts facts = found({Kind::net});
  facts.owner = owner;
  // Of a namespace that nobody asked for, and of which no map is known, no id is taken.
  EXPECT_EQ(steps_of(std::move(facts)),
            (Steps{"hide", "join user fd 99 of its owner", "join net fd 103 of PID 42",
                   "drop groups if allowed"}));
  facts = mapping(found({Kind::net}), {{0, 1000, 1}});
  facts.owner = owner;
  EXPECT_EQ(steps_of(std::move(facts)),
            (Steps{"hide", "join user fd 99 of its owner", "join net fd 103 of PID 42",
                   "drop groups if allowed", "gid 0 uid 0"}));
  // What was asked for is below it, and so comes last.
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
  // Nor those: what was before stays.
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
            "cannot follow the target's UID: the user namespace that is entered does not have it, "
            "as far as that can be told (name one, or 0)");
}

TEST(PlanEnter, HasTheOrderOfNsenter) {
  EnterFacts facts = found({Kind::user, Kind::pid});
  facts.root = {7, "ROOT"};
  facts.environment = {"A=B"};
  facts.cgroup = {9, "CGROUP"};
  facts.security_context = "CONTEXT";
  EnterRequest request;
  request.inner_working_directory = "DIR";
  request.mount_proc = "PROC";
  request.keep_capabilities = true;
  EXPECT_EQ(steps_of(std::move(facts), request),
            (Steps{"context CONTEXT", "hide", "join user fd 106 of PID 42",
                   "join pid fd 104 of PID 42", "drop groups if allowed", "root fd 7 (ROOT)",
                   "cd DIR", "environment A=B", "cgroup fd 9 (CGROUP)", "fork death 0",
                   "unshare mnt", "slave", "proc PROC", "gid 0 uid 0 keep caps", "keep caps"}));
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

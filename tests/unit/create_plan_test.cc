#include <csignal>

#include <nsx/create.hh>

#include "spelled.hh"
#include "support.hh"

namespace nsx {
namespace {

using Steps = std::vector<std::string>;
using MapUser = CreateRequest::MapUser;
using Propagation = CreateRequest::Propagation;

constexpr CreateFacts kUser{1000, 100};

/// The steps for a request, without the last: `exec id: id -u`.
Steps steps_of(CreateRequest request) {
  request.program = {"id", {"id", "-u"}};
  Steps steps = spelled(plan_create(request, kUser));
  EXPECT_EQ(steps.back(), "exec id: id -u");
  steps.pop_back();
  return steps;
}

TEST(PlanCreate, OfNothingIsTheProgram) {
  EXPECT_EQ(steps_of({}), Steps{});
}

TEST(PlanCreate, MakesAllKindsAtOnce) {
  EXPECT_EQ(steps_of({.kinds = {Kind::uts, Kind::net}}), (Steps{"unshare net uts"}));
  EXPECT_EQ(steps_of({.kinds = KindSet::all()}),
            (Steps{"unshare cgroup ipc mnt net pid time user uts", "private"}));
}

TEST(PlanCreate, ForksIfToldTo) {
  const struct {
    CreateRequest request;
    Steps steps;
  } cases[] = {
      {{.kinds = {Kind::pid}}, {"unshare pid"}},
      {{.kinds = {Kind::pid}, .fork = true}, {"unshare pid", "fork death 0 ignore"}},
      {{.fork = true}, {"fork death 0 ignore"}},
      {{.kill_child = SIGKILL}, {"fork death 9 ignore"}},
      {{.fork = true, .kill_child = SIGTERM}, {"fork death 15 ignore"}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, MapsTheCaller) {
  const struct {
    CreateRequest request;
    Steps steps;
  } cases[] = {
      {{.kinds = {Kind::user}}, {"unshare user"}},
      {{.map_user = MapUser::root}, {"unshare user", "maps 0 1000 1;0 100 1; deny"}},
      {{.map_user = MapUser::current}, {"unshare user", "maps 1000 1000 1;100 100 1; deny"}},
      {{.kinds = {Kind::net}, .map_user = MapUser::root},
       {"unshare net user", "maps 0 1000 1;0 100 1; deny"}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, SetsThePropagationOfNewMountNamespacesOnly) {
  const KindSet mnt{Kind::mnt};
  const struct {
    CreateRequest request;
    Steps steps;
  } cases[] = {
      {{.kinds = mnt}, {"unshare mnt", "private"}},
      {{.kinds = mnt, .propagation = Propagation::private_}, {"unshare mnt", "private"}},
      {{.kinds = mnt, .propagation = Propagation::shared}, {"unshare mnt", "shared"}},
      {{.kinds = mnt, .propagation = Propagation::slave}, {"unshare mnt", "slave"}},
      {{.kinds = mnt, .propagation = Propagation::unchanged}, {"unshare mnt"}},
      {{.kinds = {Kind::net}, .propagation = Propagation::slave}, {"unshare net"}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, MountsProcWhereNoOneElseSeesIt) {
  const struct {
    CreateRequest request;
    Steps steps;
  } cases[] = {
      {{.mount_proc = "/proc"}, {"unshare mnt", "private", "proc /proc"}},
      {{.propagation = Propagation::slave, .mount_proc = "/proc"},
       {"unshare mnt", "slave", "proc /proc privately"}},
      {{.propagation = Propagation::shared, .mount_proc = "/proc"},
       {"unshare mnt", "shared", "proc /proc privately"}},
      {{.propagation = Propagation::unchanged, .mount_proc = "/p"},
       {"unshare mnt", "proc /p privately"}},
      // The new root can be on a mount that / does not reach.
      {{.mount_proc = "/proc", .root = "/srv"},
       {"unshare mnt", "private", "root /srv", "proc /proc privately"}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(steps_of(c.request), c.steps);
}

TEST(PlanCreate, LooksPathsUpBelowTheNewRoot) {
  EXPECT_EQ(steps_of({.root = "/srv"}), (Steps{"root /srv"}));
  EXPECT_EQ(steps_of({.working_directory = "/tmp"}), (Steps{"cd /tmp"}));
  EXPECT_EQ(steps_of({.root = "/srv", .working_directory = "in"}), (Steps{"root /srv", "cd in"}));
}

TEST(PlanCreate, DoesAllInOrder) {
  EXPECT_EQ(steps_of({.kinds = {Kind::pid},
                      .kill_child = SIGKILL,
                      .map_user = MapUser::root,
                      .mount_proc = "/proc",
                      .root = "/srv",
                      .working_directory = "/tmp"}),
            (Steps{"unshare mnt pid user", "maps 0 1000 1;0 100 1; deny", "fork death 9 ignore",
                   "private", "root /srv", "cd /tmp", "proc /proc privately"}));
}

TEST(ReadCreateFacts, AreTheEffectiveIds) {
  EXPECT_EQ(read_create_facts().uid, ::geteuid());
  EXPECT_EQ(read_create_facts().gid, ::getegid());
}

}  // namespace
}  // namespace nsx

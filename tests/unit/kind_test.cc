// SPDX-License-Identifier: MIT
#include <sched.h>

#include <nsx/kind.hh>

#include "support.hh"

namespace nsx {
namespace {

TEST(Kinds, StandAtTheirPlaces) {
  for (std::size_t i = 0; i < kKindCount; ++i) {
    const auto kind = static_cast<Kind>(i);
    EXPECT_EQ(info(kind).kind, kind);
    EXPECT_EQ(kind_by_name(name(kind)), kind);
    EXPECT_EQ(kind_by_clone_flag(info(kind).clone_flag), kind);
  }
}

TEST(Kinds, HaveTheKernelsNumbers) {
  const struct {
    Kind kind;
    int flag;
    unsigned pidfd_request;  // of linux/pidfd.h, Linux 6.11
  } cases[] = {
      {Kind::cgroup, CLONE_NEWCGROUP, 0xff01}, {Kind::ipc, CLONE_NEWIPC, 0xff02},
      {Kind::mnt, CLONE_NEWNS, 0xff03},        {Kind::net, CLONE_NEWNET, 0xff04},
      {Kind::pid, CLONE_NEWPID, 0xff05},       {Kind::time, CLONE_NEWTIME, 0xff07},
      {Kind::user, CLONE_NEWUSER, 0xff09},     {Kind::uts, CLONE_NEWUTS, 0xff0a},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(info(c.kind).clone_flag, c.flag) << name(c.kind);
    EXPECT_EQ(info(c.kind).pidfd_request, c.pidfd_request) << name(c.kind);
  }
}

TEST(Kinds, OfPidAndTimeHaveAnotherForChildren) {
  for (const KindInfo& entry : kKinds) {
    const bool has = entry.kind == Kind::pid || entry.kind == Kind::time;
    ASSERT_EQ(entry.for_children != nullptr, has) << entry.name;
    const std::string expected = std::string(entry.name) + "_for_children";
    EXPECT_EQ(has ? entry.for_children : expected, expected);
  }
}

TEST(KindByName, KnowsNoOther) {
  for (const char* text : {"", "NET", "mount", "network", "pid_for_children", "ne", "nett"}) {
    EXPECT_EQ(kind_by_name(text), std::nullopt) << text;
  }
}

TEST(KindByCloneFlag, KnowsNoOther) {
  for (const int flag : {0, CLONE_VM, CLONE_NEWNET | CLONE_NEWPID}) {
    EXPECT_EQ(kind_by_clone_flag(flag), std::nullopt) << flag;
  }
}

TEST(KindSet, HoldsWhatWasPutIn) {
  KindSet set;
  EXPECT_TRUE(set.empty());
  set.insert(Kind::uts);
  set.insert(Kind::cgroup);
  set.insert(Kind::uts);
  EXPECT_EQ(set, (KindSet{Kind::cgroup, Kind::uts}));
  EXPECT_TRUE(set.contains(Kind::uts));
  EXPECT_FALSE(set.contains(Kind::net));
  set.remove(Kind::uts);
  set.remove(Kind::net);
  EXPECT_EQ(set, KindSet{Kind::cgroup});
}

TEST(KindSet, IteratesInTheOrderOfKind) {
  const KindSet set{Kind::uts, Kind::net, Kind::cgroup};
  std::vector<Kind> members;
  for (const Kind kind : set)
    members.push_back(kind);
  EXPECT_EQ(members, (std::vector{Kind::cgroup, Kind::net, Kind::uts}));
  std::size_t count = 0;
  for (const Kind kind : KindSet::all())
    EXPECT_EQ(static_cast<std::size_t>(kind), count++);
  EXPECT_EQ(count, kKindCount);
}

TEST(KindSet, GivesTheFlagsOfAllMembers) {
  EXPECT_EQ(clone_flags(KindSet()), 0);
  EXPECT_EQ(clone_flags({Kind::net, Kind::mnt}), CLONE_NEWNET | CLONE_NEWNS);
}

}  // namespace
}  // namespace nsx

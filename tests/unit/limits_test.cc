// SPDX-License-Identifier: MIT
#include "fake_proc.hh"
#include "made_census.hh"
#include "nsx-ls/views.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

/// "user 2 depth 1 of 33, net 3": the kinds that are in use, or have a depth.
std::string counted(const Census& census, CensusIndex user) {
  std::string text;
  for (const KindLimits& each : count_namespaces(census, user)) {
    if (each.used == 0) continue;
    text +=
        (text.empty() ? "" : ", ") + std::string(name(each.kind)) + ' ' + std::to_string(each.used);
    if (each.depth) {
      text += " depth " + std::to_string(*each.depth) + " of " + std::to_string(*each.max_depth);
    }
  }
  return text;
}

TEST(CountNamespaces, IsOfWhatTheUserNamespaceOwnsAndThoseBelow) {
  MadeCensus made;
  const CensusIndex top = made.ns(Kind::user, 10);
  const CensusIndex below = made.ns(Kind::user, 20, top, top);
  const CensusIndex bottom = made.ns(Kind::user, 30, below, below);
  made.ns(Kind::net, 40, kNone, top);
  made.ns(Kind::net, 41, kNone, below);
  made.ns(Kind::net, 42, kNone, bottom);
  made.ns(Kind::uts, 43, kNone, kNone);  // its owner is not ours to see
  EXPECT_EQ(counted(made.census, top), "net 3, user 2 depth 2 of 33");
  EXPECT_EQ(counted(made.census, below), "net 2, user 1 depth 1 of 33");
  EXPECT_EQ(counted(made.census, bottom), "net 1");
}

TEST(CountNamespaces, LeavesOutOtherBranches) {
  MadeCensus made;
  const CensusIndex top = made.ns(Kind::user, 10);
  const CensusIndex ours = made.ns(Kind::user, 20, top, top);
  const CensusIndex other = made.ns(Kind::user, 30, top, top);
  const CensusIndex below_other = made.ns(Kind::user, 31, other, other);
  made.ns(Kind::ipc, 40, kNone, below_other);
  EXPECT_EQ(counted(made.census, ours), "");
}

TEST(CountNamespaces, CountsTheLevelsOfPidNamespacesByTheirParents) {
  MadeCensus made;
  const CensusIndex user = made.ns(Kind::user, 10);
  const CensusIndex first = made.ns(Kind::pid, 20, kNone, user);
  const CensusIndex second = made.ns(Kind::pid, 21, first, user);
  made.ns(Kind::pid, 22, second, user);
  made.ns(Kind::pid, 23, first, user);
  EXPECT_EQ(counted(made.census, user), "pid 4 depth 2 of 32");
}

TEST(CountNamespaces, HasARowForEachKind) {
  MadeCensus made;
  EXPECT_EQ(count_namespaces(made.census, made.ns(Kind::user, 10)).size(), kKindCount);
}

TEST(ReadMaxima, ReadsThoseThatAreThere) {
  FakeProc proc;
  proc.add_directory("sys/user");
  write_file(proc.path() + "/sys/user/max_net_namespaces", "96365\n");
  write_file(proc.path() + "/sys/user/max_user_namespaces", "0\n");
  write_file(proc.path() + "/sys/user/max_uts_namespaces", "many\n");
  std::vector<KindLimits> limits;
  for (const Kind kind : {Kind::net, Kind::user, Kind::uts, Kind::mnt})
    limits.push_back({kind, 0, std::nullopt, std::nullopt, std::nullopt});
  read_maxima(proc.kernel(), limits);
  EXPECT_EQ(limits[0].max, 96365U);
  EXPECT_EQ(limits[1].max, 0U);
  EXPECT_EQ(limits[2].max, std::nullopt);
  EXPECT_EQ(limits[3].max, std::nullopt);
}

TEST(Percent, Is100WhereNothingMoreFits) {
  EXPECT_EQ(percent(0, 10), 0U);
  EXPECT_EQ(percent(999, 1000), 99U);
  EXPECT_EQ(percent(1000, 1000), 100U);
  EXPECT_EQ(percent(3, 2), 150U);
  EXPECT_EQ(percent(0, 0), 100U);
}

}  // namespace
}  // namespace nsx::ls_tool

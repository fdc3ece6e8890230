// SPDX-License-Identifier: MIT
#include "discovery/bpf_records.hh"

#include <cerrno>

#include "fake_proc.hh"
#include "support.hh"

namespace nsx {
namespace {

using Type = CensusHolder::Type;

constexpr std::uint32_t kFirst = 4026531836;

/// The records of a machine: a namespace of each kind, and others as added.
class MadeRecords {
 public:
  MadeRecords() {
    for (std::uint32_t kind = 0; kind < kKindCount; ++kind)
      add_namespace(kFirst + kind, static_cast<Kind>(kind));
  }

  nsx_census_namespace& add_namespace(std::uint32_t inode, Kind kind) {
    nsx_census_namespace ns{};
    ns.id = inode + 1000ULL;
    ns.address = inode * 64ULL;
    ns.inode = inode;
    ns.kind = static_cast<std::uint32_t>(kind);
    namespaces.push_back(ns);
    return namespaces.back();
  }

  nsx_census_task& add_task(std::uint32_t pid, std::uint32_t process) {
    nsx_census_task task{};
    task.pid = pid;
    task.process = process;
    task.threads = 1;
    for (std::uint32_t kind = 0; kind < kKindCount; ++kind)
      task.inodes[kind] = kFirst + kind;
    task.inodes[NSX_CENSUS_PID_FOR_CHILDREN] = task.inodes[NSX_CENSUS_PID];
    task.inodes[NSX_CENSUS_TIME_FOR_CHILDREN] = task.inodes[NSX_CENSUS_TIME];
    tasks.push_back(task);
    return tasks.back();
  }

  BpfRecords view() const { return {tasks, namespaces, holders}; }

  Findings found(const CensusRequest& request, const BpfReading& reading = {},
                 const std::vector<pid_t>& not_of = {}) const {
    static const Kernel kernel = newest_kernel();
    Findings findings(NamespaceTable(kernel, {}));
    add_records(view(), reading, request, not_of, findings);
    return findings;
  }

  std::vector<nsx_census_task> tasks;
  std::vector<nsx_census_namespace> namespaces;
  std::vector<nsx_census_holder> holders;
};

CensusRequest all_sources() {
  CensusRequest request;
  request.sources = SourceSet::all();
  return request;
}

TEST(BpfRecords, BecomeProcesses) {
  MadeRecords made;
  nsx_census_task& task = made.add_task(7, 7);
  task.parent = 3;
  task.uid = 1000;
  task.threads = 5;
  task.start_time = 1'234'567'890;
  task.pidfd_inode = 99;
  CensusRequest request = all_sources();
  request.start_times = true;
  Findings findings = made.found(request, {.device = 4, .has_ids = true});
  ASSERT_EQ(findings.processes.size(), 1U);
  const CensusProcess& process = findings.processes.front();
  EXPECT_EQ(process.pid, 7);
  EXPECT_EQ(process.parent, 3);
  EXPECT_EQ(process.uid, 1000U);
  EXPECT_EQ(process.threads, 5U);
  EXPECT_EQ(process.start_time, 123U);
  EXPECT_EQ(process.pidfd_inode, 0U);
  ASSERT_EQ(findings.table.size(), kKindCount);
  const CensusNamespace& net = findings.table[process.in(Kind::net)];
  EXPECT_EQ(net.kind, Kind::net);
  const std::uint32_t inode = kFirst + NSX_CENSUS_NET;
  EXPECT_EQ(net.identity, (NamespaceIdentity{4, inode, inode + 1000ULL}));
  EXPECT_TRUE(findings.holders.empty());

  request.start_times = false;
  request.identities = true;
  EXPECT_EQ(made.found(request, {.has_inodes = true}).processes.front().pidfd_inode, 99U);
  EXPECT_EQ(made.found(request).processes.front().start_time, 123U);
  request.sources = {Source::process};
  EXPECT_EQ(made.found(request).processes.front().threads, 0U);
}

TEST(BpfRecords, TellWhichProcessesShareTheirCgroups) {
  const auto number = [](std::uint64_t set, std::uint64_t id) {
    return number_of(nsx_cgroups{set, id});
  };
  EXPECT_EQ(number(0xffff888000001000, 7), number(0xffff888000001000, 7));
  // Another set, a set that has got the memory of another one, and a process that exits.
  EXPECT_NE(number(0xffff888000001000, 7), number(0xffff888000001040, 7));
  EXPECT_NE(number(0xffff888000001000, 7), number(0xffff888000001000, 8));
  EXPECT_NE(number(0xffff888000001000, 7), number(0xffff888000001000, 7 | NSX_CENSUS_IS_EXITING));
  EXPECT_EQ(number(0, 7), 0U);
}

TEST(BpfRecords, OfKindsThatAreNotAskedForAreLeftOut) {
  MadeRecords made;
  made.add_task(7, 7);
  nsx_census_task& zombie = made.add_task(8, 8);
  zombie.inodes[NSX_CENSUS_NET] = 0;
  CensusRequest request = all_sources();
  request.kinds = {Kind::net};
  const Findings findings = made.found(request);
  EXPECT_EQ(findings.table.size(), 1U);
  ASSERT_EQ(findings.processes.size(), 1U);
  EXPECT_EQ(findings.processes.front().pid, 7);
  EXPECT_EQ(findings.processes.front().in(Kind::uts), kNone);
}

TEST(BpfRecords, HaveParentsAndOwnersWithoutProcesses) {
  MadeRecords made;
  made.add_namespace(500, Kind::user);
  made.add_namespace(501, Kind::user).owner = 500;
  made.namespaces.back().parent = 500;
  made.namespaces.back().creator = 1000;
  made.add_namespace(502, Kind::net).owner = 501;
  made.add_task(7, 7).inodes[NSX_CENSUS_NET] = 502;
  CensusRequest request = all_sources();
  request.kinds = {Kind::net};
  EXPECT_EQ(made.found(request).table.size(), 1U);
  Findings findings = made.found(request, {.relations = true});
  ASSERT_EQ(findings.table.size(), 3U);
  const CensusNamespace& net = findings.table[findings.processes.front().in(Kind::net)];
  ASSERT_NE(net.owner, kNone);
  EXPECT_EQ(net.parent, kNone);
  const CensusNamespace& owner = findings.table[net.owner];
  EXPECT_EQ(owner.identity.inode, 501U);
  EXPECT_EQ(owner.creator, 1000U);
  ASSERT_NE(owner.parent, kNone);
  EXPECT_EQ(owner.parent, owner.owner);
  EXPECT_EQ(findings.table[owner.parent].identity.inode, 500U);
}

TEST(BpfRecords, BecomeHolders) {
  MadeRecords made;
  made.add_namespace(500, Kind::net);
  made.add_namespace(501, Kind::pid);
  // The thread before its process, as after an overflow of the numbers.
  made.add_task(5, 7).inodes[NSX_CENSUS_NET] = 500;
  made.add_task(7, 7).inodes[NSX_CENSUS_PID_FOR_CHILDREN] = 501;
  made.holders.push_back({7, 3, 500, 0});
  made.holders.push_back({7, 4, 500, 1});
  const Findings findings = made.found(all_sources());
  ASSERT_EQ(findings.holders.size(), 4U);
  std::vector<std::pair<Type, int>> holders;
  for (const CensusHolder& holder : findings.holders) {
    EXPECT_EQ(holder.pid, 7);
    holders.emplace_back(holder.type, holder.number);
  }
  EXPECT_EQ(holders,
            (std::vector<std::pair<Type, int>>{
                {Type::children, 0}, {Type::thread, 5}, {Type::fd, 3}, {Type::socket, 4}}));

  CensusRequest request = all_sources();
  request.sources.remove(Source::fd);
  EXPECT_EQ(made.found(request).holders.size(), 3U);
  EXPECT_TRUE(made.found(all_sources(), {}, {7}).processes.empty());
  EXPECT_TRUE(made.found(all_sources(), {}, {7}).holders.empty());
}

TEST(BpfRecords, CountProcessesWithTooManyDescriptors) {
  MadeRecords made;
  made.add_task(7, 7).flags = NSX_CENSUS_MANY_DESCRIPTORS;
  Findings findings = made.found(all_sources());
  const auto gaps = findings.gaps.take();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps.front().source, Source::fd);
  EXPECT_EQ(gaps.front().code, EFBIG);
}

TEST(BpfRecords, AreNotUsableIfTheTaskMoved) {
  MadeRecords made;
  made.add_task(3, 3);
  made.add_task(9, 9).flags = NSX_CENSUS_MOVED;
  made.add_task(8, 7).flags = NSX_CENSUS_MOVED;
  made.add_task(4, 4).flags = NSX_CENSUS_HOLDERS_FULL;
  EXPECT_EQ(unusable(made.view()), (std::vector<pid_t>{4, 7, 9}));
}

TEST(BpfRecords, AreNotUsableIfANamespaceIsNotDescribed) {
  MadeRecords made;
  made.add_task(3, 3);
  made.add_task(5, 5).inodes[NSX_CENSUS_UTS] = 500;
  made.holders.push_back({3, 3, 501, 0});
  EXPECT_EQ(unusable(made.view()), (std::vector<pid_t>{5}));
  made.holders.push_back({6, 3, 501, 1});
  EXPECT_EQ(unusable(made.view()), (std::vector<pid_t>{5, 6}));
}

TEST(BpfRecords, LeaveDescriptorsOfOtherNamespacesToTheCaller) {
  static const Kernel kernel = newest_kernel();
  MadeRecords made;
  made.add_task(3, 3);
  made.holders.push_back({3, 8, 501, 0});
  made.holders.push_back({4, 9, 501, 0});
  CensusRequest request = all_sources();
  Findings findings(NamespaceTable(kernel, {}));
  const auto others = add_records(made.view(), {}, request, {}, findings);
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others.front().descriptor, 8U);
  EXPECT_TRUE(findings.holders.empty());
  request.sources.remove(Source::fd);
  EXPECT_TRUE(add_records(made.view(), {}, request, {}, findings).empty());
}

TEST(BpfRecords, AreNotUsableIfANumberWasReused) {
  MadeRecords made;
  made.add_namespace(500, Kind::uts);
  made.add_task(3, 3);
  made.add_task(5, 5).inodes[NSX_CENSUS_UTS] = 500;
  // Sent twice.
  made.namespaces.push_back(made.namespaces.back());
  EXPECT_TRUE(unusable(made.view()).empty());
  ++made.namespaces.back().id;
  EXPECT_EQ(unusable(made.view()), std::vector<pid_t>{5});
  --made.namespaces.back().id;
  ++made.namespaces.back().address;
  EXPECT_EQ(unusable(made.view()), std::vector<pid_t>{5});
}

}  // namespace
}  // namespace nsx

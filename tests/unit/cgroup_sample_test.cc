// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include "account/account.hh"
#include "support.hh"

namespace nsx {
namespace {

/// A cgroup of our own below the root of the real tree, without processes; removed at the end.
class OwnCgroup {
 public:
  explicit OwnCgroup(const CgroupTree& tree)
      : path_(tree.mount_point() + "/nsx-unit-test-" + std::to_string(::getpid())) {
    made_ = ::mkdir(path_.c_str(), 0755) == 0;
  }
  ~OwnCgroup() {
    for (const char* below : {"/b/c", "/b", "/a", ""})
      ::rmdir((path_ + below).c_str());
  }
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;

  bool made() const { return made_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
};

TEST(Sample, IsOfTheTreeInOrder) {
  NSX_NEEDS_ROOT();
  const Kernel kernel = newest_kernel();
  const CgroupTree tree = must(CgroupTree::open(kernel));
  const OwnCgroup own(tree);
  ASSERT_TRUE(own.made());
  for (const char* below : {"/b", "/b/c", "/a"})
    ASSERT_EQ(::mkdir((own.path() + below).c_str(), 0755), 0);
  const Cgroup cgroup = must(tree.open_cgroup(own.path()));

  const auto reading = must(sample_cgroups(
      cgroup, {.files = {CgroupFile::processes, CgroupFile::events, CgroupFile::cpu_stat}}));
  ASSERT_EQ(reading.cgroups.size(), 4U);
  std::vector<std::string> paths;
  for (const CgroupSample& sample : reading.cgroups)
    paths.push_back(sample.path.substr(cgroup.path().size()));
  EXPECT_EQ(paths, (std::vector<std::string>{"", "/a", "/b", "/b/c"}));
  EXPECT_FALSE(reading.cgroups[0].parent);
  EXPECT_EQ(reading.cgroups[0].children, 2U);
  EXPECT_EQ(reading.cgroups[3].parent, 2U);
  EXPECT_EQ(reading.cgroups[0].processes, 0U);
  EXPECT_EQ(reading.cgroups[0].populated, false);
  EXPECT_TRUE(reading.cgroups[0].cpu_usage);
  EXPECT_FALSE(reading.cgroups[0].memory) << "was not asked for";
  EXPECT_EQ(reading.cgroups[0].id, inode_of(own.path()));

  const auto alone = must(sample_cgroups(cgroup, {.files = {}, .descend = false}));
  EXPECT_EQ(alone.cgroups.size(), 1U);

  ASSERT_EQ(::rmdir((own.path() + "/a").c_str()), 0);
  for (const char* below : {"/b/c", "/b", ""})
    ASSERT_EQ(::rmdir((own.path() + below).c_str()), 0);
  EXPECT_EQ(failure(sample_cgroups(cgroup, {.files = {CgroupFile::processes}})),
            "cannot read the cgroup " + cgroup.path() + ": it has been removed");
}

CgroupSample at(std::uint64_t seconds) {
  CgroupSample sample;
  sample.id = 7;
  sample.moment = seconds * 1'000'000'000;
  return sample;
}

TEST(Rates, AreASecond) {
  CgroupSample before = at(10);
  before.cpu_usage = 1'000'000;
  before.cpu_periods = 100;
  before.cpu_throttled = 10;
  before.read_bytes = 0;
  before.written_bytes = 5000;
  CgroupSample after = at(14);
  after.cpu_usage = 7'000'000;
  after.cpu_periods = 140;
  after.cpu_throttled = 20;
  after.read_bytes = 400;
  after.written_bytes = 5000;
  const auto rates = rates_between({{before}}, {{after}});
  ASSERT_EQ(rates.size(), 1U);
  EXPECT_EQ(rates[0].cpu, 1.5);
  EXPECT_EQ(rates[0].throttled, 0.25);
  EXPECT_EQ(rates[0].read_bytes, 100.0);
  EXPECT_EQ(rates[0].written_bytes, 0.0);
  EXPECT_FALSE(rates[0].reads);
}

TEST(Rates, OfTheNetworkAreWhatHasPassed) {
  CgroupSample before;
  before.moment = 1'000'000'000;
  before.net.emplace().in.counters = {.bytes = 1000, .dropped_bytes = 5};
  CgroupSample after = before;
  after.moment = 3'000'000'000;
  after.net->in.counters = {.bytes = 5000, .dropped_bytes = 9000};
  after.net->out.counters.bytes = 200;
  const auto rates = rates_between({{before}}, {{after}})[0];
  EXPECT_EQ(rates.received_bytes, 2000.0);
  EXPECT_EQ(rates.sent_bytes, 100.0);
  before.net.reset();
  EXPECT_FALSE(rates_between({{before}}, {{after}})[0].sent_bytes);
}

TEST(Rates, AreNotThereForWhatIsNew) {
  CgroupSample before = at(10);
  before.cpu_usage = 1;
  CgroupSample after = at(11);
  after.cpu_usage = 2;
  after.id = 8;
  EXPECT_EQ(rates_between({{before}}, {{after}})[0], CgroupRates{});
  EXPECT_TRUE(rates_between({{before}}, {}).empty());
}

TEST(Rates, OfACounterThatFellAreNone) {
  CgroupSample before = at(10);
  before.cpu_usage = 100;
  CgroupSample after = at(11);
  after.cpu_usage = 2;
  EXPECT_EQ(rates_between({{before}}, {{after}})[0].cpu, 0.0);
  after.moment = before.moment;
  EXPECT_FALSE(rates_between({{before}}, {{after}})[0].cpu) << "no time has passed";
}

}  // namespace
}  // namespace nsx

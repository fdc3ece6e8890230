// SPDX-License-Identifier: MIT
#include <algorithm>
#include <numeric>

#include "made_census.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/rows.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

class Ordered : public testing::Test {
 protected:
  Ordered() {
    const CensusIndex net = made_.ns(Kind::net, 10);
    const CensusIndex uts = made_.ns(Kind::uts, 20);
    made_.ns(Kind::mnt, 30);  // no process is in it
    const CensusIndex other = made_.ns(Kind::net, 40);
    made_.process(9, 1, {net, uts});
    made_.process(80, 1, {net});
    made_.process(100, 1, {other});
  }

  /// The inode numbers, in this order.
  std::vector<ino_t> by(std::vector<cli::ColumnId> columns, bool reverse = false) const {
    const auto value_of = [&](CensusIndex ns, cli::ColumnId id) {
      return info(id).cell({made_.census, {}, subject_of(made_.census, ns)}).value;
    };
    Order order(value_of, std::move(columns), reverse);
    std::vector<CensusIndex> all(made_.census.namespaces.size());
    std::iota(all.begin(), all.end(), 0);
    std::sort(all.begin(), all.end(),
              [&](CensusIndex a, CensusIndex b) { return order.is_before(a, b); });
    std::vector<ino_t> inodes;
    for (const CensusIndex i : all)
      inodes.push_back(made_.census.namespaces[i].identity.inode);
    return inodes;
  }

  MadeCensus made_;
};

using Inodes = std::vector<ino_t>;

TEST_F(Ordered, ByNumbersAsNumbers) {
  // As texts, 100 would come before 9.
  EXPECT_EQ(by({column("PID")}), (Inodes{30, 10, 20, 40}));
}

TEST_F(Ordered, BySeveralColumnsAndInTheEndByInode) {
  EXPECT_EQ(by({column("TYPE")}), (Inodes{30, 10, 40, 20}));
  EXPECT_EQ(by({column("NPROCS"), column("TYPE")}), (Inodes{30, 40, 20, 10}));
}

TEST_F(Ordered, Reverse) {
  EXPECT_EQ(by({}, true), (Inodes{40, 30, 20, 10}));
  EXPECT_EQ(by({column("TYPE")}, true), (Inodes{20, 40, 10, 30}));
}

TEST_F(Ordered, AsFound) {
  EXPECT_TRUE(Order(nullptr, {}, false).is_as_found());
  EXPECT_FALSE(Order(nullptr, {}, true).is_as_found());
  EXPECT_FALSE(Order(nullptr, {column("NS")}, false).is_as_found());
}

}  // namespace
}  // namespace nsx::ls_tool

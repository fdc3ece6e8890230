// SPDX-License-Identifier: MIT
#include <cstdint>
#include <vector>

#include <nsx/enum_set.hh>

#include "support.hh"

namespace nsx {
namespace {

enum class Few : std::uint8_t { a, b, c };
enum class Many : std::uint8_t { first, ninth = 8, last = 31 };

using FewSet = EnumSet<Few, Few::c>;
using ManySet = EnumSet<Many, Many::last>;

static_assert(sizeof(FewSet) == 1);
static_assert(sizeof(EnumSet<Many, Many::ninth>) == 2);
static_assert(sizeof(ManySet) == 4);
static_assert(FewSet{Few::a, Few::c}.contains(Few::c));

template <class Set>
auto members(Set set) {
  std::vector<decltype(*set.begin())> all;
  for (const auto member : set)
    all.push_back(member);
  return all;
}

TEST(EnumSet, HoldsWhatWasPutIn) {
  FewSet set;
  EXPECT_TRUE(set.empty());
  set.insert(Few::b);
  EXPECT_FALSE(set.empty());
  EXPECT_TRUE(set.contains(Few::b));
  EXPECT_FALSE(set.contains(Few::a));
  set.insert(FewSet{Few::a, Few::c});
  EXPECT_EQ(set, FewSet::all());
  set.remove(Few::b);
  set.remove(Few::b);
  EXPECT_EQ(set, (FewSet{Few::c, Few::a}));
}

TEST(EnumSet, HasNoMoreThanAllMembers) {
  EXPECT_EQ(members(FewSet::all()), (std::vector{Few::a, Few::b, Few::c}));
  EXPECT_EQ(members(ManySet::all()).size(), 32U);
  EXPECT_EQ(members(EnumSet<Many, Many::ninth>::all()).size(), 9U);
}

TEST(EnumSet, IteratesInTheOrderOfValues) {
  EXPECT_EQ(members(FewSet{Few::c, Few::a}), (std::vector{Few::a, Few::c}));
  EXPECT_EQ(members(ManySet{Many::last, Many::ninth, Many::first}),
            (std::vector{Many::first, Many::ninth, Many::last}));
  EXPECT_TRUE(members(ManySet()).empty());
}

}  // namespace
}  // namespace nsx

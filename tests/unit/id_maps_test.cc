// SPDX-License-Identifier: MIT
#include "plan/facts.hh"
#include "plan/planning.hh"
#include "support.hh"

namespace nsx {
namespace {

using Block = IdMapRequest::Block;
using Source = Block::Source;

std::string spelled(const IdMap& map) {
  std::string text;
  for (const IdMapLine& line : map) {
    text += (text.empty() ? "" : ", ") + std::to_string(line.inside) + ':' +
            std::to_string(line.outside) + ':' + std::to_string(line.count);
  }
  return text;
}

std::string beside(const IdMapLine& block, const IdMapLine& own, MakeWay how) {
  return spelled(beside_own(block, own, how));
}

TEST(BesideOwn, CostsNothingWhereNothingIsShared) {
  for (const MakeWay how : {MakeWay::cut, MakeWay::apart, MakeWay::apart_and_grow}) {
    EXPECT_EQ(beside({0, 100, 10}, {20, 5, 1}, how), "0:100:10");
    // Next to it, on either side. unshare(1) loses an id here: defect 6.
    EXPECT_EQ(beside({1, 100, 10}, {0, 5, 1}, how), "1:100:10");
    EXPECT_EQ(beside({0, 100, 10}, {10, 5, 1}, how), "0:100:10");
    EXPECT_EQ(beside({1, 6, 10}, {0, 5, 1}, how), "1:6:10");
  }
}

TEST(BesideOwn, MovesABlockApart) {
  // The ids outside stay consecutive, as in unshare(1); the last is left out.
  EXPECT_EQ(beside({0, 100, 10}, {0, 5, 1}, MakeWay::apart), "1:100:9");
  EXPECT_EQ(beside({0, 100, 10}, {5, 5, 1}, MakeWay::apart), "0:100:5, 6:105:4");
  EXPECT_EQ(beside({0, 100, 10}, {9, 5, 1}, MakeWay::apart), "0:100:9");
  EXPECT_EQ(beside({3, 100, 1}, {3, 5, 1}, MakeWay::apart), "");
  // An automatic one loses none.
  EXPECT_EQ(beside({0, 100, 10}, {0, 5, 1}, MakeWay::apart_and_grow), "1:100:10");
  EXPECT_EQ(beside({0, 100, 10}, {5, 5, 1}, MakeWay::apart_and_grow), "0:100:5, 6:105:5");
  EXPECT_EQ(beside({0, 100, 10}, {9, 5, 1}, MakeWay::apart_and_grow), "0:100:9, 10:109:1");
  EXPECT_EQ(beside({0, 100, 1}, {0, 5, 1}, MakeWay::apart_and_grow), "1:100:1");
}

TEST(BesideOwn, CutsABlockThatHasTheIdOutside) {
  for (const MakeWay how : {MakeWay::cut, MakeWay::apart, MakeWay::apart_and_grow}) {
    // The same pair: nothing else changes.
    EXPECT_EQ(beside({0, 0, 10}, {0, 0, 1}, how), "1:1:9");
    EXPECT_EQ(beside({0, 0, 10}, {5, 5, 1}, how), "0:0:5, 6:6:4");
    EXPECT_EQ(beside({0, 0, 10}, {9, 9, 1}, how), "0:0:9");
    // Two pairs: one has the id inside, the other the id outside.
    EXPECT_EQ(beside({0, 0, 10}, {5, 0, 1}, how), "1:1:4, 6:6:4");
    EXPECT_EQ(beside({0, 0, 10}, {0, 5, 1}, how), "1:1:4, 6:6:4");
    EXPECT_EQ(beside({0, 0, 10}, {20, 5, 1}, how), "0:0:5, 6:6:4");
    EXPECT_EQ(beside({7, 7, 1}, {0, 7, 1}, how), "");
  }
  EXPECT_EQ(beside({0, 100, 10}, {5, 5, 1}, MakeWay::cut), "0:100:5, 6:106:4");
}

TEST(BesideOwn, ReachesTheLastId) {
  const IdMapLine all{0, 0, 4294967295};
  EXPECT_EQ(beside(all, {0, 0, 1}, MakeWay::cut), "1:1:4294967294");
  EXPECT_EQ(beside(all, {4294967294, 4294967294, 1}, MakeWay::cut), "0:0:4294967294");
  EXPECT_EQ(beside({4294967290, 0, 5}, {4294967294, 9, 1}, MakeWay::apart), "4294967290:0:4");
  EXPECT_EQ(beside({4294967290, 0, 5}, {4294967294, 9, 1}, MakeWay::apart_and_grow),
            "4294967290:0:4, 4294967295:4:1");  // which check_id_map() refuses
}

TEST(CheckIdMap, TakesWhatTheKernelTakes) {
  EXPECT_TRUE(check_id_map("UID", {}));
  EXPECT_TRUE(check_id_map("UID", {{0, 0, 4294967295}}));
  EXPECT_TRUE(check_id_map("UID", {{4294967294, 4294967294, 1}}));
  EXPECT_TRUE(check_id_map("UID", {{10, 0, 5}, {0, 20, 10}, {15, 5, 15}}));
}

TEST(CheckIdMap, RefusesWhatItDoesNot) {
  const struct {
    IdMap map;
    const char* why;
  } cases[] = {
      {{{0, 5, 0}}, "cannot map UIDs 0:5:0: the range is empty"},
      {{{0, 1, 4294967295}},
       "cannot map UIDs 0:1:4294967295: the range exceeds 4294967294, the last id"},
      {{{4294967295, 0, 1}},
       "cannot map UIDs 4294967295:0:1: the range exceeds 4294967294, the last id"},
      {{{4294967290, 0, 6}},
       "cannot map UIDs 4294967290:0:6: the range exceeds 4294967294, the last id"},
      {{{0, 100, 10}, {9, 200, 10}}, "cannot map UIDs 0:100:10: it overlaps 9:200:10 inside"},
      {{{20, 100, 10}, {0, 109, 10}}, "cannot map UIDs 20:100:10: it overlaps 0:109:10 outside"},
      {{{0, 0, 4294967295}, {4294967294, 4294967294, 1}},
       "cannot map UIDs 0:0:4294967295: it overlaps 4294967294:4294967294:1 inside"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(failure(check_id_map("UID", c.map)), c.why);
}

TEST(CheckIdMap, CountsLines) {
  IdMap map;
  for (std::uint32_t i = 0; i < 340; ++i)
    map.push_back({i, 1000 + i, 1});
  EXPECT_TRUE(check_id_map("UID", map));
  map.push_back({340, 1340, 1});
  EXPECT_EQ(failure(check_id_map("UID", map)),
            "cannot map UIDs: 341 ranges exceed the kernel's limit of 340 lines and 4095 bytes");
  // It takes less than a page at once, too.
  for (IdMapLine& line : map)
    line.inside += 1000000000;
  map.resize(300);
  EXPECT_EQ(failure(check_id_map("UID", map)),
            "cannot map UIDs: 300 ranges exceed the kernel's limit of 340 lines and 4095 bytes");
}

std::string made(const IdMapRequest& request, const CreateFacts::Ids& facts = {}) {
  const auto map = make_id_map("GID", request, 1000, facts);
  return map ? spelled(*map) : failure(map);
}

constexpr IdMapRequest::Own kRoot{0};

TEST(MakeIdMap, PutsTheOwnIdFirst) {
  EXPECT_EQ(made({}), "");
  EXPECT_EQ(made({.own = kRoot}), "0:1000:1");
  EXPECT_EQ(made({.own = IdMapRequest::Own{}}), "1000:1000:1");
  EXPECT_EQ(made({.own = kRoot, .blocks = {{Source::range, {1, 100, 5}}}}), "0:1000:1, 1:100:5");
}

TEST(MakeIdMap, TakesSubordinateIds) {
  const CreateFacts::Ids facts{IdMapLine{0, 100000, 10}, {}, ""};
  EXPECT_EQ(made({.blocks = {{Source::auto_}}}, facts), "0:100000:10");
  EXPECT_EQ(made({.own = kRoot, .blocks = {{Source::auto_}}}, facts), "0:1000:1, 1:100000:10");
  EXPECT_EQ(made({.blocks = {{Source::subids}}}, facts), "100000:100000:10");
  EXPECT_EQ(made({.own = IdMapRequest::Own{100005}, .blocks = {{Source::subids}}}, facts),
            "100005:1000:1, 100000:100000:5, 100006:100006:4");
}

TEST(MakeIdMap, TakesAllIdsThatThereAre) {
  const CreateFacts::Ids facts{{}, {{0, 1000, 1}, {1, 100000, 65536}}, ""};
  EXPECT_EQ(made({.blocks = {{Source::all}}}, facts), "0:0:1, 1:1:65536");
  EXPECT_EQ(made({.own = kRoot, .blocks = {{Source::all}}}, facts),
            "0:1000:1, 1:1:999, 1001:1001:64536");
}

TEST(MakeIdMap, TakesSeveralBlocksThatDoNotOverlap) {
  const Block low{Source::range, {0, 100, 10}};
  EXPECT_EQ(made({.own = IdMapRequest::Own{5}, .blocks = {low, {Source::range, {10, 200, 5}}}}),
            "5:1000:1, 0:100:5, 6:105:4, 10:200:5");
  EXPECT_EQ(made({.blocks = {low, {Source::range, {9, 200, 5}}}}),
            "cannot map GIDs 0:100:10: it overlaps 9:200:5 inside");
  EXPECT_EQ(made({.blocks = {low, low}}), "cannot map GIDs 0:100:10: it overlaps 0:100:10 inside");
}

TEST(MakeIdMap, RefusesWhatDoesNotFit) {
  const CreateFacts::Ids facts{IdMapLine{0, 0, 4294967295}, {}, ""};
  EXPECT_EQ(made({.blocks = {{Source::range, {0, 0, 0}}}}),
            "cannot map GIDs 0:0:0: the range is empty");
  EXPECT_EQ(made({.own = kRoot, .blocks = {{Source::range, {4294967295, 7, 4294967295}}}}),
            "cannot map GIDs 4294967295:7:4294967295: the range exceeds 4294967294, the last "
            "id");
  EXPECT_EQ(made({.blocks = {{Source::auto_}}}),
            "cannot map GIDs: this user has no ids in /etc/subgid\nhint: add them as root: "
            "usermod --add-subgids FIRST-LAST USER");
  EXPECT_EQ(made({.blocks = {{Source::auto_}}}, facts), "0:0:4294967295");
}

std::string found(std::string_view text, std::string_view name = "ann", uid_t uid = 1000) {
  const auto line = find_sub_ids(text, name, uid);
  return line ? spelled({*line}) : "none";
}

TEST(FindSubIds, GoesByNameAndNumber) {
  EXPECT_EQ(found("ann:100000:65536\n"), "0:100000:65536");
  EXPECT_EQ(found("1000:100000:65536"), "0:100000:65536");
  EXPECT_EQ(found("bob:1:2\nann:3:4\nann:5:6\n"), "0:3:4");
  EXPECT_EQ(found("bob:1:2\n1000:3:4\nann:5:6\n"), "0:3:4");
  EXPECT_EQ(found("anna:1:2\nan:3:4\n10000:5:6\n"), "none");
  EXPECT_EQ(found(""), "none");
  EXPECT_EQ(found(":1:2\n", ""), "none");
}

TEST(FindSubIds, PassesOverWhatMakesNoSense) {
  EXPECT_EQ(found("ann\nann:\nann:1\nann:1:\nann:x:1\nann:1:x\nann:-1:5\nann:1:2:3\nann:5:0\n"
                  "ann:4294967296:1\n# ann:1:2\n ann:7:8\nann:9:10\n"),
            "0:9:10");
}

}  // namespace
}  // namespace nsx

// SPDX-License-Identifier: MIT
#include <algorithm>

#include <nsx/id_map.hh>
#include <nsx/process.hh>

#include "support.hh"

namespace nsx {
namespace {

TEST(ParseIdMap, ReadsWhatTheKernelWrites) {
  EXPECT_EQ(must(parse_id_map("")), IdMap());
  EXPECT_EQ(must(parse_id_map(test_data("uid_map.initial"))), (IdMap{{0, 0, 4294967295}}));
  EXPECT_EQ(must(parse_id_map(test_data("uid_map.rootless"))),
            (IdMap{{0, 1000, 1}, {1, 100000, 65536}}));
}

TEST(ParseIdMap, ReadsTheMapOfThisProcess) {
  const auto self = must(Process::open(newest_kernel(), ::getpid()));
  const std::string text = must(self.read("uid_map"));
  const IdMap map = must(parse_id_map(text));
  EXPECT_EQ(map.size(), static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
}

TEST(ParseIdMap, NeedsThreeNumbersALine) {
  for (const char* text :
       {"0 0", "0 0 1 2", "0 0 x", "0 -1 1", "0 0 4294967296", "0,0,1", "0 0 1\n\n0 0 1"}) {
    EXPECT_FALSE(parse_id_map(text)) << text;
  }
  EXPECT_EQ(failure(parse_id_map("0 0 1\n5 6\n")),
            "invalid line in an id map: '5 6': expected three numbers");
}

TEST(IdMap, TranslatesBothWays) {
  const IdMap map{{0, 1000, 1}, {10, 100000, 5}};
  const struct {
    std::uint32_t inside;
    std::optional<std::uint32_t> outside;
  } cases[] = {{0, 1000},    {1, std::nullopt}, {9, std::nullopt},
               {10, 100000}, {14, 100004},      {15, std::nullopt}};
  for (const auto& c : cases) {
    EXPECT_EQ(to_outside(map, c.inside), c.outside) << c.inside;
    if (!c.outside) continue;
    EXPECT_EQ(to_inside(map, *c.outside), c.inside) << *c.outside;
  }
  for (const std::uint32_t outside : {0U, 999U, 1001U, 99999U, 100005U}) {
    EXPECT_EQ(to_inside(map, outside), std::nullopt) << outside;
  }
}

TEST(IdMap, ReachesTheLastId) {
  const IdMap map{{0, 0, 4294967295}};
  EXPECT_EQ(to_outside(map, 4294967294), 4294967294);
  EXPECT_EQ(to_outside(map, 4294967295), std::nullopt);
  EXPECT_EQ(to_inside(map, 4294967295), std::nullopt);
  EXPECT_EQ(to_outside({{4294967294, 5, 1}}, 4294967294), 5U);
}

TEST(FormatIdMap, WritesWhatTheKernelReads) {
  const IdMap map{{0, 1000, 1}, {1, 100000, 65536}};
  EXPECT_EQ(format_id_map(map), "0 1000 1\n1 100000 65536\n");
  EXPECT_EQ(must(parse_id_map(format_id_map(map))), map);
  EXPECT_EQ(format_id_map({}), "");
}

}  // namespace
}  // namespace nsx

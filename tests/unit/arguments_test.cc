// SPDX-License-Identifier: MIT
#include "common/arguments.hh"

#include "common/names.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

using Source = IdMapRequest::Block::Source;

std::string spelled(std::string_view map) {
  const auto block = parse_block(map);
  if (!block) return block.error().message();
  switch (block->source) {
    case Source::auto_:
      return "auto";
    case Source::subids:
      return "subids";
    case Source::all:
      return "all";
    case Source::range:
      break;
  }
  return format_id_map({block->ids});
}

TEST(ParseBlock, TakesBothOrders) {
  EXPECT_EQ(spelled("0:100000:65536"), "0 100000 65536\n");
  EXPECT_EQ(spelled("100000,0,65536"), "0 100000 65536\n");
  EXPECT_EQ(spelled("4294967295:4294967295:4294967295"), "4294967295 4294967295 4294967295\n");
}

TEST(ParseBlock, TakesWords) {
  for (const char* word : {"auto", "subids", "all"})
    EXPECT_EQ(spelled(word), word);
}

TEST(ParseBlock, RefusesAnythingElse) {
  for (const char* map :
       {"", ":", "::", "1:2", "1:2:", "1:2:3:", "1:2:3:4", "1:2,3", "1,2", "-1:0:1", "0x1:0:1",
        " 1:2:3", "1:2:3 ", "4294967296:0:1", "AUTO", "auto,all"}) {
    EXPECT_EQ(spelled(map), std::string("invalid ID map '") + map +
                                "': expected INSIDE:OUTSIDE:COUNT, auto, subids or all");
  }
}

TEST(ParseOwner, TakesTwoNumbers) {
  const auto owner = must(parse_owner("1000:100"));
  EXPECT_EQ(owner.uid, 1000U);
  EXPECT_EQ(owner.gid, 100U);
  for (const char* wrong : {"", "1000", "1000:", ":100", "1:2:3", "root:root", "4294967295:0"})
    EXPECT_FALSE(parse_owner(wrong)) << wrong;
}

TEST(ParseOffset, TakesASign) {
  EXPECT_EQ(must(parse_offset("0")), 0);
  EXPECT_EQ(must(parse_offset("-7")), -7);
  EXPECT_EQ(must(parse_offset("+7")), 7);
  EXPECT_EQ(must(parse_offset("9223372036854775807")), INT64_MAX);
  for (const char* wrong : {"", "+", "-", "+-7", "7s", "1.5", "0x7", "9223372036854775808"})
    EXPECT_FALSE(parse_offset(wrong)) << wrong;
}

TEST(ParseSetgroups, TakesTwoWords) {
  EXPECT_TRUE(must(parse_setgroups("allow")));
  EXPECT_FALSE(must(parse_setgroups("deny")));
  EXPECT_EQ(failure(parse_setgroups("maybe")),
            "invalid argument 'maybe' for --setgroups: expected allow or deny");
}

TEST(ParseHostname, TakesWhatTheKernelTakes) {
  EXPECT_EQ(must(parse_hostname("blue")), "blue");
  EXPECT_TRUE(parse_hostname(std::string(64, 'x')));
  EXPECT_FALSE(parse_hostname(std::string(65, 'x')));
}

TEST(ChooseVariables, TakesThoseThatAreNamed) {
  const char* const environment[] = {"A=1", "AB=2", "B=", "C=x=y", "D", nullptr};
  using Names = std::vector<std::string>;
  EXPECT_EQ(choose_variables(environment, "A"), (Names{"A=1"}));
  EXPECT_EQ(choose_variables(environment, "C,B,A"), (Names{"A=1", "B=", "C=x=y"}));
  EXPECT_EQ(choose_variables(environment, "none"), Names{});
  EXPECT_EQ(choose_variables(environment, ""), Names{});
  EXPECT_EQ(choose_variables(environment, ",,AB,"), (Names{"AB=2"}));
}

TEST(ParseIds, TakeNumbersAndNames) {
  EXPECT_EQ(must(cli::parse_user("0")), 0U);
  EXPECT_EQ(must(cli::parse_user("root")), 0U);
  EXPECT_EQ(must(cli::parse_group("root")), 0U);
  EXPECT_EQ(must(cli::parse_id("4294967294", "UID")), 4294967294U);
  EXPECT_EQ(failure(cli::parse_user("nsx-nobody")), "no user named 'nsx-nobody' on this machine");
  EXPECT_EQ(failure(cli::parse_group("")), "no group named '' on this machine");
  for (const char* wrong : {"", "-1", "1x", "root"}) {
    EXPECT_EQ(failure(cli::parse_id(wrong, "GID")),
              std::string("invalid GID '") + wrong + "': expected a number");
  }
  EXPECT_EQ(failure(cli::parse_id("4294967295", "GID")),
            "invalid GID '4294967295': the largest is 4294967294");
}

}  // namespace
}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#include <ctime>
#include <unistd.h>

#include <nsx/process.hh>

#include "made_census.hh"
#include "nsx-ls/facts.hh"
#include "support.hh"

namespace nsx::ls_tool {
namespace {

TEST(FindLeaders, TakesTheOldestOfEach) {
  MadeCensus made;
  const CensusIndex net = made.ns(Kind::net, 10);
  const CensusIndex uts = made.ns(Kind::uts, 20);
  const CensusIndex empty = made.ns(Kind::uts, 30);
  made.process(5, 1, {net});
  made.process(6, 1, {net, uts});
  made.process(7, 1, {net, uts});
  made.process(8, 1, {net});
  auto& all = made.census.processes;
  all[0].start_time = 300;  // its number was used before
  all[1].start_time = 200;
  all[2].start_time = 200;
  all[3].start_time = 0;  // not known
  EXPECT_EQ(find_leaders(made.census), (std::vector<CensusIndex>{1, 1, kNone}));
  EXPECT_EQ(empty, 2U);
}

TEST(SecondsSince, CountsFromBoot) {
  timespec now{};
  ASSERT_EQ(::clock_gettime(CLOCK_BOOTTIME, &now), 0);
  const auto up = static_cast<std::uint64_t>(now.tv_sec);
  EXPECT_GE(seconds_since(1), up - 1);
  EXPECT_EQ(seconds_since(~std::uint64_t{0}), 0U) << "not of the past";
  const Kernel kernel = newest_kernel();
  const std::string text = must(must(Process::open(kernel, ::getpid())).read("stat"));
  EXPECT_LT(seconds_since(parse_process_stat(text)->start_time), up);
}

TEST(SpelledAge, HasTwoUnits) {
  constexpr std::uint64_t kHour = 3600;
  constexpr std::uint64_t kDay = 24 * kHour;
  const struct {
    std::uint64_t seconds;
    const char* text;
  } cases[] = {
      {0, "0s"},
      {59, "59s"},
      {60, "1m"},
      {200, "3m20s"},
      {kHour, "1h"},
      {5 * kHour + 119, "5h1m"},
      {kDay - 1, "23h59m"},
      {12 * kDay + 4 * kHour, "12d4h"},
      {365 * kDay, "1y"},
      {(2 * 365 + 40) * kDay, "2y40d"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(spelled_age(c.seconds), c.text);
}

}  // namespace
}  // namespace nsx::ls_tool

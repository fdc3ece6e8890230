// SPDX-License-Identifier: MIT
#include "account/account.hh"
#include "cgroup/files.hh"
#include "support.hh"

namespace nsx {
namespace {

TEST(CgroupNumber, IsANumberOrMax) {
  EXPECT_EQ(parse_cgroup_number("4096\n"), 4096U);
  EXPECT_EQ(parse_cgroup_number("max\n"), kNoCgroupLimit);
  EXPECT_EQ(parse_cgroup_number("0"), 0U);
  for (const char* text : {"", "\n", "max 1", "-1\n", "1 \n", "x", "99999999999999999999\n"})
    EXPECT_FALSE(parse_cgroup_number(text)) << text;
}

TEST(KeyedNumber, IsThatOfTheWholeKey) {
  const char* text = "low 0\nhigh 12\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n";
  EXPECT_EQ(find_keyed_number(text, "oom"), 2U);
  EXPECT_EQ(find_keyed_number(text, "oom_kill"), 1U);
  EXPECT_EQ(find_keyed_number(text, "high"), 12U);
  EXPECT_FALSE(find_keyed_number(text, "oom_"));
  EXPECT_FALSE(find_keyed_number("high\n", "high"));
  EXPECT_FALSE(find_keyed_number("", "high"));
}

TEST(NestedNumber, IsThatOfTheWholeKey) {
  const char* line = "8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=0 dios=3";
  EXPECT_EQ(find_nested_number(line, "rbytes"), 90430464U);
  EXPECT_EQ(find_nested_number(line, "dios"), 3U);
  EXPECT_EQ(find_nested_number("8:0 wbps=max", "wbps"), kNoCgroupLimit);
  EXPECT_FALSE(find_nested_number(line, "ios"));
  EXPECT_FALSE(find_nested_number(line, "8:0"));
}

TEST(Pressure, HasSomeAndFull) {
  const auto pressure = parse_pressure(
      "some avg10=1.53 avg60=0.87 avg300=0.73 total=1137\n"
      "full avg10=0.50 avg60=0.25 avg300=0.00 total=42\n");
  ASSERT_TRUE(pressure);
  EXPECT_EQ(pressure->some, (CgroupPressure::Line{1.53, 0.87, 0.73, 1137}));
  EXPECT_EQ(pressure->full, (CgroupPressure::Line{0.5, 0.25, 0, 42}));
  // Before Linux 5.13, cpu.pressure has no second line.
  EXPECT_TRUE(parse_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"));
  for (const char* text : {"", "some\n", "some avg10=x avg60=0 avg300=0 total=0\n",
                           "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"}) {
    EXPECT_FALSE(parse_pressure(text)) << text;
  }
}

TEST(CpuMax, IsAQuotaInAPeriod) {
  EXPECT_EQ(parse_cpu_max("50000 100000\n"), (CgroupSample::CpuMax{50000, 100000}));
  EXPECT_EQ(parse_cpu_max("max 100000\n"), (CgroupSample::CpuMax{kNoCgroupLimit, 100000}));
  for (const char* text : {"", "max\n", "50000 0\n", "50000 max\n", "a b\n"})
    EXPECT_FALSE(parse_cpu_max(text)) << text;
}

}  // namespace
}  // namespace nsx

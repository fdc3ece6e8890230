// SPDX-License-Identifier: MIT
#include "quantity.hh"

#include "common/value.hh"
#include "support.hh"

namespace nsx {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ReadSize, TakesAUnit) {
  EXPECT_EQ(read_size("4096"), 4096U);
  EXPECT_EQ(read_size("512M"), 512U << 20);
  EXPECT_EQ(read_size("512m"), 512U << 20);
  EXPECT_EQ(read_size("1.5G"), 1610612736U);
  EXPECT_EQ(read_size(".5M"), 512U << 10);
  EXPECT_EQ(read_size("1KiB"), 1024U);
  EXPECT_EQ(read_size("10KB"), 10000U);
  EXPECT_EQ(read_size("1.1PB"), 1100000000000000U);
  EXPECT_EQ(read_size("7B"), 7U);
  EXPECT_EQ(read_size("15E"), std::uint64_t{15} << 60);
  EXPECT_EQ(read_size("0.001ZB"), 1000000000000000000U);
  EXPECT_EQ(read_size("0Y"), 0U);
  EXPECT_EQ(read_size("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"",
                           "M",
                           "1.M",
                           "1X",
                           "1KK",
                           "-1",
                           "+1",
                           "1e3",
                           "16E",
                           "1 M",
                           "1..5G",
                           "18446744073709551616",
                           "99999999999999999999E",
                           "1Mi",
                           "inf",
                           "nan",
                           ".",
                           ".M",
                           "50%",
                           "1M/s",
                           "1Z",
                           "0.1Y"}) {
    EXPECT_FALSE(read_size(text)) << text;
  }
}

TEST(ReadQuantity, TellsWholeNumbersFromFractions) {
  EXPECT_EQ(read_quantity("4K")->whole(), 4096U);
  EXPECT_EQ(read_quantity("1.5KB")->whole(), std::nullopt);
  EXPECT_EQ(read_quantity("1.5KB")->real(), 1500.0);
  EXPECT_EQ(read_quantity("1.5KB")->rounded_down(), 1500U);
  EXPECT_EQ(read_quantity("0.6")->rounded_down(), 0U);
  ASSERT_TRUE(read_quantity("16E"));
  EXPECT_EQ(read_quantity("16E")->whole(), std::nullopt) << "is too large";
  EXPECT_EQ(read_quantity("16E")->real(), 18446744073709551616.0);
  EXPECT_FALSE(read_quantity("1.2.3"));
}

TEST(ReadRate, MayBeASecond) {
  EXPECT_EQ(read_rate("10M/s"), 10U << 20);
  EXPECT_EQ(read_rate("10M"), 10U << 20);
  for (const char* text : {"", "/s", "1M/m", "1M/s/s", "50%"})
    EXPECT_FALSE(read_rate(text)) << text;
}

TEST(ReadTime, TakesAUnit) {
  const microseconds one(1);
  EXPECT_EQ(read_time("50ms", one), 50000U);
  EXPECT_EQ(read_time("50msec", one), 50000U);
  EXPECT_EQ(read_time("1.5s", one), 1500000U);
  EXPECT_EQ(read_time("2sec", one), 2000000U);
  EXPECT_EQ(read_time("100us", one), 100U);
  EXPECT_EQ(read_time("100usec", seconds(1)), 100U);
  EXPECT_EQ(read_time("100", one), 100U);
  EXPECT_EQ(read_time("1.5", seconds(1)), 1500000U);
  EXPECT_EQ(read_time(".5", seconds(1)), 500000U);
  for (const char* text : {"", "ms", "1h", "-1s", "1e3s", "1S", "1.s", "99999999999999999999"})
    EXPECT_FALSE(read_time(text, one)) << text;
}

TEST(ReadShare, IsInPercent) {
  EXPECT_EQ(read_share("50%"), 0.5);
  EXPECT_EQ(read_share("150%"), 1.5);
  EXPECT_EQ(read_share("0.5%"), 0.005);
  for (const char* text : {"", "%", "50", "-1%", "50%%", "1e1%"})
    EXPECT_FALSE(read_share(text)) << text;
}

TEST(ParseTime, IsInSecondsWithoutAUnit) {
  EXPECT_EQ(must(cli::parse_time("1.5")), milliseconds(1500));
  EXPECT_EQ(must(cli::parse_time("10s")), seconds(10));
  EXPECT_EQ(must(cli::parse_time("250ms")), milliseconds(250));
  EXPECT_EQ(must(cli::parse_time("0")), milliseconds(0));
  EXPECT_EQ(must(cli::parse_time("500us")), milliseconds(1)) << "is rounded";
  EXPECT_EQ(must(cli::parse_time("1000000000")), seconds(1'000'000'000));
  for (const char* text : {"", "-1", "inf", "nan", "1e3", "1000000001", "10m", "x"}) {
    EXPECT_EQ(failure(cli::parse_time(text)),
              "invalid time '" + std::string(text) + "': expected a time like 1.5, 10s or 250ms");
  }
}

}  // namespace
}  // namespace nsx

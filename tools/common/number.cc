// SPDX-License-Identifier: MIT
#include "common/number.hh"

#include "common/report.hh"
#include "quantity.hh"

namespace nsx::cli {

Result<std::chrono::milliseconds> parse_time(std::string_view text) {
  using namespace std::chrono;
  // 1e9 seconds are about 32 years, far from the range of any clock.
  constexpr std::uint64_t kMost = microseconds(seconds(1'000'000'000)).count();
  constexpr std::uint64_t kMillisecond = 1000;
  const auto time = read_time(text, seconds(1));
  if (!time || *time > kMost) {
    return problem("invalid time '{}'", text, "expected a time like 1.5, 10s or 250ms");
  }
  return milliseconds((*time + kMillisecond / 2) / kMillisecond);
}

}  // namespace nsx::cli

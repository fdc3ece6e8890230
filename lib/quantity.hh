// SPDX-License-Identifier: MIT
#pragma once
// Sizes, rates, times and percentages, as people write them: the one grammar of the library and the
// tools. Each function takes the whole text and returns nothing if it is no such quantity. A number
// is decimal, without sign or exponent: "12", "0.5", ".5".

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nsx {

/// A number with a unit of size: K, M, G, T, P, E, Z or Y, alone or with "iB" for powers of 1024,
/// with "B" for powers of 1000, or "B" alone. Upper and lower case are the same.
struct Quantity {
  std::string_view number;
  std::uint64_t base = 1;
  unsigned power = 0;

  bool is_whole() const;
  // None: it is too large; of whole(), also a fraction.
  std::optional<std::uint64_t> whole() const;
  std::optional<double> real() const;
  std::optional<std::uint64_t> rounded_down() const;
};

std::optional<Quantity> read_quantity(std::string_view text);

/// Returns the bytes of "512M", "1.5GiB" or "10KB", rounded down to a whole number. None: also if
/// 64 bits do not hold it.
std::optional<std::uint64_t> read_size(std::string_view text);

/// Returns the bytes a second of a size that "/s" may follow: "10M/s", "10M".
std::optional<std::uint64_t> read_rate(std::string_view text);

/// Returns the microseconds of a time in us, ms or s (also usec, msec, sec), rounded down: "50ms",
/// "1.5s". A number without a unit is in `unit`.
std::optional<std::uint64_t> read_time(std::string_view text, std::chrono::microseconds unit);

/// Returns the share in a percentage: 0.5 of "50%".
std::optional<double> read_share(std::string_view text);

std::optional<double> read_decimal(std::string_view text);

}  // namespace nsx

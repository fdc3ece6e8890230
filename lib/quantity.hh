// SPDX-License-Identifier: MIT
#pragma once
// Parsing of numbers, and of sizes, rates, times and percentages in human units, shared by the
// library and the tools. Each function parses the whole text, and returns none if it is invalid.
// Numbers with units are decimal, without a sign or exponent: "12", "0.5", ".5".

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace nsx {

/// Parses a decimal number, with a minus sign if `Number` has one. None: also if it is out of
/// range.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// A number with a unit of size: K, M, G, T, P, E, Z or Y, alone or with "iB" for powers of 1024,
/// with "B" for powers of 1000, or "B" alone. Not case-sensitive.
struct Quantity {
  std::string_view number;
  std::uint64_t base = 1;
  unsigned power = 0;

  bool is_whole() const;
  // None: the value is too large or, in whole(), a fraction.
  std::optional<std::uint64_t> whole() const;
  std::optional<double> real() const;
  std::optional<std::uint64_t> rounded_down() const;
};

std::optional<Quantity> read_quantity(std::string_view text);

/// Parses a size and returns its bytes, rounded down: "512M", "1.5GiB", "10KB". None: also if it
/// does not fit into 64 bits.
std::optional<std::uint64_t> read_size(std::string_view text);

/// Parses a size with an optional "/s" and returns bytes per second: "10M/s", "10M".
std::optional<std::uint64_t> read_rate(std::string_view text);

/// Parses a time in us, ms or s (also usec, msec, sec) and returns microseconds, rounded down:
/// "50ms", "1.5s". A number without a unit is in `unit`.
std::optional<std::uint64_t> read_time(std::string_view text, std::chrono::microseconds unit);

/// Parses a percentage and returns the fraction: 0.5 for "50%".
std::optional<double> read_share(std::string_view text);

std::optional<double> read_decimal(std::string_view text);

}  // namespace nsx

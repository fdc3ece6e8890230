// SPDX-License-Identifier: MIT
#pragma once
// Parsers of numbers and times in arguments.

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

#include <nsx/result.hh>

namespace nsx::cli {

/// Parses a decimal number; none if any other character is in `text`, or if it is out of range.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// Parses a time, rounded to milliseconds: "1.5" (seconds), "10s", "250ms". At most 1e9 seconds.
Result<std::chrono::milliseconds> parse_time(std::string_view text);

}  // namespace nsx::cli

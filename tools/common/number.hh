// SPDX-License-Identifier: MIT
#pragma once
// Numbers and times in arguments.

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

#include <nsx/result.hh>

namespace nsx::cli {

/// A decimal number that is the whole of `text`.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// Reads a time: "1.5", in seconds, "10s", "250ms". At most 1e9 seconds, rounded to milliseconds.
Result<std::chrono::milliseconds> parse_time(std::string_view text);

}  // namespace nsx::cli

#pragma once

#include <charconv>
#include <optional>
#include <string_view>

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

}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#pragma once
// Parsing of numbers and fields in text files of the kernel.

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <nsx/text.hh>

namespace nsx {

/// Parses a decimal number, which must be the whole of `text`.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// Removes the text up to the next `separator`, or the end, from `rest` and returns it.
inline std::string_view next_field(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view field = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return field;
}

/// The end of a truncated text.
inline constexpr const char* kCut = "\u2026";

/// Removes an incomplete UTF-8 character from the end of a truncated text.
inline void drop_partial_character(std::string& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const unsigned char first = byte(text.size() - back);
    if (first < 0x80) return;
    if (continues_character(text[text.size() - back])) continue;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (back < length) text.resize(text.size() - back);
    return;
  }
}

}  // namespace nsx

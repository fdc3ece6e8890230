#pragma once
// Numbers and fields in the kernel's text files.

#include <charconv>
#include <optional>
#include <string_view>

namespace nsx {

/// A decimal number that is the whole of `text`.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// Takes the next piece off `rest`, up to one `separator` or the end.
inline std::string_view next_field(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view field = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return field;
}

}  // namespace nsx

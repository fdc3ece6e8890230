// SPDX-License-Identifier: MIT
#pragma once
// Parsing of numbers and fields in text files of the kernel, and safe handling of JSON.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nsx/text.hh>

#include "quantity.hh"

namespace nsx {

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

// Safe handling of untrusted JSON before and after parsing.

/// Returns whether objects and arrays are nested deeper than `depth`. Parsers are recursive, so
/// untrusted input must not exhaust the stack.
bool nests_deeper(std::string_view json, int depth);

/// A JSON value of nlohmann's library whose destructor needs no memory. The destructor of the
/// library allocates memory to flatten a tree, and terminates the process on failure, unless the
/// containers are empty.
template <class Json>
class JsonTree : public Json {
 public:
  explicit JsonTree(Json value) : Json(std::move(value)) {}
  JsonTree(JsonTree&& other) noexcept : Json(std::move(static_cast<Json&>(other))) {}
  JsonTree(const JsonTree&) = delete;
  JsonTree& operator=(const JsonTree&) = delete;
  JsonTree& operator=(JsonTree&&) = delete;
  ~JsonTree() { empty(*this); }

 private:
  /// Clears a tree from the leaves. Recurses at most as deep as nests_deeper() has allowed.
  static void empty(Json& value) {
    if (!value.is_structured()) return;
    for (Json& each : value)
      empty(each);
    value.clear();
  }
};

}  // namespace nsx

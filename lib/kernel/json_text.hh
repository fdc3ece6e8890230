// SPDX-License-Identifier: MIT
#pragma once
// Safe handling of untrusted JSON before and after parsing.

#include <string_view>
#include <utility>

namespace nsx {

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

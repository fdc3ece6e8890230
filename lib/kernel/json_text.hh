// SPDX-License-Identifier: MIT
#pragma once
// What JSON needs before a parser sees it, and afterwards.

#include <string_view>
#include <utility>

namespace nsx {

/// Whether the objects and lists of a text nest deeper than this. Parsers recurse: what others have
/// written must not be deeper than the stack.
bool nests_deeper(std::string_view json, int depth);

/// A value of nlohmann's library that is destroyed without memory. Its own destructor takes some to
/// flatten a tree first, and ends the process if there is none; not so where containers are empty.
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
  /// From the leaves on. It recurses no deeper than nests_deeper() has allowed.
  static void empty(Json& value) {
    if (!value.is_structured()) return;
    for (Json& each : value)
      empty(each);
    value.clear();
  }
};

}  // namespace nsx

#pragma once
// What a cell of a table holds, for filters, sorting and JSON, and how a person reads it.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace nsx::cli {

/// Nothing, a number, a text, or several texts.
using Value =
    std::variant<std::monostate, std::uint64_t, double, std::string, std::vector<std::string>>;

struct Cell {
  Value value;
  std::string shown = {};  ///< for people, where it is not the plain text of the value: "3d 4h"
  std::string json = {};   ///< the JSON of a value with a structure of its own

  bool operator==(const Cell&) const = default;
};

/// What a person reads.
std::string shown(const Cell& cell);

/// The value as text: numbers in decimal, several texts one a line; empty for nothing.
std::string text_of(const Value& value);

}  // namespace nsx::cli

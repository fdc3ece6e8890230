// SPDX-License-Identifier: MIT
#pragma once
// What a cell of a table holds, for filters, sorting and JSON, and how a person reads it.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nsx::cli {

/// Nothing, a number, a text, or several texts.
using Value =
    std::variant<std::monostate, std::uint64_t, double, std::string, std::vector<std::string>>;

/// The values of what may be missing: no number, 0, or an empty text or list is nothing.
Value number_or_nothing(const std::optional<std::uint64_t>& number);
Value number_or_nothing(std::uint64_t number);
Value text_or_nothing(std::string text);
Value list_or_nothing(std::vector<std::string> texts);

struct Cell {
  Value value;
  std::string shown = {};  ///< for people, where it is not the plain text of the value: "3d 4h"

  bool operator==(const Cell&) const = default;
};

/// What a person reads.
std::string shown(const Cell& cell);

/// What is between the texts of a list: no path, name or command line can hold it.
inline constexpr char kBreak = '\0';

/// The value as text: numbers in decimal, several texts with a `kBreak` between; empty for nothing.
std::string text_of(const Value& value);

}  // namespace nsx::cli

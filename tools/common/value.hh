// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nsx/result.hh>

#include "quantity.hh"

namespace nsx::cli {

/// Parses a time, rounded to milliseconds: "1.5" (seconds), "10s", "250ms". At most 1e9 seconds.
Result<std::chrono::milliseconds> parse_time(std::string_view text);

/// Empty, a number, a text, or a list of texts.
using Value =
    std::variant<std::monostate, std::uint64_t, double, std::string, std::vector<std::string>>;

/// Return an empty value for a missing number, 0, or an empty text or list.
Value number_or_nothing(const std::optional<std::uint64_t>& number);
Value number_or_nothing(std::uint64_t number);
Value text_or_nothing(std::string text);
Value list_or_nothing(std::vector<std::string> texts);

struct Cell {
  Value value;
  std::string shown = {};  ///< for people, if it differs from the text of the value: "3d 4h"

  bool operator==(const Cell&) const = default;
};

/// Returns the text of a cell for people.
std::string shown(const Cell& cell);

/// The separator of the texts of a list, which no path, name or command line can contain.
inline constexpr char kBreak = '\0';

/// Returns a value as text: numbers in decimal, the texts of a list separated by kBreak, and an
/// empty text for an empty value.
std::string text_of(const Value& value);

}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#pragma once
// What the screen of nsx-cg top shows, as lines of styled text: drawn by whatever has a screen.

#include <optional>
#include <string>
#include <vector>

#include "nsx-cg/top_cells.hh"
#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

struct TopSize {
  int lines = 24;
  int columns = 80;

  bool operator==(const TopSize&) const = default;
};

struct TopStyle {
  TopTone tone = TopTone::plain;
  bool is_bold = false;
  bool is_underlined = false;
  bool is_reversed = false;  ///< a bar, a heading, or what is selected

  bool operator==(const TopStyle&) const = default;
};

struct TopSpan {
  std::string text;  ///< safe for a terminal
  TopStyle style;

  bool operator==(const TopSpan&) const = default;
};

/// Pieces from left to right.
using TopLine = std::vector<TopSpan>;

struct TopScreen {
  std::vector<TopLine> lines;
  /// Where somebody types: the column in the last line.
  std::optional<int> cursor;
};

/// How many rows of cgroups a screen of this size has. `note` is a line that is always shown.
std::size_t room_for_rows(TopSize size, const std::string& note);

/// Draws it. `note` says why columns are empty, or is empty itself.
TopScreen draw(const TopModel& model, TopSize size, const std::string& note);

}  // namespace nsx::cg_tool

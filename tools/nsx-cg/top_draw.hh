// SPDX-License-Identifier: MIT
#pragma once
// The screen of nsx-cg top as lines of styled text, independent of the terminal library.

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
  bool is_reversed = false;  ///< a bar, a heading or the selected row

  bool operator==(const TopStyle&) const = default;
};

struct TopSpan {
  std::string text;  ///< safe for a terminal
  TopStyle style;

  bool operator==(const TopSpan&) const = default;
};

/// Spans from left to right.
using TopLine = std::vector<TopSpan>;

struct TopScreen {
  std::vector<TopLine> lines;
  /// The column of the cursor in the last line, during input.
  std::optional<int> cursor;
};

/// Returns how many rows of cgroups fit on a screen of this size with `note`.
std::size_t room_for_rows(TopSize size, const std::string& note);

/// Draws the model. `note` is always shown and says why columns are missing; may be empty.
TopScreen draw(const TopModel& model, TopSize size, const std::string& note);

}  // namespace nsx::cg_tool

// SPDX-License-Identifier: MIT
#pragma once
// Text in the columns of a terminal. LC_CTYPE determines the width of characters.

#include <string>
#include <string_view>
#include <vector>

namespace nsx::cg_tool {

/// A character as displayed, and the number of columns that it takes.
struct TopGlyph {
  std::string text;
  int width = 1;
};

/// Returns the glyphs of `text`. Control characters and characters unknown to the locale are shown
/// as \xHH.
std::vector<TopGlyph> glyphs_of(std::string_view text);

int width_of(std::string_view text);

enum class TopAlign { left, right };

/// The part of a text that is cut if it is too wide.
enum class TopCut { end, start };

/// Fits a text into exactly `width` columns: pads it, or cuts it and marks that with "..".
std::vector<TopGlyph> fitted(std::string_view text, int width, TopAlign align, TopCut cut);

/// Fits the path of a cgroup into at most `width` columns: shortens container IDs to their first 12
/// digits, then cuts the rest as `cut` says.
std::string path_within(const std::string& path, int width, TopCut cut);

/// Returns the name of a cgroup in at most `width` columns: "web (/docker/2db9657a83b2)", without a
/// container only its path. The path is cut first.
std::string name_within(const std::string& container, const std::string& path, int width);

/// Wraps a text into at most `most` lines of at most `width` columns and cuts the rest. An empty
/// text has no lines.
std::vector<std::string> wrapped(std::string_view text, int width, std::size_t most);

std::string joined(const std::vector<TopGlyph>& glyphs);

}  // namespace nsx::cg_tool

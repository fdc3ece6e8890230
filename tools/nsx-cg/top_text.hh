// SPDX-License-Identifier: MIT
#pragma once
// Text in the columns of a terminal. LC_CTYPE tells how wide a character is.

#include <string>
#include <string_view>
#include <vector>

namespace nsx::cg_tool {

/// A character as it is shown, and the columns that it takes.
struct TopGlyph {
  std::string text;
  int width = 1;
};

/// `text` with what a terminal must not get as \xHH: control characters, and what the locale does
/// not know.
std::vector<TopGlyph> glyphs_of(std::string_view text);

int width_of(std::string_view text);

enum class TopAlign { left, right };

/// What of a text is left out where it is too wide.
enum class TopCut { end, start };

/// A text in exactly `width` columns: padded, or cut, which ".." tells.
std::vector<TopGlyph> fitted(std::string_view text, int width, TopAlign align, TopCut cut);

/// The path of a cgroup in `width` columns at most, or less of it with `cut`: IDs of containers go
/// down to their first 12 digits, which stay, and then the rest is cut.
std::string path_within(const std::string& path, int width, TopCut cut);

/// What a cgroup is called in no more than `width` columns: "web (/docker/2db9657a83b2)", and its
/// path alone where there is no container. The path is what is cut first.
std::string name_within(const std::string& container, const std::string& path, int width);

/// A text in lines of no more than `width` columns, and no more of them than `most`; what is left
/// is cut. None of an empty text.
std::vector<std::string> wrapped(std::string_view text, int width, std::size_t most);

std::string joined(const std::vector<TopGlyph>& glyphs);

}  // namespace nsx::cg_tool

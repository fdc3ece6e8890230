#include "nsx-cg/top_text.hh"

#include <algorithm>
#include <cwchar>
#include <cwctype>

namespace nsx::cg_tool {

namespace {

constexpr std::string_view kCutMark = "..";

void add_hex(std::vector<TopGlyph>& glyphs, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  for (const char shown : {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xfU]})
    glyphs.push_back({std::string(1, shown), 1});
}

int width_of(const std::vector<TopGlyph>& glyphs) {
  int width = 0;
  for (const TopGlyph& glyph : glyphs)
    width += glyph.width;
  return width;
}

/// Takes glyphs off the end, until no more than `width` columns are left.
void cut_end(std::vector<TopGlyph>& glyphs, int width) {
  for (int now = width_of(glyphs); now > width && !glyphs.empty(); glyphs.pop_back())
    now -= glyphs.back().width;
}

/// Glyphs of one line: up to `end`; the following ones are on the next, from `next` on.
struct Line {
  std::size_t end;
  std::size_t next;
};

/// As many as fit, up to a blank if there is one in the second half.
Line line_from(const std::vector<TopGlyph>& glyphs, std::size_t begin, int width) {
  std::size_t end = begin;
  for (int left = width; end < glyphs.size() && glyphs[end].width <= left; ++end)
    left -= glyphs[end].width;
  if (end == glyphs.size()) return {end, end};
  for (std::size_t at = end; at > begin + (end - begin) / 2; --at) {
    if (glyphs[at].text == " ") return {at, at + 1};
  }
  return {end, end};
}

}  // namespace

std::vector<TopGlyph> glyphs_of(std::string_view text) {
  std::vector<TopGlyph> glyphs;
  glyphs.reserve(text.size());
  std::mbstate_t state{};
  for (std::size_t i = 0; i < text.size();) {
    wchar_t wide = 0;
    const std::size_t length = std::mbrtowc(&wide, text.data() + i, text.size() - i, &state);
    const bool is_known = length > 0 && length <= text.size() - i;
    // -1 of a control character.
    const int width = is_known ? ::wcwidth(wide) : -1;
    if (width < 0) {
      state = {};
      const std::size_t bytes = is_known ? length : 1;
      for (std::size_t end = i + bytes; i < end; ++i)
        add_hex(glyphs, text[i]);
      continue;
    }
    glyphs.push_back({std::string(text.substr(i, length)), width});
    i += length;
  }
  return glyphs;
}

int width_of(std::string_view text) {
  return width_of(glyphs_of(text));
}

std::vector<TopGlyph> fitted(std::string_view text, int width, TopAlign align, TopCut cut) {
  std::vector<TopGlyph> glyphs = glyphs_of(text);
  const auto mark = glyphs_of(kCutMark);
  const int room = std::max(0, width - width_of(mark));
  if (width_of(glyphs) > width && cut == TopCut::end) {
    cut_end(glyphs, room);
    glyphs.insert(glyphs.end(), mark.begin(), mark.end());
  } else if (width_of(glyphs) > width) {
    std::reverse(glyphs.begin(), glyphs.end());
    cut_end(glyphs, room);
    glyphs.insert(glyphs.end(), mark.begin(), mark.end());
    std::reverse(glyphs.begin(), glyphs.end());
  }
  cut_end(glyphs, std::max(0, width));
  const int missing = std::max(0, width - width_of(glyphs));
  const std::vector<TopGlyph> blanks(static_cast<std::size_t>(missing), TopGlyph{" ", 1});
  glyphs.insert(align == TopAlign::left ? glyphs.end() : glyphs.begin(), blanks.begin(),
                blanks.end());
  return glyphs;
}

std::vector<std::string> wrapped(std::string_view text, int width, std::size_t most) {
  const std::vector<TopGlyph> glyphs = glyphs_of(text);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < glyphs.size() && lines.size() < most;) {
    const Line line = line_from(glyphs, begin, width);
    if (line.next == begin) break;  // a single one is wider than that
    const bool is_cut = lines.size() + 1 == most && line.next < glyphs.size();
    lines.push_back(
        joined({glyphs.begin() + static_cast<std::ptrdiff_t>(begin),
                is_cut ? glyphs.end() : glyphs.begin() + static_cast<std::ptrdiff_t>(line.end)}));
    if (is_cut) lines.back() = joined(fitted(lines.back(), width, TopAlign::left, TopCut::end));
    begin = line.next;
  }
  return lines;
}

std::string joined(const std::vector<TopGlyph>& glyphs) {
  std::string text;
  for (const TopGlyph& glyph : glyphs)
    text += glyph.text;
  return text;
}

}  // namespace nsx::cg_tool

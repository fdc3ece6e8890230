// SPDX-License-Identifier: MIT
#include "kernel/text.hh"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <nsx/text.hh>

namespace nsx {

namespace {

/// Returns the number of edits that turn `a` into `b`, including swaps of adjacent letters (optimal
/// string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> above(b.size() + 1);  // the row before `last`
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = last[j] + (a[i] == b[j] ? 0 : 1);
      row[j + 1] = std::min({last[j + 1] + 1, row[j] + 1, replaced});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j]) {
        row[j + 1] = std::min(row[j + 1], above[j - 1] + 1);
      }
    }
    above = std::exchange(last, row);
  }
  return last.back();
}

/// Returns whether the first letters match, possibly after a swap with the second. The first letter
/// is rarely mistyped.
bool begins_alike(std::string_view word, std::string_view mistyped) {
  return word.front() == mistyped.front() || (word.size() > 1 && mistyped.size() > 1 &&
                                              word[0] == mistyped[1] && word[1] == mistyped[0]);
}

}  // namespace

std::optional<std::string_view> nearest(std::span<const std::string_view> words,
                                        std::string_view mistyped) {
  if (mistyped.empty()) return std::nullopt;
  std::optional<std::string_view> best;
  // In a short word, a single mistake already makes another word.
  constexpr std::size_t kShort = 4;
  const bool is_short = mistyped.size() <= kShort;
  std::size_t best_distance =
      is_short ? std::min<std::size_t>(1, mistyped.size() / 2) : mistyped.size() / 3 + 1;
  for (const std::string_view word : words) {
    if (word.empty()) continue;
    const std::size_t d = distance(mistyped, word);
    if ((d > 1 || is_short) && !begins_alike(word, mistyped)) continue;
    if (d <= best_distance && (!best || d < best_distance)) {
      best = word;
      best_distance = d;
    }
  }
  return best;
}

bool nests_deeper(std::string_view json, int depth) {
  int at = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++at > depth) return true;
    } else if (c == '}' || c == ']') {
      --at;
    }
  }
  return false;
}

}  // namespace nsx

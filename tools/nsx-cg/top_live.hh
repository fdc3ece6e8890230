// SPDX-License-Identifier: MIT
#pragma once
// nsx-cg top on a terminal, and without one. LC_CTYPE determines the width of characters.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/cgroup.hh>
#include <nsx/result.hh>

#include "nsx-cg/cells.hh"
#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

// The screen of nsx-cg top as lines of styled text, independent of the terminal library.

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

// Text in the columns of a terminal.

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

class TopTerminal {
 public:
  /// Takes over the terminal until destruction. Only one object at a time, as ncurses has global
  /// state, which also handles SIGTSTP and SIGCONT. Errors: the terminal type is unknown.
  static Result<TopTerminal> open(bool colors);

  TopSize size() const;
  void show(const TopScreen& screen);

  /// Returns the next pending key, even if it is not used here; none if no key is pending.
  struct Pressed {
    bool is_resize = false;
    std::optional<TopKey> key = {};
  };
  std::optional<Pressed> next_key();

  /// Repaints the whole screen, for output of others to the terminal.
  void repaint();

 private:
  struct End {
    void operator()(void* screen) const;
  };
  TopTerminal(void* screen, void* window) : screen_(screen), window_(window) {}

  std::unique_ptr<void, End> screen_;  // ncurses' SCREEN
  void* window_;                       // and its WINDOW
};

// Reads the snapshots of nsx-cg top and performs its actions.

/// Reads a cgroup and its descendants repeatedly.
class TopSource {
 public:
  TopSource(const CgroupTree& tree, Cgroup first) : places_(tree), first_(std::move(first)) {}

  /// Takes a snapshot, with the events since the last call. Errors: the cgroup has been removed.
  Result<TopSnapshot> next(CgroupFileSet files);

 private:
  Places places_;
  Cgroup first_;
  CgroupReading before_;
};

/// Freezes, thaws or kills the cgroup of an action. Errors: it was replaced, or systemd manages it.
Status carry_out(const CgroupTree& tree, const TopAction& action);

/// Returns the lines of the page that an action requests: the limits of a cgroup, as printed by
/// nsx-cg explain, or the processes in it and its descendants.
Result<std::vector<std::string>> page_of(const CgroupTree& tree, const TopAction& action);

/// Runs the live view for `count` samples, without `count` until it is quit. Returns the signal
/// that ended it, SIGTERM or SIGHUP, or 0.
Result<int> run_live(const CgroupTree& tree, TopSource& source, TopModel& model,
                     const std::string& note, std::optional<std::uint64_t> count, bool colors);

// nsx-cg top without a terminal: a table or a line of JSON for each sample.

enum class TopFormat { table, json };

/// Prints all rows of the model and flushes standard output.
Status print_batch(const TopModel& model, TopFormat format, bool headings);

/// Returns the line of JSON without a line feed: {"time": seconds since 1970, "cgroups": [...]}.
std::string json_line(const TopModel& model, double time);

}  // namespace nsx::cg_tool

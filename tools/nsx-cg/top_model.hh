// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "account/account.hh"
#include "common/filter.hh"
#include "common/value.hh"
#include "nsx-cg/columns.hh"
#include "nsx-cg/rows.hh"

namespace nsx::cg_tool {

// One sample of nsx-cg top: a reading, and the rates and events since the previous one.

/// The events of a cgroup and its descendants between two readings.
struct TopEvents {
  double throttled = 0;            ///< share of the periods of cpu.max, 0 to 1
  std::uint64_t reclaims = 0;      ///< number of times above memory.high
  std::uint64_t at_limit = 0;      ///< number of times at memory.max
  std::uint64_t kills = 0;         ///< processes killed by the OOM killer
  std::uint64_t failed_forks = 0;  ///< due to pids.max
  bool frozen = false;             ///< at the second reading

  bool operator==(const TopEvents&) const = default;
};

/// Returns the events as words, the worst first: "killed 2", "throttled 40%".
std::vector<std::string> in_words(const TopEvents& events);

struct TopSnapshot {
  CgroupReading reading;
  std::vector<CgroupRates> rates;  ///< one per cgroup, like `events`
  std::vector<TopEvents> events;
};

/// Combines two readings. Cgroups that are new in the second one have no events.
TopSnapshot make_snapshot(const CgroupReading& before, CgroupReading after);

/// Returns the cgroup at `path` and its descendants; empty if it is not in the snapshot.
TopSnapshot subtree(const TopSnapshot& whole, const std::string& path);

// The columns of nsx-cg top: those of ls, and EVENTS with the events since the last reading.

/// The ID after those of kColumns.
inline constexpr cli::ColumnId kEventsColumn{static_cast<std::uint8_t>(kColumns.size())};

/// The names of the columns, including EVENTS.
extern const cli::ColumnNames kTopNames;

/// Returns the name of a column.
const char* top_name(cli::ColumnId id);

/// Whether the cells of a column are right-aligned.
bool is_right(cli::ColumnId id);

/// Whether a column is sorted in descending order by default.
bool is_falling(cli::ColumnId id);

/// Returns the files to read for a column and its bar.
CgroupFileSet files_of(cli::ColumnId id);

/// Returns the cell of a cgroup. With `exact`, sizes are in bytes.
cli::Cell top_cell(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup, bool exact);

/// Returns the sort key of a cell: its value; for EVENTS, their severity.
cli::Value sort_key(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup);

/// The meaning of a cell at a glance, shown as a color.
enum class TopTone : std::uint8_t {
  plain,
  good,     ///< a bar with room
  warning,  ///< throttled, reclaimed from, near a limit
  alarm,    ///< killed, refused, at a limit
  frozen,
};

/// Returns the tone of a cell; for NAME, the worst one of the cgroup.
TopTone tone_of(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup);

/// Returns the fill of the bar of a cell, 0 to 1: the used share of a limit, or a pressure. None
/// without a limit.
std::optional<double> bar_of(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup);

/// A key that was pressed.
struct TopKey {
  enum class Name : std::uint8_t {
    character,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home,
    end,
    enter,
    escape,
    backspace,
  } name = Name::character;
  std::string text = {};  ///< of a character, in the encoding of the locale
};

/// An action that the model requests.
struct TopAction {
  enum class Kind : std::uint8_t {
    nothing,
    quit,
    refresh,
    repaint,
    freeze,
    thaw,
    kill,
    explain,    ///< answered by show_page()
    processes,  ///< the same
  };
  Kind kind = Kind::nothing;
  // The cgroup: that at this path, if it still has this ID.
  std::string path = {};
  std::uint64_t id = 0;
  std::string container = {};  ///< its container, for people; empty: none is known

  bool operator==(const TopAction&) const = default;
};

/// Lines about one cgroup, shown instead of the list.
struct TopPage {
  TopAction action;  ///< the request that it answers
  std::vector<std::string> lines;
  std::size_t first = 0;  ///< the first visible line
};

/// The current use of the keys.
enum class TopMode : std::uint8_t { browse, search, filter, confirm, help, page };

struct TopSettings {
  std::vector<cli::ColumnId> columns;  ///< after the name
  cli::ColumnId sort = column("CPU%");
  bool falling = true;
  bool is_tree = false;
  bool exact = false;
  std::string filter = {};
  std::chrono::milliseconds interval{1000};
  bool container_if_any = false;  ///< hide CONTAINER if no cgroup has one
  /// For each column, why the whole tree has no data for it; empty: it has.
  std::vector<std::string> missing = {};
};

/// Returns the path of the parent cgroup.
std::string parent_of(const std::string& path);

/// Returns why the whole tree has no data for a column; empty: it has.
std::string why_missing(const TopSettings& settings, cli::ColumnId column);

class TopModel {
 public:
  /// Makes a model. Errors: the filter is invalid.
  static Result<TopModel> make(TopSettings settings);

  void take(TopSnapshot snapshot);
  TopAction press(const TopKey& key);

  /// Sets how many rows fit on the screen.
  void set_room(std::size_t rows);
  /// Shows the lines that an action requested, until a key closes them. Showing the same page again
  /// keeps its scroll position.
  void show_page(const TopAction& action, std::vector<std::string> lines);
  /// Returns the visible page; null: none.
  const TopPage* page() const { return mode_ == TopMode::page ? &page_ : nullptr; }

  /// Shows a message until the next key.
  void tell(std::string message) { message_ = std::move(message); }

  /// Returns the files to read for the next snapshot.
  CgroupFileSet wanted_files() const;

  // The state to draw.
  const TopSettings& settings() const { return settings_; }
  /// Returns the columns after the name, without EVENTS.
  std::vector<cli::ColumnId> columns() const;
  TopMode mode() const { return mode_; }
  const TopSnapshot& snapshot() const { return is_narrowed() ? part_ : whole_; }
  const std::vector<Row>& rows() const { return rows_; }
  std::size_t first_row() const { return first_row_; }
  std::size_t first_column() const { return first_column_; }
  std::optional<std::size_t> selected_row() const { return selected_row_; }
  const std::string& base() const { return base_; }
  const std::string& input() const { return input_; }
  const std::string& message() const { return message_; }
  const TopAction& asked() const { return asked_; }

 private:
  explicit TopModel(TopSettings settings) : settings_(std::move(settings)) {}

  bool is_narrowed() const { return base_ != top_; }
  const CgroupSample& cgroup_of(std::size_t row) const {
    return snapshot().reading.cgroups[rows_[row].cgroup];
  }

  void narrow(const std::string& path);
  void arrange();
  void select(std::size_t row);
  void show_selected();
  void move(std::ptrdiff_t by);

  TopAction browse(const TopKey& key);
  TopAction browse_letter(char letter);
  void type(const TopKey& key);
  void accept_input();
  TopAction answer_question(const TopKey& key);
  TopAction turn_page(const TopKey& key);
  TopAction look_at(TopAction::Kind kind);
  TopAction ask(TopAction::Kind kind);

  bool can_sort_by(cli::ColumnId column);
  void sort_by(cli::ColumnId column);
  void sort_beside(int step);
  void ask_for(TopMode mode, std::string input);
  Status set_filter(const std::string& text);
  void search(int step);
  void change_interval(int step);

  TopSettings settings_;
  std::optional<cli::RowFilter> filter_;
  TopSnapshot whole_;
  TopSnapshot part_;  // of base_, if that is not the root
  std::string top_ = "/";
  std::string base_ = "/";
  std::vector<Row> rows_;
  std::size_t room_ = 1;
  std::size_t first_row_ = 0;
  std::size_t first_column_ = 0;
  std::optional<std::size_t> selected_row_;
  std::uint64_t selected_id_ = 0;
  TopMode mode_ = TopMode::browse;
  std::string input_;
  std::string searched_;
  std::string message_;
  TopAction asked_;
  TopPage page_;
};

}  // namespace nsx::cg_tool

// SPDX-License-Identifier: MIT
#pragma once
// The state of the live view, and the effects of keys. Independent of terminal and kernel: keys and
// snapshots are passed in, and actions on cgroups are returned.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/filter.hh"
#include "nsx-cg/rows.hh"
#include "nsx-cg/top_cells.hh"
#include "nsx-cg/top_snapshot.hh"

namespace nsx::cg_tool {

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

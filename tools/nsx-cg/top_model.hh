// SPDX-License-Identifier: MIT
#pragma once
// The state of the live view, and what a key does to it. Knows neither terminal nor kernel: the
// keys and the snapshots come from outside, and what is to be done to a cgroup is told.

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
  std::string text = {};  ///< of a character: in the locale's encoding
};

/// What the model wants to be done.
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
  // Of which cgroup: the one that is at this path must still be the one with this id.
  std::string path = {};
  std::uint64_t id = 0;
  std::string container = {};  ///< that it belongs to, for people; empty: none is known

  bool operator==(const TopAction&) const = default;
};

/// Something about one cgroup that takes the place of the list.
struct TopPage {
  TopAction action;  ///< what it is the answer to
  std::vector<std::string> lines;
  std::size_t first = 0;  ///< the first line that is seen
};

/// What the keys are for at the moment.
enum class TopMode : std::uint8_t { browse, search, filter, confirm, help, page };

struct TopSettings {
  std::vector<cli::ColumnId> columns;  ///< behind the name
  cli::ColumnId sort = column("CPU%");
  bool falling = true;
  bool is_tree = false;
  bool exact = false;
  std::string filter = {};
  std::chrono::milliseconds interval{1000};
  bool container_if_any = false;  ///< the column of containers is hidden where there is none
  /// Of each column why the whole tree has nothing of it; empty: it has.
  std::vector<std::string> missing = {};
};

/// The path of the cgroup above.
std::string parent_of(const std::string& path);

/// Why the whole tree has nothing of a column; empty: it has.
std::string why_missing(const TopSettings& settings, cli::ColumnId column);

class TopModel {
 public:
  /// Errors: the filter.
  static Result<TopModel> make(TopSettings settings);

  void take(TopSnapshot snapshot);
  TopAction press(const TopKey& key);

  /// How many rows there is room for.
  void set_room(std::size_t rows);
  /// Shows lines about a cgroup, as a action asked for: until a key leaves them. Shown again, they
  /// stay scrolled as they are.
  void show_page(const TopAction& action, std::vector<std::string> lines);
  /// The page that is shown; null: none.
  const TopPage* page() const { return mode_ == TopMode::page ? &page_ : nullptr; }

  /// Shown until the next key.
  void tell(std::string message) { message_ = std::move(message); }

  /// What the next snapshot has to be read from.
  CgroupFileSet wanted_files() const;

  // What is to be shown.
  const TopSettings& settings() const { return settings_; }
  /// The columns behind the name, without the last one.
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
  TopSnapshot part_;  // of base_, while that is not the whole
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

#pragma once
// The columns of nsx-cg top: those of ls, and EVENTS, what happened since the last reading.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "common/value.hh"
#include "nsx-cg/columns.hh"
#include "nsx-cg/top_snapshot.hh"

namespace nsx::cg_tool {

/// A column's number is its place in kColumns; this one is behind them.
inline constexpr std::size_t kEventsColumn = kColumns.size();

constexpr std::size_t number_of(Column column) {
  return static_cast<std::size_t>(column);
}

/// The names of all columns, by their number.
std::span<const std::string_view> top_column_names();

/// The number of the column of this name. Case does not matter.
Result<std::size_t> parse_top_column(std::string_view name);

/// Whether a column's cells stand on the right.
bool is_right(std::size_t column);

/// Whether the largest comes first, unless somebody wants it the other way.
bool is_falling(std::size_t column);

/// What has to be read for a column, with what its bar is measured by.
CgroupFileSet files_of(std::size_t column);

/// The cell of a cgroup. `exact`: sizes are bytes.
cli::Cell top_cell(std::size_t column, const TopSnapshot& snapshot, std::size_t cgroup, bool exact);

/// What a column is sorted by: its value; of events, how bad they are.
cli::Value sort_key(std::size_t column, const TopSnapshot& snapshot, std::size_t cgroup);

/// What a cell has to say at a glance.
enum class TopTone : std::uint8_t {
  plain,
  good,     ///< a bar with room
  warning,  ///< throttled, reclaimed from, near a limit
  alarm,    ///< killed, refused, at a limit
  frozen,
};

/// Of a cell; of the name, what its worst is.
TopTone tone_of(std::size_t column, const TopSnapshot& snapshot, std::size_t cgroup);

/// How full the bar of a cell is, 0 to 1: what is used of a limit, or a pressure. None where there
/// is no limit.
std::optional<double> bar_of(std::size_t column, const TopSnapshot& snapshot, std::size_t cgroup);

}  // namespace nsx::cg_tool

// SPDX-License-Identifier: MIT
#pragma once
// The columns of nsx-cg top: those of ls, and EVENTS with the events since the last reading.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/value.hh"
#include "nsx-cg/columns.hh"
#include "nsx-cg/top_snapshot.hh"

namespace nsx::cg_tool {

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

}  // namespace nsx::cg_tool

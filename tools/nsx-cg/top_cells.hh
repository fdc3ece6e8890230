// SPDX-License-Identifier: MIT
#pragma once
// The columns of nsx-cg top: those of ls, and EVENTS, what happened since the last reading.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/value.hh"
#include "nsx-cg/columns.hh"
#include "nsx-cg/top_snapshot.hh"

namespace nsx::cg_tool {

/// Behind those of kColumns.
inline constexpr cli::ColumnId kEventsColumn{static_cast<std::uint8_t>(kColumns.size())};

/// The columns by name, EVENTS among them.
extern const cli::ColumnNames kTopNames;

/// The name of a column.
const char* top_name(cli::ColumnId id);

/// Whether a column's cells stand on the right.
bool is_right(cli::ColumnId id);

/// Whether the largest comes first, unless somebody wants it the other way.
bool is_falling(cli::ColumnId id);

/// What has to be read for a column, with what its bar is measured by.
CgroupFileSet files_of(cli::ColumnId id);

/// The cell of a cgroup. `exact`: sizes are bytes.
cli::Cell top_cell(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup, bool exact);

/// What a column is sorted by: its value; of events, how bad they are.
cli::Value sort_key(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup);

/// What a cell has to say at a glance.
enum class TopTone : std::uint8_t {
  plain,
  good,     ///< a bar with room
  warning,  ///< throttled, reclaimed from, near a limit
  alarm,    ///< killed, refused, at a limit
  frozen,
};

/// Of a cell; of the name, what its worst is.
TopTone tone_of(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup);

/// How full the bar of a cell is, 0 to 1: what is used of a limit, or a pressure. None where there
/// is no limit.
std::optional<double> bar_of(cli::ColumnId id, const TopSnapshot& snapshot, std::size_t cgroup);

}  // namespace nsx::cg_tool

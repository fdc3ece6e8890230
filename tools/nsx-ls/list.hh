// SPDX-License-Identifier: MIT
#pragma once
// The list of namespaces, and the gaps in it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/census.hh>

#include "common/json.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/rows.hh"

namespace nsx::ls_tool {

// Gaps: data that could not be read, and why.

struct Gap {
  std::string text;              ///< "cannot inspect 3 processes: Permission denied"
  std::optional<Source> source;  ///< of the census
  std::uint64_t count = 0;       ///< of items the census did not read; 0: not a gap of the census
  /// The gap may be caused on purpose to hide something: too much data, or an unresponsive file
  /// system.
  bool is_cut = false;
};

/// Returns the gaps of a census.
std::vector<Gap> gaps_of(const Census& census);

/// Returns an error that does not end the command as a gap.
Gap gap_of(const Error& error);

/// Writes a note to stderr for each gap; unless `for_person` is set, only if `is_cut` is.
void report_gaps(const std::vector<Gap>& gaps, bool for_person);

/// Writes the member "gaps", a list of objects.
void write_gaps(const std::vector<Gap>& gaps, cli::JsonWriter& json);

// The list and the trees of namespaces, and their rows as JSON.

/// Takes a census and prints the requested list or tree.
Status show_list(Request request);

/// Returns an object with the member "namespaces": the rows, each with one member per column and
/// its descendants as "children". A list is an array and a missing value is null, as in lsns(8).
std::string json_of(std::span<const Row> rows, std::span<const cli::ColumnId> columns,
                    const Census& census, const Facts& facts,
                    const std::vector<Gap>* gaps = nullptr);

}  // namespace nsx::ls_tool

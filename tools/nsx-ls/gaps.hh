// SPDX-License-Identifier: MIT
#pragma once
// Gaps: data that could not be read, and why.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nsx/census.hh>

#include "common/json.hh"

namespace nsx::ls_tool {

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

}  // namespace nsx::ls_tool

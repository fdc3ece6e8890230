// SPDX-License-Identifier: MIT
#pragma once
// What could not be read, and why.

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
  std::uint64_t count = 0;       ///< of what the census did not read; 0: something else
  /// Somebody may have made it on purpose, to hide something: too much to be read, or a file system
  /// that does not answer.
  bool is_cut = false;
};

/// The gaps of a census.
std::vector<Gap> gaps_of(const Census& census);

/// A gap that is an error without consequences.
Gap gap_of(const Error& error);

/// Writes a note on stderr for each gap: where `for_person` is not set, only for cuts.
void report_gaps(const std::vector<Gap>& gaps, bool for_person);

/// A member "gaps", a list of objects.
void write_gaps(const std::vector<Gap>& gaps, cli::JsonWriter& json);

}  // namespace nsx::ls_tool

// SPDX-License-Identifier: MIT
#pragma once
// nsx-cg top without a terminal: a table or a line of JSON for each sample.

#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

enum class TopFormat { table, json };

/// Prints all rows of the model and flushes standard output.
Status print_batch(const TopModel& model, TopFormat format, bool headings);

/// Returns the line of JSON without a line feed: {"time": seconds since 1970, "cgroups": [...]}.
std::string json_line(const TopModel& model, double time);

}  // namespace nsx::cg_tool

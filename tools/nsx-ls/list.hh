// SPDX-License-Identifier: MIT
#pragma once
// The list and the trees of namespaces, and their rows as JSON.

#include <span>
#include <string>

#include "nsx-ls/columns.hh"
#include "nsx-ls/gaps.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/rows.hh"

namespace nsx::ls_tool {

/// Takes a census and prints the requested list or tree.
Status show_list(Request request);

/// Returns an object with the member "namespaces": the rows, each with one member per column and
/// its descendants as "children". A list is an array and a missing value is null, as in lsns(8).
std::string json_of(std::span<const Row> rows, std::span<const cli::ColumnId> columns,
                    const Census& census, const Facts& facts,
                    const std::vector<Gap>* gaps = nullptr);

}  // namespace nsx::ls_tool

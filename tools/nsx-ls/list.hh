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

/// Takes a census and prints what was asked for.
Status show_list(Request request);

/// An object with the member "namespaces": the rows, each with a member a column and those below it
/// as "children". A list is an array, and what there is not is null, as with lsns(8).
std::string json_of(std::span<const Row> rows, std::span<const cli::ColumnId> columns,
                    const Census& census, const Facts& facts,
                    const std::vector<Gap>* gaps = nullptr);

}  // namespace nsx::ls_tool

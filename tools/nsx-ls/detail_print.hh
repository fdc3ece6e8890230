// SPDX-License-Identifier: MIT
#pragma once
// Prints a namespace as lines and as JSON.

#include "common/json.hh"
#include "nsx-ls/detail_read.hh"

namespace nsx::ls_tool {

/// Returns "key: value" lines. Text from inside the namespace is escaped. Long values are broken
/// between words, or cut, so that no line is wider than `width` columns; 0: no limit.
std::string lines_of(const Detail& detail, std::size_t width = 0);

/// Writes a namespace as an object.
void write_json(const Detail& detail, cli::JsonWriter& json);

/// Returns the name of a user, or the UID if it has none.
std::string user_name(uid_t uid);

}  // namespace nsx::ls_tool

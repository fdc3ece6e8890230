// SPDX-License-Identifier: MIT
#pragma once
// One namespace in words and as JSON.

#include "common/json.hh"
#include "nsx-ls/detail_read.hh"

namespace nsx::ls_tool {

/// "key: value" lines. What comes from inside of the namespace is escaped. Long values are broken
/// between words, or cut, so that no line is wider than `width`; 0: they stay as they are.
std::string lines_of(const Detail& detail, std::size_t width = 0);

/// An object.
void write_json(const Detail& detail, cli::JsonWriter& json);

/// The name of a user, or the UID if it has none.
std::string user_name(uid_t uid);

}  // namespace nsx::ls_tool

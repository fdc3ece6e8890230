#pragma once
// One namespace in words and as JSON.

#include "common/json.hh"
#include "nsx-ls/detail_read.hh"

namespace nsx::ls_tool {

/// "key: value" lines. What comes from inside of the namespace is escaped.
std::string lines_of(const Detail& detail);

/// An object.
void write_json(const Detail& detail, cli::JsonWriter& json);

/// The name of a user, or the UID if it has none.
std::string user_name(uid_t uid);

}  // namespace nsx::ls_tool

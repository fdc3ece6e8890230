#pragma once
// What the arguments of options say that make namespaces.

#include <string_view>
#include <vector>

#include <nsx/create.hh>

namespace nsx::cli {

Result<CreateRequest::Propagation> parse_propagation(std::string_view mode);

/// "INSIDE:OUTSIDE:COUNT", "auto", "subids", "all", or unshare(1)'s older "OUTSIDE,INSIDE,COUNT".
Result<IdMapRequest::Block> parse_block(std::string_view map);

/// "UID:GID".
Result<CreateRequest::Owner> parse_owner(std::string_view owner);

/// "allow" or "deny".
Result<bool> parse_setgroups(std::string_view word);

/// Seconds, with a sign.
Result<std::int64_t> parse_offset(std::string_view seconds);

Result<std::string> parse_hostname(std::string_view name);

/// The variables of `environment` (environ(7)) whose names are in a list with commas.
std::vector<std::string> choose_variables(const char* const* environment, std::string_view names);

}  // namespace nsx::cli

#pragma once
// User and group ids on the command line.

#include <cstdint>
#include <string_view>

#include <nsx/result.hh>

namespace nsx::cli {

/// The number of an id; `what` is UID or GID.
Result<std::uint32_t> parse_id(std::string_view text, const char* what);

/// The number of a user or group, given so or by name. Looks into the user database.
Result<std::uint32_t> parse_user(const char* text);
Result<std::uint32_t> parse_group(const char* text);

}  // namespace nsx::cli

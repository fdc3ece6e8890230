#pragma once

#include <string_view>

#include <nsx/result.hh>

namespace nsx::cli {

/// The number of a signal given as "TERM", "sigterm", "15", "RTMIN+3" or "RTMAX-1".
Result<int> parse_signal(std::string_view text);

}  // namespace nsx::cli

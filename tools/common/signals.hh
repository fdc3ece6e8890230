#pragma once

#include <nsx/result.hh>
#include <string_view>

namespace nsx::cli {

/// The number of a signal given as "TERM", "sigterm", "15", "RTMIN+3" or "RTMAX-1".
Result<int> parse_signal(std::string_view text);

}  // namespace nsx::cli

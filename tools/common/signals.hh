// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

namespace nsx::cli {

/// The number of a signal given as "TERM", "sigterm", "15", "RTMIN+3" or "RTMAX-1".
Result<int> parse_signal(std::string_view text);

/// The numbers of several, with commas between: "TERM,INT".
Result<std::vector<int>> parse_signals(std::string_view list);

/// "TERM" of a signal, or its number where it has no name.
std::string signal_name(int signal);

}  // namespace nsx::cli

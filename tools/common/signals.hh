// SPDX-License-Identifier: MIT
#pragma once
// Names and numbers of signals.

#include <string>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

namespace nsx::cli {

/// Parses a signal: "TERM", "sigterm", "15", "RTMIN+3" or "RTMAX-1".
Result<int> parse_signal(std::string_view text);

/// Parses a comma-separated list of signals: "TERM,INT".
Result<std::vector<int>> parse_signals(std::string_view list);

/// Returns the name of a signal without "SIG", or its number if it has no name.
std::string signal_name(int signal);

}  // namespace nsx::cli

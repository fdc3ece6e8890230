// SPDX-License-Identifier: MIT
#include "common/signals.hh"

#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <strings.h>

#include "common/number.hh"
#include "common/options.hh"
#include "common/report.hh"
#include "try.hh"

namespace nsx::cli {

namespace {

std::string without_sig(std::string_view text) {
  std::string name(text);
  return ::strncasecmp(name.c_str(), "SIG", 3) == 0 ? name.substr(3) : name;
}

/// Parses the offset in "+3" or "-3"; none if it leads beyond the real-time signals.
std::optional<int> parse_distance(std::string_view text, char sign) {
  if (text.empty()) return 0;
  const auto distance = text.front() == sign ? parse_number<int>(text.substr(1)) : std::nullopt;
  if (!distance || *distance < 0 || *distance > SIGRTMAX - SIGRTMIN) return std::nullopt;
  return distance;
}

/// Parses "RTMIN", "RTMIN+3", "RTMAX" or "RTMAX-1", excluding the real-time signals that the C
/// library reserves.
std::optional<int> parse_realtime(const std::string& name) {
  if (::strncasecmp(name.c_str(), "RTMIN", 5) == 0) {
    const auto distance = parse_distance(name.substr(5), '+');
    if (distance) return SIGRTMIN + *distance;
  }
  if (::strncasecmp(name.c_str(), "RTMAX", 5) == 0) {
    const auto distance = parse_distance(name.substr(5), '-');
    if (distance) return SIGRTMAX - *distance;
  }
  return std::nullopt;
}

std::optional<int> find_signal(std::string_view text) {
  if (const auto number = parse_number<int>(text)) return number;
  const std::string name = without_sig(text);
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* abbreviation = ::sigabbrev_np(signal);
    if (abbreviation != nullptr && ::strcasecmp(abbreviation, name.c_str()) == 0) return signal;
  }
  return parse_realtime(name);
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  const auto signal = find_signal(text);
  if (signal && *signal > 0 && *signal <= SIGRTMAX) return *signal;
  return problem("invalid signal '{}'", text, "expected a name like TERM or a number");
}

Result<std::vector<int>> parse_signals(std::string_view list) {
  std::vector<int> signals;
  for (const std::string_view word : split_list(list))
    signals.push_back(TRY(parse_signal(word)));
  return signals;
}

std::string signal_name(int signal) {
  const char* abbreviation = ::sigabbrev_np(signal);
  return abbreviation != nullptr ? abbreviation : std::to_string(signal);
}

}  // namespace nsx::cli

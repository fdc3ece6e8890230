#include "common/signals.hh"

#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <strings.h>

#include "common/report.hh"

namespace nsx::cli {

namespace {

std::optional<int> parse_int(std::string_view text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string without_sig(std::string_view text) {
  std::string name(text);
  return ::strncasecmp(name.c_str(), "SIG", 3) == 0 ? name.substr(3) : name;
}

/// "RTMIN", "RTMIN+3", "RTMAX", "RTMAX-1", by what the C library leaves of the real-time signals.
std::optional<int> parse_realtime(const std::string& name) {
  if (::strncasecmp(name.c_str(), "RTMIN", 5) == 0) {
    if (name.size() == 5) return SIGRTMIN;
    const auto offset = name[5] == '+' ? parse_int(name.substr(6)) : std::nullopt;
    if (offset && *offset >= 0) return SIGRTMIN + *offset;
  }
  if (::strncasecmp(name.c_str(), "RTMAX", 5) == 0) {
    if (name.size() == 5) return SIGRTMAX;
    const auto offset = name[5] == '-' ? parse_int(name.substr(6)) : std::nullopt;
    if (offset && *offset >= 0) return SIGRTMAX - *offset;
  }
  return std::nullopt;
}

std::optional<int> find_signal(std::string_view text) {
  if (const auto number = parse_int(text)) return number;
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
  return refuse("use as a signal", quoted(text), "unknown signal", "a name like TERM or a number");
}

}  // namespace nsx::cli

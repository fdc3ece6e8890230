#include "nsx-ls/leaders.hh"

#include <array>
#include <ctime>
#include <unistd.h>

namespace nsx::ls_tool {

std::vector<CensusIndex> find_leaders(const Census& census) {
  std::vector<CensusIndex> leaders(census.namespaces.size(), kNone);
  for (CensusIndex i = 0; i < census.processes.size(); ++i) {
    const CensusProcess& process = census.processes[i];
    if (process.start_time == 0) continue;
    for (const CensusIndex ns : process.namespaces) {
      if (ns == kNone) continue;
      // Of two that started together the one with the lower PID, which comes first.
      CensusIndex& leader = leaders[ns];
      if (leader == kNone || process.start_time < census.processes[leader].start_time) leader = i;
    }
  }
  return leaders;
}

std::uint64_t seconds_since(std::uint64_t start_time) {
  // Of the caller's time namespace, as is the time in /proc/PID/stat.
  timespec now{};
  const long ticks = ::sysconf(_SC_CLK_TCK);
  if (::clock_gettime(CLOCK_BOOTTIME, &now) != 0 || ticks <= 0) return 0;
  const auto up = static_cast<std::uint64_t>(now.tv_sec);
  const std::uint64_t start = start_time / static_cast<std::uint64_t>(ticks);
  return up > start ? up - start : 0;
}

std::string spelled_age(std::uint64_t seconds) {
  struct Unit {
    std::uint64_t seconds;
    char letter;
  };
  constexpr std::uint64_t kHour = 3600;
  constexpr std::uint64_t kDay = 24 * kHour;
  constexpr std::array kUnits{Unit{365 * kDay, 'y'}, Unit{kDay, 'd'}, Unit{kHour, 'h'},
                              Unit{60, 'm'}, Unit{1, 's'}};
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    const auto& [unit, letter] = kUnits[i];
    if (seconds < unit) continue;
    std::string text = std::to_string(seconds / unit) + letter;
    const Unit& next = kUnits[i + 1];
    const std::uint64_t rest = seconds % unit / next.seconds;
    return rest != 0 ? text + std::to_string(rest) + next.letter : text;
  }
  return std::to_string(seconds) + 's';
}

}  // namespace nsx::ls_tool

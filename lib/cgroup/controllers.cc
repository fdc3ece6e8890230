#include "cgroup/controllers.hh"

#include <algorithm>
#include <array>

#include "cgroup/net_files.hh"
#include "kernel/text.hh"

namespace nsx {

std::string_view controller_of(std::string_view file) {
  const std::string_view prefix = file.substr(0, file.find('.'));
  // The pressures, and the time that the CPUs were used, are there without.
  constexpr std::array<std::string_view, 6> kOfAll{"cpu.pressure", "memory.pressure",
                                                   "io.pressure",  "irq.pressure",
                                                   "cpu.stat",     "cpu.stat.local"};
  if (prefix == "cgroup" || is_net_file(file) ||
      std::find(kOfAll.begin(), kOfAll.end(), file) != kOfAll.end()) {
    return {};
  }
  return prefix;
}

bool lists_controller(std::string_view list, std::string_view controller) {
  if (list.ends_with('\n')) list.remove_suffix(1);
  while (!list.empty()) {
    if (next_field(list, ' ') == controller) return true;
  }
  return false;
}

}  // namespace nsx

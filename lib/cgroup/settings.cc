#include "cgroup/settings.hh"

#include <algorithm>
#include <array>

namespace nsx {

const char* command_for(std::string_view file) {
  if (file == "cgroup.procs" || file == "cgroup.threads") return "mv moves processes";
  if (file == "cgroup.kill") return "kill does that";
  if (file == "cgroup.freeze") return "freeze and thaw do that";
  if (file == "memory.reclaim") return "reclaim does that";
  return nullptr;
}

bool is_setting(std::string_view file) {
  // Handed down by a list of its own; what cannot be turned back; records that a write resets;
  // triggers; the same setting in other units.
  constexpr std::array<std::string_view, 6> kOthers{
      "cgroup.subtree_control", "cgroup.type", "memory.peak",
      "memory.swap.peak",       "pids.peak",   "cpu.weight.nice"};
  return command_for(file) == nullptr && !file.ends_with(".pressure") &&
         std::find(kOthers.begin(), kOthers.end(), file) == kOthers.end();
}

}  // namespace nsx

// SPDX-License-Identifier: MIT
#include "common/container_names.hh"

namespace nsx::cli {

std::string short_container_id(const std::string& name) {
  constexpr std::size_t kFull = 64;
  constexpr std::size_t kShort = 12;
  const bool is_id =
      name.size() == kFull && name.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_id ? name.substr(0, kShort) : name;
}

ContainerNames::ContainerNames(const Kernel& kernel, const TargetOptions& options) {
  for (const TargetName& target : list_targets(kernel, options, "container")) {
    if (target.pid == 0) continue;
    const std::string name = short_container_id(target.name);
    by_pid_.try_emplace(target.pid, name);
    if (!target.cgroup.empty()) by_cgroup_.try_emplace(target.cgroup, name);
  }
}

const std::string* ContainerNames::of_cgroup(const std::string& path) const {
  if (path.empty() || by_cgroup_.empty()) return nullptr;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const auto named = by_cgroup_.find(path.substr(0, end));
    if (named != by_cgroup_.end()) return &named->second;
    if (end == std::string::npos) return nullptr;
  }
}

}  // namespace nsx::cli

#include "nsx-ls/places.hh"

#include <algorithm>

#include <nsx/target.hh>

namespace nsx::ls_tool {

namespace {

/// As `docker ps` shows it.
std::string shortened(const std::string& id) {
  constexpr std::size_t kFull = 64;
  constexpr std::size_t kShort = 12;
  const bool is_id =
      id.size() == kFull && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_id ? id.substr(0, kShort) : id;
}

}  // namespace

const Places::Names& Places::names() {
  if (names_) return *names_;
  names_.emplace();
  for (const TargetName& target : list_targets(kernel_)) {
    if (target.prefix != "container" || target.pid == 0) continue;
    names_->by_pid.try_emplace(target.pid, target.name);
    const auto process = Process::open(kernel_, target.pid);
    const auto found = process ? container_of(*process) : std::nullopt;
    if (found) names_->by_id.try_emplace(found->name, target.name);
  }
  return *names_;
}

std::string Places::container(pid_t pid) {
  const auto process = Process::open(kernel_, pid);
  if (!process) return {};
  const auto found = container_of(*process);
  const Names& known = names();
  if (const auto named = known.by_pid.find(pid); named != known.by_pid.end()) {
    return shortened(named->second);
  }
  if (!found) return {};
  const auto named = known.by_id.find(found->name);
  return shortened(named != known.by_id.end() ? named->second : found->name);
}

std::string Places::unit(pid_t pid) const {
  const auto process = Process::open(kernel_, pid);
  return process ? unit_of(*process).value_or("") : "";
}

std::string Places::cgroup(pid_t pid) const {
  const auto process = Process::open(kernel_, pid);
  return process ? cgroup_of(*process).value_or("") : "";
}

}  // namespace nsx::ls_tool

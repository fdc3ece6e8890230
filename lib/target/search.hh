#pragma once
// What the searches for a target share. Each looks for one name in one place.

#include <string>
#include <vector>

#include <nsx/target.hh>

namespace nsx {

/// Where is searched.
struct SearchPlace {
  const Kernel& kernel;
  std::string root;                    ///< before each absolute path; empty: this machine's own
  std::string runtime_directory = {};  ///< of the caller; empty: none
};

/// A thing of the wanted name.
struct Match {
  std::string label;  ///< the text that means only this: "container:web"
  Target target;
};

/// What a search came to.
struct Matches {
  std::vector<Match> found;
  std::vector<Error> unusable;  ///< why things of that name can be no target
  std::string hint;             ///< where nothing was found: what could not be looked at
};

Matches find_pin(const SearchPlace& place, const std::string& name);
Matches find_container(const SearchPlace& place, const std::string& name);
Matches find_unit(const SearchPlace& place, const std::string& name);
Matches find_cgroup(const SearchPlace& place, const std::string& path);

std::vector<TargetName> list_pins(const SearchPlace& place);
std::vector<TargetName> list_containers(const SearchPlace& place);
/// Units, then cgroups.
std::vector<TargetName> list_cgroups(const SearchPlace& place);

/// The target that is this process: "unit cron.service (PID 42)".
inline Target process_target(const std::string& what, Process process) {
  Target target;
  target.name = what + " (PID " + std::to_string(process.pid()) + ')';
  target.process = std::move(process);
  return target;
}

}  // namespace nsx

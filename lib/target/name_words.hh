// SPDX-License-Identifier: MIT
#pragma once
// The names that container runtimes and systemd give to cgroups, as text. Anyone who may make a
// cgroup can give it such a name: cgroup_trust.hh tells which of them to believe.

#include <optional>
#include <string>
#include <string_view>

namespace nsx {

/// What tells a container.
struct ContainerName {
  std::string runtime;  ///< "docker", "podman", "LXC" ...; "container" where the path does not tell
  std::string name;     ///< an ID of 64 hexadecimal digits, or a name (systemd-nspawn, LXC)
};

/// The runtime whose containers share their cgroup with a process of the host, and where that is.
inline constexpr const char* kNspawn = "systemd-nspawn";
inline constexpr const char* kSupervisor = "supervisor";

/// The container whose cgroup has this name; `above` and `inside` are the names before and after
/// it on the path, empty where there is none.
std::optional<ContainerName> container_at(std::string_view directory, std::string_view above,
                                          std::string_view inside);

/// The unit whose cgroup has this name, without the escape that systemd adds; empty if there is
/// none: "cron.service", "user.slice".
std::string_view unit_at(std::string_view directory);

/// Whether a name is that of a unit which has a cgroup.
bool has_unit_suffix(std::string_view name);

/// Whether a unit only groups others. No unit is inside of one that does not.
bool is_slice(std::string_view unit);

}  // namespace nsx

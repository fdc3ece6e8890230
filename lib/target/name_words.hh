// SPDX-License-Identifier: MIT
#pragma once
// Parses the cgroup names that container runtimes and systemd use. Anyone who can create a cgroup
// can use such a name: cgroup_trust.hh decides which of them to trust.

#include <optional>
#include <string>
#include <string_view>

namespace nsx {

/// A container, as a cgroup name identifies it.
struct ContainerName {
  std::string runtime;  ///< "docker", "podman", "LXC" ...; "container" if the path does not show it
  std::string name;     ///< an ID of 64 hexadecimal digits, or a name (systemd-nspawn, LXC)
};

/// The runtime whose containers share their cgroup with a process of the host, and the cgroup of
/// that process.
inline constexpr const char* kNspawn = "systemd-nspawn";
inline constexpr const char* kSupervisor = "supervisor";

/// Returns the container whose cgroup has this name. `above` and `inside` are the components before
/// and after it on the path, or empty.
std::optional<ContainerName> container_at(std::string_view directory, std::string_view above,
                                          std::string_view inside);

/// Returns the unit whose cgroup has this name, without systemd's escape: "cron.service",
/// "user.slice". Empty if it is not the cgroup of a unit.
std::string_view unit_at(std::string_view directory);

/// Whether a name is that of a unit type with a cgroup.
bool has_unit_suffix(std::string_view name);

/// Whether a unit only groups others. Units of other types contain no units.
bool is_slice(std::string_view unit);

}  // namespace nsx

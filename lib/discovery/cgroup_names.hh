// SPDX-License-Identifier: MIT
#pragma once
// Names of cgroups: those that runtimes and systemd give, and which of them to trust.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/target.hh>

#include "kernel/cgroup.hh"

namespace nsx {

// Parses the cgroup names that container runtimes and systemd use. Anyone who can create a cgroup
// can use such a name: cgroup_trust.cc decides which of them to trust.

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

// Which cgroup names to trust. Anyone who can write to a cgroup's directory can create cgroups of
// any name in it, so a name is only as trustworthy as the owners of all directories above it. It is
// trusted if all of these belong to root or the caller, none of them is delegated to another user,
// and none is that of a container.

/// Who chooses the names of the cgroups in a directory.
enum class Naming : std::uint8_t { machine, caller, others };

/// A mounted hierarchy, open at its top.
struct CgroupHierarchy {
  OwnedFd top;
  CgroupMount mount;
};

/// Returns all hierarchies in the order of cgroup_mounts(). `root` is prepended to their mount
/// points.
std::vector<CgroupHierarchy> open_hierarchies(const Kernel& kernel, const std::string& root);

/// Converts a path from /proc/PID/cgroup to one below the top of the mounted hierarchy: "" for the
/// top, otherwise "/a/b". Returns nothing if it is not below what is mounted.
std::optional<std::string> path_in_mount(std::string_view path, const CgroupMount& mount);

/// Judges names on behalf of the caller.
class NameJudge {
 public:
  explicit NameJudge(const Kernel& kernel);

  Naming at_top(int directory) const;

  /// Returns who chooses the names inside of the cgroup `directory`, which is called `name` and is
  /// itself in a directory whose names are chosen by `above`.
  Naming inside(int directory, std::string_view name, Naming above) const;

 private:
  enum class Owner : std::uint8_t { root, caller, others };
  Owner owner_of(int directory) const;

  uid_t caller_;
  std::optional<uid_t>
      unmapped_;             // the UID shown by stat(2) for users unmapped in this user namespace
  std::string own_manager_;  // the unit of the caller's own systemd
};

/// A cgroup, as known after descending to it from the top.
struct NamedCgroup {
  std::string path;                        ///< below the top: "/a/b"; empty for the top
  bool is_trusted = true;                  ///< whether its name is trusted
  std::optional<ContainerName> container;  ///< the container that its name refers to
  std::string unit;                        ///< the unit that its name refers to; empty if none
  bool is_trusted_unit = false;            ///< the name is trusted, and no other unit contains it

  Naming naming = Naming::others;    ///< who chooses the names inside of it
  std::optional<Naming> unit_above;  ///< who named the trusted unit that it is or belongs to

  std::string_view name() const;
};

/// Descends one level. `directory` is that of the cgroup called `name`, or -1 if it is not
/// accessible.
NamedCgroup descend(const NameJudge& judge, const NamedCgroup& above, std::string_view name,
                    std::string_view inside, int directory);

/// The directory of a cgroup that is being visited. Opened on demand: a visitor needs only that of
/// the few cgroups that it looks for.
class VisitedDirectory {
 public:
  VisitedDirectory(int above, const std::string& name) : above_(above), name_(name) {}

  /// Returns its descriptor, or -1 if the cgroup is gone.
  int fd();

 private:
  int above_;
  const std::string& name_;
  std::optional<OwnedFd> opened_;
};

/// Called for a cgroup with its directory.
using VisitNamed = std::function<void(const NamedCgroup& cgroup, VisitedDirectory& directory)>;

/// Visits all cgroups of a hierarchy except the top, parents first. Cgroups with untrusted names,
/// of which anyone could create any number, are visited up to a limit.
void walk_named(const NameJudge& judge, const CgroupHierarchy& hierarchy, const VisitNamed& visit);

/// Follows a path below a top directory by directory and visits each cgroup that exists. `top` is
/// -1 if none of them is accessible.
void follow_path(const NameJudge& judge, int top, std::string_view path,
                 const std::function<void(const NamedCgroup&)>& visit);

/// Returns the container and unit of a cgroup, by its path below a top.
CgroupPlace place_of_path(const NameJudge& judge, int top, std::string_view path);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// Which names of cgroups to believe. Whoever may write to a cgroup's directory can make one of any
// name in it, so a name is as good as the owners of all directories above it. It is trusted where
// these are root's or the caller's own, none of them is delegated to somebody else, and none is
// that of a container.

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
#include "target/name_words.hh"

namespace nsx {

/// Who names the cgroups in a directory.
enum class Naming : std::uint8_t { machine, caller, others };

/// A mounted hierarchy, open at its top.
struct CgroupHierarchy {
  OwnedFd top;
  CgroupMount mount;
};

/// All hierarchies, in the order of cgroup_mounts(). `root` is put before their mount points.
std::vector<CgroupHierarchy> open_hierarchies(const Kernel& kernel, const std::string& root);

/// The path of a cgroup below the top of its hierarchy, from one as /proc/PID/cgroup has it: "" for
/// the top, "/a/b". None: it is not below what is mounted.
std::optional<std::string> path_in_mount(std::string_view path, const CgroupMount& mount);

/// Who the caller is, for whom names are judged.
class NameJudge {
 public:
  explicit NameJudge(const Kernel& kernel);

  Naming at_top(int directory) const;

  /// Who names what is in the cgroup `directory`, which is called `name` and is itself in a
  /// directory with the names of `above`.
  Naming inside(int directory, std::string_view name, Naming above) const;

 private:
  enum class Owner : std::uint8_t { root, caller, others };
  Owner owner_of(int directory) const;

  uid_t caller_;
  std::optional<uid_t> unmapped_;  // whom stat(2) shows for all that this user namespace lacks
  std::string own_manager_;        // the unit of the caller's own systemd
};

/// A cgroup, as it is known after a descent from the top.
struct NamedCgroup {
  std::string path;                        ///< below the top: "/a/b"; empty: the top
  bool is_trusted = true;                  ///< its name
  std::optional<ContainerName> container;  ///< whose cgroup its name says it is
  std::string unit;                        ///< the same of a unit; empty: of none
  bool is_trusted_unit = false;            ///< the name is, and no other unit holds it

  Naming naming = Naming::others;    ///< who names those in it
  std::optional<Naming> unit_above;  ///< who named the trusted unit that it is, or is in

  std::string_view name() const;
};

/// One step down. `directory` is that of the cgroup called `name`; -1: it is not to be seen.
NamedCgroup descend(const NameJudge& judge, const NamedCgroup& above, std::string_view name,
                    std::string_view inside, int directory);

/// Called for a cgroup, its directory open.
using VisitNamed = std::function<void(const NamedCgroup& cgroup, int directory)>;

/// Visits all cgroups of a hierarchy but its top, each before those in it. Of those with names that
/// are not trusted, of which anyone could make any number, only so many.
void walk_named(const NameJudge& judge, const CgroupHierarchy& hierarchy, const VisitNamed& visit);

/// Follows a path below a top from directory to directory; `top` -1: none of them is to be seen.
/// Calls for each, as far as they are there.
void follow_path(const NameJudge& judge, int top, std::string_view path,
                 const std::function<void(const NamedCgroup&)>& visit);

/// What a path below a top says of what is in that cgroup.
CgroupPlace place_of_path(const NameJudge& judge, int top, std::string_view path);

}  // namespace nsx

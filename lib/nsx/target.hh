// SPDX-License-Identifier: MIT
#pragma once
// Targets: processes, containers, units, cgroups, pins and namespaces, given by name.
//
//   const auto web = nsx::resolve_target(kernel, "container:web");
//   std::puts(web ? web->name.c_str() : web.error().message().c_str());

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/kernel.hh>
#include <nsx/namespace.hh>
#include <nsx/process.hh>

namespace nsx {

/// A namespace that a target refers to directly.
struct TargetNamespace {
  Namespace ns;
  std::string of;  ///< for messages: "/run/netns/blue", "net namespace 4026532177"
};

/// A resolved target: either a process, held by a handle, or namespaces without a process.
struct Target {
  std::string name;  ///< for messages: "PID 42", "container web (PID 42)", "pin blue"
  std::optional<Process> process;
  std::vector<TargetNamespace> namespaces;  ///< at most one of each kind
  /// For a unit, container or cgroup: its cgroup v2 path as /proc/PID/cgroup shows it. Empty: no
  /// cgroup has its name.
  std::string cgroup = {};
};

struct TargetOptions {
  /// The root for /run, /var/lib and the cgroup mounts; tests pass another tree.
  std::string root = "/";
  /// $XDG_RUNTIME_DIR, or empty. Contains the pins of an ordinary user (nsx/pin.hh), by default in
  /// /run/user/UID, and the state of the caller's own containers, in addition to /run/user/UID.
  /// Ignored for these unless it belongs to the caller, and nobody else can write to it or redirect
  /// its path.
  std::string runtime_directory;
  /// $XDG_DATA_HOME, by default ~/.local/share: the data of the caller's own container engines.
  /// Ignored under the same conditions. Empty: not searched.
  std::string data_directory = {};
  /// The only directory to search for pins, instead of `runtime_directory` and /run. Empty: these.
  std::string pin_directory = {};
};

/// Resolves a target. A prefix determines how the name is looked up:
///
///   42, pid:42         the process with this PID
///   42:INODE           the same, if its pidfd has this inode number (Linux 6.9), which was noted
///                      earlier: never another process that got the same PID since
///   pin:NAME           the namespaces that are bound to NAME in /run/netns (ip-netns(8)) and its
///                      siblings /run/mntns, /run/utsns ...; for an ordinary user, first the
///                      user's own (PinHolder)
///   cgroup:PATH        the oldest process in this cgroup and its descendants
///   unit:NAME          the oldest process of this systemd unit; ".service" may be omitted
///   container:NAME     the first process of the container with this name, or with an ID that
///                      starts with it: docker, podman, containerd, CRI-O, runc, crun,
///                      systemd-nspawn, LXC. For Kubernetes also [NAMESPACE/]POD[/CONTAINER].
///                      Also docker:NAME, podman:NAME etc., and /NAME, as docker prints it
///   ns:NUMBER          the namespace with this inode number or 64-bit id
///
/// Any other word is looked up as a pin, a container, a unit and a cgroup. If it is ambiguous, the
/// error lists the matches.
///
/// No daemon is contacted. Containers are found by the state files of their runtimes. If none
/// matches, they are found by the names of cgroups, so that a caller who may not read the state
/// files can still use the ID. Only state files of root and the caller are used, never those of
/// other users. A process in a state file is accepted only if its start time or its cgroup matches
/// the container. Names of cgroups are used only if they are trusted (CgroupPlaces). A path is used
/// as it is, whoever controls it.
///
/// Errors: a malformed target; no match; only untrusted matches; several matches; it is not
/// running; no permission.
NSX_API Result<Target> resolve_target(const Kernel& kernel, const std::string& text,
                                      const TargetOptions& options = {});

/// Returns whether a text starts with a prefix of targets, or is PID:INODE. Other texts may be
/// cgroup paths or files.
NSX_API bool has_target_prefix(std::string_view text);

/// The name of a possible target.
struct TargetName {
  std::string prefix;       ///< "pin", "container", "unit", "cgroup"
  std::string name;         ///< the part after the prefix
  std::string description;  ///< for display; may be empty
  pid_t pid = 0;            ///< of a container: its process a moment ago; otherwise 0
  /// Of a container: the path of the cgroup with its name, as returned by cgroup_of(). Empty: none.
  std::string cgroup = {};
};

/// Lists all possible targets except PIDs and namespace numbers, sorted by prefix, then name. Omits
/// names that are not visible to the caller, and all pins or all containers if their file system
/// does not answer within 2 seconds. Forks.
///
/// `prefix` restricts the list to one prefix, which is faster.
NSX_API std::vector<TargetName> list_targets(const Kernel& kernel,
                                             const TargetOptions& options = {},
                                             std::string_view prefix = {});

/// Information from the name of a cgroup, which applies to everything inside.
struct PlaceName {
  std::string name;         ///< "cron.service"; of a container, its ID or name
  std::string cgroup;       ///< the path of the cgroup with this name
  bool is_trusted = false;  ///< only root or the caller can have chosen this name

  bool operator==(const PlaceName&) const = default;

  /// Returns the name for display and scripts, with a leading "?" if it is not trusted.
  NSX_API std::string text() const;
};

/// The container and the unit that something belongs to.
struct CgroupPlace {
  std::optional<PlaceName> container;  ///< the outermost one
  std::optional<PlaceName> unit;       ///< a service or scope; for users, of their own systemd
};

/// Derives containers and units from the names of cgroups, and determines which names to trust.
///
/// A user to whom a cgroup is delegated can choose any names below it. A name is trusted if each
/// directory above it belongs to root or the caller, is not writable by others, is not delegated to
/// a service of root (systemd marks that with user.delegate), and is not a container. Cgroups that
/// are not mounted for the caller are never trusted.
class NSX_API CgroupPlaces {
 public:
  explicit CgroupPlaces(const Kernel& kernel, const TargetOptions& options = {});
  CgroupPlaces(CgroupPlaces&& other) noexcept;
  CgroupPlaces& operator=(CgroupPlaces&& other) noexcept;
  CgroupPlaces(const CgroupPlaces&) = delete;
  CgroupPlaces& operator=(const CgroupPlaces&) = delete;
  ~CgroupPlaces();

  /// Returns the place of a process: from its cgroup v2, or from the v1 hierarchies if these say
  /// more. Empty if its cgroup is not readable.
  CgroupPlace of(const Process& process);

  /// The same, from the text of its /proc/PID/cgroup.
  CgroupPlace of_text(std::string_view text);

  /// Returns the place of a cgroup v2, given its path from the top of the mount (CgroupTree).
  CgroupPlace of_path(const std::string& path);

 private:
  struct State;  // hierarchies, and a cache of inspected directories
  std::unique_ptr<State> state_;
};

/// Returns the path of a process's cgroup, relative to the caller's cgroup namespace: in v2 or, if
/// that is the root, in the v1 hierarchy that says more. None if it is not readable.
NSX_API std::optional<std::string> cgroup_of(const Process& process);

/// The same, from the text of its /proc/PID/cgroup.
NSX_API std::optional<std::string> cgroup_in(std::string_view text);

}  // namespace nsx

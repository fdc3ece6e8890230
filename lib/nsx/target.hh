// SPDX-License-Identifier: MIT
#pragma once
// What somebody means by a word: a process, a container, a unit, a cgroup, a pin, a namespace.
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

/// A namespace that a target names by itself.
struct TargetNamespace {
  Namespace ns;
  std::string of;  ///< whose, for people: "/run/netns/blue", "net namespace 4026532177"
};

/// What somebody means by a target: a process, held from the first look on, or namespaces that
/// are named without one. Exactly one of the two is there.
struct Target {
  std::string name;  ///< for people: "PID 42", "container web (PID 42)", "pin blue"
  std::optional<Process> process;
  std::vector<TargetNamespace> namespaces;  ///< at most one of a kind
  /// Of a unit, a container or a cgroup: which cgroup of v2 it is, as /proc/PID/cgroup counts it.
  /// Empty: it is in none that has its name.
  std::string cgroup = {};
};

struct TargetOptions {
  /// Where /run, /var/lib and the cgroup mounts are looked for: another machine's tree, for tests.
  std::string root = "/";
  /// $XDG_RUNTIME_DIR, or empty. Where an ordinary user's own pins are (nsx/pin.hh), by default in
  /// /run/user/UID; and the state of the caller's own containers, besides /run/user/UID. For these
  /// it counts only if it is the caller's, and nobody else can write to it or redirect its path.
  std::string runtime_directory;
  /// Where the caller's own engines keep their data: $XDG_DATA_HOME, by default ~/.local/share. It
  /// counts under the same conditions. Empty: it is not searched.
  std::string data_directory = {};
  /// The only directory in which pins are looked for, in place of that one and /run; empty: these.
  std::string pin_directory = {};
};

/// Finds what `text` names. A prefix says where it is looked for:
///
///   42, pid:42         the process with this PID
///   42:INODE           the same, if its pidfd has this inode number (Linux 6.9), as it had when
///                      the number was noted: never another process that got the PID since
///   pin:NAME           the namespaces that are bound to NAME in /run/netns (ip-netns(8)) and the
///                      directories beside it, /run/mntns, /run/utsns ...; of an ordinary user
///                      first the user's own (PinHolder)
///   cgroup:PATH        the oldest process in this cgroup and those below it
///   unit:NAME          the oldest process of this systemd unit; ".service" may be left out
///   container:NAME     the first process of the container with this name, or with an ID that
///                      starts so: docker's, podman's, containerd's, CRI-O's, runc's, crun's,
///                      systemd-nspawn's, LXC's. Of Kubernetes also [NAMESPACE/]POD[/CONTAINER].
///                      So do docker:NAME, podman:NAME and the like, and /NAME, as docker prints it
///   ns:NUMBER          the namespace with this inode number, or with this 64-bit id
///
/// Any other word is looked for as a pin, a container, a unit and a cgroup; if it names several
/// different things, the error lists them.
///
/// No daemon is asked: containers are found by the state files that their runtimes keep, and if
/// none of these has the name, by the names of cgroups, so that a caller who may not read the
/// former still finds them by their ID. State files are those of root and the caller, never of
/// other users' engines; a process
/// that they name is taken only if its start or its cgroup is that of the container. Names of
/// cgroups are taken where they are trusted (CgroupPlaces). A path is taken as it is, whoever named
/// what is on it.
///
/// Errors: a text that makes no sense, nothing of that name, only names that are not trusted,
/// several of it, something that is not running, no right to look.
NSX_API Result<Target> resolve_target(const Kernel& kernel, const std::string& text,
                                      const TargetOptions& options = {});

/// Whether a text begins with one of the prefixes of targets, or is PID:INODE: other texts may be
/// paths of cgroups, or files.
NSX_API bool has_target_prefix(std::string_view text);

/// One thing that a target can name.
struct TargetName {
  std::string prefix;       ///< "pin", "container", "unit", "cgroup"
  std::string name;         ///< what follows it
  std::string description;  ///< for people; may be empty
  pid_t pid = 0;            ///< of a container: its process, as it was a moment ago; else 0
  /// Of a container: the path of the cgroup that has its name, as cgroup_of() counts it. Empty:
  /// none.
  std::string cgroup = {};
};

/// All that targets can name now, but for processes and namespaces by their numbers. What the
/// caller may not see is left out, and so are the pins, or the containers, if a file system on
/// which they are recorded does not answer for 2 seconds. By prefix, then by name. Forks.
///
/// `prefix`: only those with this one, which is faster.
NSX_API std::vector<TargetName> list_targets(const Kernel& kernel,
                                             const TargetOptions& options = {},
                                             std::string_view prefix = {});

/// What the name of a cgroup says of all that is in it.
struct PlaceName {
  std::string name;         ///< "cron.service"; of a container its ID or name
  std::string cgroup;       ///< the path of the cgroup that has this name
  bool is_trusted = false;  ///< nobody but root or the caller can have given this name

  bool operator==(const PlaceName&) const = default;

  /// The name for people and scripts, with a "?" in front if it is not trusted.
  NSX_API std::string text() const;
};

/// Where something belongs.
struct CgroupPlace {
  std::optional<PlaceName> container;  ///< the outermost: what is in it is named by it
  std::optional<PlaceName> unit;       ///< a service or scope; for users that of their own systemd
};

/// Tells containers and units by the names of cgroups, and which of these to believe. Anyone to
/// whom a cgroup is delegated can name those in it at will, so a name is trusted where each
/// directory above it is root's or the caller's own, can be written by no other, is not delegated
/// to a service of root's (user.delegate, as systemd marks that), and is not a container's. What
/// the caller has no mount of is never trusted.
class NSX_API CgroupPlaces {
 public:
  explicit CgroupPlaces(const Kernel& kernel, const TargetOptions& options = {});
  CgroupPlaces(CgroupPlaces&& other) noexcept;
  CgroupPlaces& operator=(CgroupPlaces&& other) noexcept;
  CgroupPlaces(const CgroupPlaces&) = delete;
  CgroupPlaces& operator=(const CgroupPlaces&) = delete;
  ~CgroupPlaces();

  /// Of a process: of v2, or of the v1 hierarchies where that tells no more. Nothing where its
  /// cgroup is not to be read.
  CgroupPlace of(const Process& process);

  /// Of a cgroup of v2, by its path below the top of the mount (CgroupTree).
  CgroupPlace of_path(const std::string& path);

 private:
  struct State;  // hierarchies, and what was found already: directories are looked at once
  std::unique_ptr<State> state_;
};

/// The path of its cgroup, as the caller's cgroup namespace counts: of v2, or where that is the
/// root, of the v1 hierarchy that tells more. None where it is not to be read.
NSX_API std::optional<std::string> cgroup_of(const Process& process);

}  // namespace nsx

#pragma once

#include <cstdint>
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
};

struct TargetOptions {
  /// Where /run, /var/lib and the cgroup mounts are looked for: another machine's tree, for tests.
  std::string root = "/";
  /// Where an ordinary user's own pins are (nsx/pin.hh), $XDG_RUNTIME_DIR; empty: /run/user/UID.
  std::string runtime_directory;
};

/// Finds what `text` names. A prefix says where it is looked for:
///
///   42                 the process with this PID
///   42:INODE           the same, if its pidfd has this inode number (Linux 6.9), as it had when
///                      the number was noted: never another process that got the PID since
///   pin:NAME           the namespaces that are bound to NAME in /run/netns (ip-netns(8)) and the
///                      directories beside it, /run/mntns, /run/utsns ...; of an ordinary user
///                      first the user's own (PinHolder)
///   cgroup:PATH        the oldest process in this cgroup and those below it
///   unit:NAME          the oldest process of this systemd unit; ".service" may be left out
///   container:NAME     the first process of the container with this name, or with an ID that
///                      starts so: docker's, podman's, containerd's, CRI-O's, runc's, crun's,
///                      systemd-nspawn's, LXC's. Of Kubernetes also [NAMESPACE/]POD[/CONTAINER]
///   ns:NUMBER          the namespace with this inode number, or with this 64-bit id
///
/// Any other word is looked for as a pin, a container, a unit and a cgroup; if it names several
/// different things, the error lists them.
///
/// No daemon is asked: containers are found by the state files that their runtimes keep, and by the
/// cgroups of processes, so that a caller who may not read the former still finds them by their ID.
/// State files are not trusted: a process that they name is taken only if its start or its cgroup
/// is that of the container.
///
/// Errors: a text that makes no sense, nothing of that name, several of it, something that is not
/// running, no right to look.
NSX_API Result<Target> resolve_target(const Kernel& kernel, const std::string& text,
                                      const TargetOptions& options = {});

/// One thing that a target can name.
struct TargetName {
  std::string prefix;       ///< "pin", "container", "unit", "cgroup"
  std::string name;         ///< what follows it
  std::string description;  ///< for people; may be empty
  pid_t pid = 0;            ///< of a container: its process, as it was a moment ago; else 0
};

/// All that targets can name now, but for processes and namespaces by their numbers. What the
/// caller may not see is left out. By prefix, then by name.
NSX_API std::vector<TargetName> list_targets(const Kernel& kernel,
                                             const TargetOptions& options = {});

/// The namespace with this inode number or this 64-bit id, of this kind if one is given: one that
/// a process or thread is in, that is mounted, or that owns such a one. Errors: there is none that
/// the caller may see; or two, one by its inode number and another by its id.
NSX_API Result<Namespace> find_namespace(const Kernel& kernel, std::uint64_t number,
                                         std::optional<Kind> kind = std::nullopt);

/// What tells a container, from the cgroup of one of its processes.
struct ContainerName {
  std::string runtime;  ///< "docker", "podman", "LXC" ...; "container" where the path does not tell
  std::string name;     ///< an ID of 64 hexadecimal digits, or a name (systemd-nspawn, LXC)

  bool operator==(const ContainerName&) const = default;
};

/// The innermost container that a cgroup path like "/system.slice/docker-ID.scope" belongs to.
NSX_API std::optional<ContainerName> container_in_cgroup(std::string_view path);

/// The innermost systemd unit, a service or scope, that a cgroup path belongs to, without the
/// escapes of systemd's cgroup names: "cron.service".
NSX_API std::optional<std::string> unit_in_cgroup(std::string_view path);

/// The same of a process. None also where its cgroup is not to be read.
NSX_API std::optional<ContainerName> container_of(const Process& process);
NSX_API std::optional<std::string> unit_of(const Process& process);

/// The path of its cgroup, as the caller's cgroup namespace counts: of v2, or where that is the
/// root, of the v1 hierarchy that tells more. None where it is not to be read.
NSX_API std::optional<std::string> cgroup_of(const Process& process);

}  // namespace nsx

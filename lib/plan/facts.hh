// SPDX-License-Identifier: MIT
#pragma once
// The readers of single facts, which the readers of all facts (nsx/create.hh, nsx/enter.hh)
// combine.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup_run.hh>
#include <nsx/enter.hh>
#include <nsx/fd.hh>
#include <nsx/id_map.hh>
#include <nsx/kernel.hh>
#include <nsx/namespace.hh>
#include <nsx/plan.hh>
#include <nsx/process.hh>
#include <nsx/result.hh>
#include <nsx/target.hh>

namespace nsx {

/// Returns the first range of a user in the text of /etc/subuid or /etc/subgid (subuid(5)), whose
/// lines are "NAME-OR-UID:FIRST:COUNT". `inside` of the result is 0. An empty `name` matches no
/// line.
std::optional<IdMapLine> find_sub_ids(std::string_view text, std::string_view name, uid_t uid);

// The user database in files of another user.

/// One line of passwd(5). The views refer to the parsed text.
struct PasswdEntry {
  std::string_view name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string_view home;
  std::string_view shell;
};

/// Removes lines from `text` up to and including the next valid entry, and returns it; none at the
/// end.
std::optional<PasswdEntry> next_passwd_entry(std::string_view& text);

/// Returns the names and ids in a passwd(5) or group(5) text of an untrusted owner, in the same
/// form, without what programs would trust: passwords, home directories, shells, members.
std::string passwd_with_names_only(std::string_view text);
std::string group_with_names_only(std::string_view text);

/// Reads a file below the untrusted root directory `files`. No link leads out of it, FIFOs and
/// devices are not opened, and a file system that does not answer is not waited for. Errors: EFBIG,
/// it is longer than 1 MiB; it is not a regular file.
Result<std::string> read_inside(int files, const std::string& path);

// The privileges of a process: capabilities, and the security context of SELinux or AppArmor
// (proc_pid_attr(5)).

/// Reads the capability sets of a process, and whether it can gain privileges. Errors: it has
/// exited.
Result<Privileges> read_privileges(const Process& process);

/// Returns the step that gives a program the context of a process. None: it equals the caller's, or
/// this system has no contexts.
Result<std::optional<step::SetSecurityContext>> read_security_context(const Kernel& kernel,
                                                                      const Process& process);

/// The file below /proc for the context. AppArmor has its own since Linux 5.8.
inline const char* context_file(const step::SetSecurityContext& s) {
  return s.is_apparmor ? "thread-self/attr/apparmor/exec" : "thread-self/attr/exec";
}

/// The text to write to it.
inline std::string context_text(const step::SetSecurityContext& s) {
  return s.is_apparmor ? "exec " + s.context : s.context;
}

// Resource limits and their names (getrlimit(2)).

/// Parses a text in the format of /proc/PID/limits. Unknown limits are skipped.
std::vector<step::SetResourceLimits::Limit> parse_resource_limits(std::string_view text);

/// Returns the limits that differ from those of the calling process.
std::vector<step::SetResourceLimits::Limit> limits_that_differ(
    std::vector<step::SetResourceLimits::Limit> limits);

/// Formats a limit: "nofile 1024:4096".
std::string describe(const step::SetResourceLimits::Limit& limit);

/// The cgroup of a process.
struct TargetCgroup {
  OwnedFd procs;     ///< its cgroup.procs, open for writing: the rights are checked at open, not at
                     ///< write
  std::string path;  ///< the path of its directory
};

/// Opens the cgroup v2 of a process. None: the caller is also in it. Errors: it is not below a
/// cgroup2 mount of the caller; no write permission; it is frozen.
Result<std::optional<TargetCgroup>> open_cgroup_of(const Kernel& kernel, const Process& process);

/// Opens the cgroups of a process in the v1 hierarchies that are mounted here, except those of the
/// caller.
Result<std::vector<TargetCgroup>> open_v1_cgroups_of(const Kernel& kernel, const Process& process);

/// Returns the step for a cgroup request. None: nothing is requested. Errors: a missing cgroup, an
/// unavailable limit.
Result<std::optional<step::EnterCgroup>> read_cgroup_facts(const Kernel& kernel,
                                                           const CgroupRequest& request);

/// Opens the top of the devpts mounted on /dev/pts below an untrusted root directory, for
/// open_ptmx() only. `users` is the id map of the owners of the root directory, if known. Empty: no
/// devpts; its file system does not answer; it was mounted by a user who is not in the map.
OwnedFd open_devpts(int root, const std::optional<IdMap>& users);

/// Opens the multiplexer of a devpts, which creates a new pseudo-terminal (pty(7)). Ignores mounts
/// on top of it. Empty on failure, with errno set.
OwnedFd open_ptmx(int devpts, int flags);

// The root directory of a ToolsRequest (tools_facts.cc).

/// Opens what it is made of. `target_root` is the target's root directory; `tools` the process of
/// ToolsRequest::root, or null; `joined` the other namespaces to join. Adds the descriptors to
/// `handles`. Errors: the tools' root directory is not accessible; there is no place for the
/// target's files in it.
Result<ToolsFacts> read_tools_facts(const Kernel& kernel, const ToolsRequest& request,
                                    const Target* tools, const Target& target, int target_root,
                                    KindSet joined, std::vector<OwnedFd>& handles);

// The namespaces that are entered (enter_namespaces.cc).

/// Returns the target's process. Errors: there is no target, or it is not a process; `what` was to
/// be done with it.
Result<const Process*> process_of(const std::optional<Target>& target, const char* what);

/// Opens the namespaces of a request. All references must outlive the object.
class EnterNamespaces {
 public:
  struct Found {
    Namespace ns;
    FoundNamespace facts;
    bool of_process = false;  ///< it is a namespace of the target process
  };

  EnterNamespaces(const Kernel& kernel, const EnterRequest& request, std::optional<Target>& target)
      : kernel_(kernel), request_(request), target_(target) {}

  /// Opens them, and sets the owner in `facts`.
  Status open(EnterFacts& facts);

  /// Returns the one of a kind, or null.
  const Found* find(Kind kind) const;

  /// Returns whether the owner in the facts is the user namespace of the target process.
  bool owner_is_of_process() const { return owner_is_of_process_; }

  /// Checks that all namespaces of the target were opened in one consistent state. To be called
  /// after everything else was read from it.
  Status confirm();

  /// After a failure, returns whether the target has moved while it was read, so that another
  /// attempt may succeed.
  bool has_moved() const { return has_moved_; }

  /// Moves the namespaces into the facts.
  void give_to(EnterFacts& facts);

 private:
  Status add_selected();
  Status add_all();
  Status add_of_socket();
  Status take_parent();
  Status find_owner(EnterFacts& facts);
  Status add_by_id(Kind kind, std::uint64_t id);
  Status add_file(Kind kind, const std::string& file);
  Status add_checked(Kind kind, Namespace ns, const std::string& of);
  Status add_of_target(Kind kind);
  void add(Namespace ns, std::string of);
  TargetNamespace* named_by_target(Kind kind);
  bool is_of_process(const Namespace& user) const;

  const Kernel& kernel_;
  const EnterRequest& request_;
  std::optional<Target>& target_;
  std::vector<Found> found_;
  bool owner_is_of_process_ = false;
  bool has_moved_ = false;
};

}  // namespace nsx

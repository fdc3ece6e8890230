// SPDX-License-Identifier: MIT
#pragma once
// Entering existing namespaces. A request and the facts about the target are turned into a plan
// (plan.hh). Also the lookup of the program's user in the target's passwd(5).
//
//   nsx::EnterRequest request;
//   request.all = true;
//   request.program = {.file = "ps", .arguments = {"ps"}};
//   auto target = nsx::resolve_target(kernel, "container:web");
//   if (!target) return;
//   auto facts = nsx::read_enter_facts(kernel, request, std::move(*target));
//   if (!facts) return;
//   const auto plan = nsx::plan_enter(request, std::move(*facts));

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup_run.hh>
#include <nsx/create.hh>
#include <nsx/id_map.hh>
#include <nsx/namespace.hh>
#include <nsx/plan.hh>
#include <nsx/process.hh>
#include <nsx/result.hh>
#include <nsx/target.hh>

namespace nsx {

/// The user that a program runs as: its ids, and the data for its login environment.
struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups = {};  ///< all groups, including `gid`
  std::string name = {};           ///< empty: the UID has no entry in the user database
  std::string home = "/";
  std::string shell = "/bin/sh";

  /// Returns the variables of a login: HOME, SHELL, USER and LOGNAME. Each is NAME=VALUE, or NAME
  /// for a variable to unset: USER and LOGNAME of a user without a name.
  NSX_API std::vector<std::string> variables() const;
};

/// The contents of a passwd(5) and a group(5) file.
struct UserDatabase {
  std::string passwd;
  std::string group;
  std::string of;  ///< the owner of the files, for messages: "container web (PID 42)"
};

/// The two parts of USER[:GROUP]. Errors: a part is empty, or neither a name nor a number from 0 to
/// 4294967294.
struct UserWords {
  std::string user;
  std::string group = {};  ///< empty: not given
};
NSX_API Result<UserWords> parse_user_words(const std::string& text);

/// Looks up USER[:GROUP], each a name or a number. Without GROUP, the GID is that of the user's
/// entry, and the supplementary groups are those with the user as a member. With GROUP, it is the
/// only group. A UID without an entry gets the home directory "/", and GID 0 unless GROUP is given.
/// Errors: a name without an entry.
NSX_API Result<User> find_user(const UserDatabase& database, const UserWords& words);

/// Looks up a single id by name or number. Errors: a name without an entry.
NSX_API Result<uid_t> find_uid(const UserDatabase& database, const std::string& user);
NSX_API Result<gid_t> find_gid(const UserDatabase& database, const std::string& group);

/// A path, or none for that of the target.
using PathOrTarget = std::optional<std::string>;

/// Gives the program a root directory of its own, with the tools of another one and the target's
/// files in a directory of it, in a new mount namespace that ends with the program. The target's
/// /proc, /sys, /run and terminals, and the files of its network and users in /etc, are in place.
struct ToolsRequest {
  PathOrTarget root = "/";            ///< directory with the tools; none: the root of a process
  std::string target_at = "/target";  ///< where the target's root directory is
  bool writable = false;              ///< the tools' files can be changed
  /// The value of PATH, to which the target's directories are appended; none: they are not.
  std::optional<std::string> extended_path;
  std::string home = {};  ///< HOME of the caller; empty: none
  std::string word;       ///< the target's name for the prompt and NSX_TARGET
};

/// The namespaces to enter, and the properties of the target to take over. Corresponds to the
/// options of nsenter(1). The target itself is a separate Target.
struct EnterRequest {
  /// A namespace of one kind: that of the target, a namespace file, or a 64-bit id.
  struct Selection {
    Kind kind = Kind::cgroup;
    PathOrTarget file;
    std::optional<std::uint64_t> id;  ///< instead of `file`
  };
  std::vector<Selection> selections;
  bool all = false;               ///< all other kinds of the target as well
  std::optional<int> net_socket;  ///< net namespace of the socket with this descriptor number in
                                  ///< the target
  /// Enter the owner of the selected user namespace instead of it. Without a selected one: the
  /// owner of the other selected namespaces if there are any, otherwise of the target's user
  /// namespace.
  bool user_parent = false;

  std::optional<PathOrTarget> root;                    ///< resolved before entering
  std::optional<PathOrTarget> working_directory;       ///< resolved before entering
  std::optional<std::string> inner_root;               ///< resolved inside
  std::optional<std::string> inner_working_directory;  ///< resolved inside, below the new root

  bool environment = false;             ///< use the target's instead of the caller's
  bool join_cgroup = false;             ///< the target's cgroup v2
  bool join_v1_cgroups = false;         ///< the target's cgroups in all v1 hierarchies mounted here
  bool follow_context = false;          ///< the target's SELinux context or AppArmor profile
  bool follow_privileges = false;       ///< limit the program to EnterFacts::privileges
  bool follow_resource_limits = false;  ///< the target's limits, and its OOM score adjustment
  std::optional<std::string> mount_proc;  ///< mount point of a new proc, in a new mount namespace

  /// Also in a new mount namespace, as in ip-netns(8): the mount point of a sysfs for the net
  /// namespace, and files to bind over those of another directory.
  std::optional<std::string> mount_sys;
  std::string mount_sys_hint;  ///< hint for a failure of that mount
  std::optional<step::BindOver> bind_over;
  std::vector<std::string> masked_sockets;  ///< sockets of daemons that serve another network

  std::optional<ToolsRequest> tools;

  bool fork = true;       ///< if a pid namespace is joined, because only children are members
  Protection protection;  ///< if EnterFacts::is_anothers(); of the terminal only with `fork`
  FollowRequest follow;
  CgroupRequest cgroup;
  std::optional<uid_t> uid;           ///< if a user namespace is joined, see plan_enter()
  std::optional<gid_t> gid;           ///< the same
  bool follow_uid = false;            ///< use the target's effective UID instead of `uid`
  bool follow_gid = false;            ///< the same for the GID
  bool follow_groups = false;         ///< use the target's supplementary groups
  std::optional<User> user;           ///< ids and login environment, instead of all of the above
  bool preserve_credentials = false;  ///< keep ids and groups
  bool keep_capabilities = false;     ///< those in the user namespace that is joined
  Program program;
  /// Open EnterFacts::files. This starts a process, so request it only to find a shell or a user.
  bool look_at_files = false;
};

/// A selected namespace that was opened.
struct FoundNamespace {
  Kind kind = Kind::cgroup;
  int fd = -1;          ///< borrowed from EnterFacts::handles
  std::string of;       ///< its owner: "PID 42", "/run/netns/blue"
  bool shared = false;  ///< the caller is already in it
};

/// A file or directory that was opened.
struct FoundPath {
  int fd = -1;       ///< borrowed from EnterFacts::handles; -1: `path` is resolved inside
  std::string path;  ///< for messages
};

/// What the new root directory of a ToolsRequest is made of, opened once.
struct ToolsFacts {
  struct Entry {
    std::string name;       ///< in the tools' root directory
    std::string link = {};  ///< what a symbolic link contains; empty: a directory or file
    int fd = -1;            ///< of a directory or file if `mnt` is given
  };
  /// A directory or file, with its path in the new root directory.
  struct Tree {
    std::string path;
    int fd = -1;
    bool is_plain = false;  ///< without device nodes, set-user-ID programs and symbolic links
  };
  int root = -1;     ///< the tools' root directory
  std::string path;  ///< its path; empty: `mnt` is given
  std::string of;    ///< its owner: "the host", "/srv/image", "container box (PID 42)"
  int mnt = -1;      ///< its mount namespace, if that is another's
  std::vector<Entry> entries;
  std::vector<std::string> of_caller;  ///< devices and directories: "/dev/null"
  bool has_var_tmp = false;
  /// The names of the target's users and groups, as files: {"/etc/passwd", text}.
  std::vector<std::pair<std::string, std::string>> databases;
  std::vector<Tree> of_target;
  bool has_proc = false;          ///< one of them is a /proc that shows the program
  bool has_terminals = false;     ///< one of them is a /dev/pts in which terminals can be opened
  std::string working_directory;  ///< the target's, below its root directory
  std::string search_path;        ///< PATH of the target
};

/// The upper limits of the capabilities of a process and of the programs that it executes
/// (capabilities(7)), as bit sets.
struct Privileges {
  std::uint64_t bounding = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t ambient = 0;
  std::uint64_t permitted = 0;
  bool no_new_privileges = false;  ///< PR_SET_NO_NEW_PRIVS, prctl(2)
};

/// The facts that a plan to enter needs: handles of the target, opened once, and the caller's
/// rights.
struct EnterFacts {
  std::vector<FoundNamespace> namespaces;
  /// A user namespace that was not selected but must be joined first: it owns the others, so a
  /// caller without CAP_SYS_ADMIN gains the right to join them there.
  std::optional<FoundNamespace> owner;
  std::optional<step::EnterCgroup> own_cgroup;  ///< cgroup selected by name
  std::optional<FoundPath> root;
  std::optional<FoundPath> working_directory;
  bool has_sys_admin = false;     ///< the caller has CAP_SYS_ADMIN in its own user namespace
  bool setgroups_denied = false;  ///< setgroups(2) is denied in the caller's user namespace
  std::optional<IdMap> uid_map;   ///< of the program's user namespace, if that is joined and is the
                                  ///< target's
  std::optional<IdMap> gid_map;   ///< the same
  /// The target's effective ids in the program's user namespace. None: not mapped, or not needed.
  std::optional<uid_t> target_uid;
  std::optional<gid_t> target_gid;
  std::optional<std::vector<gid_t>> target_groups;  ///< those that are mapped
  std::optional<Privileges> privileges;             ///< of the target
  step::SetResourceLimits resource_limits;  ///< those of the target that differ from the caller's
  std::optional<step::SetOomScore> oom_score;  ///< that of the target, if it differs
  std::optional<std::vector<std::string>> environment;
  std::vector<FoundPath> cgroups;  ///< cgroup.procs of each cgroup, open for writing
  std::optional<step::SetSecurityContext> security_context;
  /// The root directory of the program, if it differs from the caller's. -1: not requested, or not
  /// accessible from outside. Borrowed from `handles`.
  int files = -1;
  std::optional<ToolsFacts> tools;  ///< if requested: `files` is then the target's root directory
  /// The devpts on /dev/pts below `files`, if the program gets a new terminal. -1: none, or an
  /// unsafe one. Borrowed from `handles`.
  int devpts = -1;
  /// The target's root directory differs from that of its mount namespace, and is not followed.
  /// Known only if `files` was opened.
  bool leaves_root_of_target = false;
  std::vector<OwnedFd> handles;

  /// Returns whether the program and its libraries come from the target, or from another mount
  /// namespace or root directory than the caller's.
  NSX_API bool has_other_files() const;
  /// Returns whether the program is controlled by somebody else: it has other files, or runs in
  /// another user namespace whose root may be another user.
  NSX_API bool is_anothers() const;
};

/// Returns whether a process has all the rights of the calling process: the same UID and user
/// namespace, and at least the same capabilities. A program that enters such a process gives it no
/// access that it lacks.
NSX_API bool has_rights_of_caller(const Kernel& kernel, const Process& process);

/// Opens everything that a request names, in the target if given. Errors: the target has exited; no
/// permission to inspect it; a file is not a namespace, or of another kind; a kind requires a
/// target, or the target lacks it. `tools` is the process of ToolsRequest::root.
NSX_API Result<EnterFacts> read_enter_facts(const Kernel& kernel, const EnterRequest& request,
                                            std::optional<Target> target = std::nullopt,
                                            const Target* tools = nullptr);

/// Returns the login shell of a program with other files than the caller: the shell of its UID in
/// the user database of those files (EnterFacts::tools, otherwise `files`), then `preferred`,
/// /bin/bash and /bin/sh, whichever exists first. Shells that prevent logins (nologin, false) are
/// skipped. If the files are not open, returns /bin/sh unchecked. Errors: none of the shells
/// exists.
NSX_API Result<Program> find_shell(const EnterRequest& request, const EnterFacts& facts,
                                   const std::string& preferred);

/// Checks that the program exists in the same files, looked up like execvp(3) with `path` as
/// PATH. Errors: it is missing or not executable.
NSX_API Status check_program(const EnterFacts& facts, const Program& program,
                             const std::string& path);

/// Reads the users and groups below EnterFacts::files, at most 1 MiB of each file. A missing file
/// counts as empty. Errors: `files` is not open; a file is not a regular file, or not readable.
NSX_API Result<UserDatabase> read_user_database(const EnterFacts& facts);

/// Computes the plan of a request, without privileges and without system calls. Takes ownership of
/// the handles.
///
/// Order: a caller with CAP_SYS_ADMIN joins the user namespace last, because it loses its rights
/// over the other namespaces there. A caller without it joins the user namespace first, because it
/// gains its rights there, and skips the namespaces that it is already in.
///
/// Ids: if a user namespace is joined and credentials are not preserved, supplementary groups are
/// dropped where allowed. An id that was not requested becomes 0; if 0 is not mapped, that of the
/// target; if that is unknown, it stays unchanged.
///
/// Protection: a program of somebody else gets none of the caller's descriptors above 2, except
/// those to be kept, and a new terminal if requested. A program of the caller with the target's
/// environment keeps the caller's values of variables that lead to files (leads_to_files()).
///
/// Errors: an id is not mapped, as far as the map is known; the only namespace to enter is the
/// caller's own user namespace.
NSX_API Result<Plan> plan_enter(const EnterRequest& request, EnterFacts facts);

/// A change of the mounts of a target, which stays after the call.
struct MountChange {
  enum class Action : std::uint8_t { bind, tmpfs, unmount };
  Action action = Action::bind;
  std::string source = {};       ///< of a bind: a file or directory of the caller
  std::string destination = {};  ///< resolved in the target's root directory
  std::uint64_t attributes = 0;  ///< MOUNT_ATTR_* of mount_setattr(2)
  std::vector<std::pair<std::string, std::string>> options = {};  ///< of a tmpfs, see tmpfs(5)
};

struct MountChangeRequest {
  std::vector<MountChange> changes;
  bool make = false;   ///< create missing destinations
  bool force = false;  ///< also where others see the change, and unmount what is in use
};

/// What a plan of mount changes needs.
struct MountFacts {
  std::string of;  ///< the target, for messages
  int root = -1;   ///< its root directory. Borrowed from `handles`, like others
  int mnt = -1;    ///< its mount namespace
  /// Its user namespace, if it is another one. Mounts are made in it: as its user 0, if the caller
  /// has all rights, so that the kernel locks their options (mount_namespaces(7)).
  std::optional<FoundNamespace> user;
  bool locks = false;
  struct Source {
    int fd = -1;  ///< -1: not a bind
    std::string path = {};
    int users = -1;  ///< the user namespace to map the owners of its files to, if possible
  };
  std::vector<Source> sources;     ///< one per change
  std::vector<std::string> notes;  ///< on what will not be as expected
  std::vector<OwnedFd> handles;
};

/// Opens everything that mount changes need. Errors: a source is missing; the target has no mount
/// namespace; a change would reach the caller's mounts and is not forced.
NSX_API Result<MountFacts> read_mount_facts(const Kernel& kernel, const MountChangeRequest& request,
                                            const Target& target);

/// Computes the plan of mount changes, without system calls. If a change fails, carrying it out
/// reverts the earlier ones, except unmounts.
NSX_API Plan plan_mount_changes(const MountChangeRequest& request, MountFacts facts);

}  // namespace nsx

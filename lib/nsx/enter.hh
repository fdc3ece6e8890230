// SPDX-License-Identifier: MIT
#pragma once
// Namespaces that are there: what shall be entered is a request; with what has to be known of the
// target it becomes a plan (plan.hh). And whom a program runs as, by the target's passwd(5).
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

/// A user that a program runs as: its ids, and what a login puts into the environment.
struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups = {};  ///< all groups, the GID among them
  std::string name = {};           ///< empty: the UID has no entry in the user database
  std::string home = "/";
  std::string shell = "/bin/sh";

  /// The environment of a login: HOME, SHELL, and USER and LOGNAME, which a user without a name
  /// does not have. NAME=VALUE, or NAME for a variable to be removed.
  NSX_API std::vector<std::string> variables() const;
};

/// The texts of a passwd(5) and a group(5) file.
struct UserDatabase {
  std::string passwd;
  std::string group;
  std::string of;  ///< whose files they are, for messages: "container web (PID 42)"
};

/// The two parts of USER[:GROUP]. Errors: one of them is empty, or is no number from 0 to
/// 4294967294 and no name.
struct UserWords {
  std::string user;
  std::string group = {};  ///< empty: none is given
};
NSX_API Result<UserWords> parse_user_words(const std::string& text);

/// Looks up USER[:GROUP]. Each is a name or a number. Without GROUP, the GID is that of the user's
/// entry, and the groups are those that list the user as a member; with it, GROUP is the only one.
/// A UID without an entry has the home directory "/", and GID 0 unless GROUP is given.
/// Errors: a name without an entry.
NSX_API Result<User> find_user(const UserDatabase& database, const UserWords& words);

/// Looks up one id. Errors: a name without an entry.
NSX_API Result<uid_t> find_uid(const UserDatabase& database, const std::string& user);
NSX_API Result<gid_t> find_gid(const UserDatabase& database, const std::string& group);

/// A path that was named, or none: then the target's own.
using PathOrTarget = std::optional<std::string>;

/// What shall be entered, in the terms of nsenter(1). Whose, is a Target of its own.
struct EnterRequest {
  /// One kind: of the target, of a namespace file, or the namespace with a 64-bit id.
  struct Selection {
    Kind kind = Kind::cgroup;
    PathOrTarget file;
    std::optional<std::uint64_t> id;  ///< in place of `file`
  };
  std::vector<Selection> selections;
  bool all = false;               ///< and all other kinds of the target
  std::optional<int> net_socket;  ///< the net namespace of the target's socket with this number
  /// The owner of the user namespace that is asked for, in place of it; without one, that of the
  /// other namespaces that are asked for, or else of the target's user namespace.
  bool user_parent = false;

  std::optional<PathOrTarget> root;                    ///< looked up before anything is entered
  std::optional<PathOrTarget> working_directory;       ///< likewise
  std::optional<std::string> inner_root;               ///< looked up inside
  std::optional<std::string> inner_working_directory;  ///< likewise, below the new root

  bool environment = false;               ///< the target's, in place of the caller's
  bool join_cgroup = false;               ///< the target's, of cgroup v2
  bool join_v1_cgroups = false;           ///< the target's, of all v1 hierarchies mounted here
  bool follow_context = false;            ///< the target's SELinux context or AppArmor profile
  bool follow_privileges = false;         ///< EnterFacts::privileges
  bool follow_resource_limits = false;    ///< the target's, and its OOM score adjustment
  std::optional<std::string> mount_proc;  ///< a new proc there, in a new mount namespace

  /// Likewise: a sysfs there that shows the net namespace, and the files of a directory bound over
  /// those of another (ip-netns(8)).
  std::optional<std::string> mount_sys;
  std::string mount_sys_hint;  ///< what to do where it is refused
  std::optional<step::BindOver> bind_over;
  std::vector<std::string> masked_sockets;  ///< likewise, of daemons that know another network

  bool fork = true;       ///< after a pid namespace was joined; it holds children only
  Protection protection;  ///< if EnterFacts::is_anothers(); without `fork`, not of the terminal
  FollowRequest follow;
  CgroupRequest cgroup;
  std::optional<uid_t> uid;           ///< if a user namespace is joined, see plan_enter()
  std::optional<gid_t> gid;           ///< likewise
  bool follow_uid = false;            ///< the target's effective UID, in place of `uid`
  bool follow_gid = false;            ///< likewise
  bool follow_groups = false;         ///< the target's supplementary groups
  std::optional<User> user;           ///< whose ids and login environment, in place of all these
  bool preserve_credentials = false;  ///< leave ids and groups alone
  bool keep_capabilities = false;     ///< those in a user namespace that is joined
  Program program;
  /// Opens EnterFacts::files. That takes a process, so ask for it where a shell or a user is to be
  /// found.
  bool look_at_files = false;
};

/// A namespace that was asked for, as it was found.
struct FoundNamespace {
  Kind kind = Kind::cgroup;
  int fd = -1;          ///< borrowed from EnterFacts::handles
  std::string of;       ///< whose: "PID 42", "/run/netns/blue"
  bool shared = false;  ///< the caller is in it already
};

/// Something that was opened.
struct FoundPath {
  int fd = -1;       ///< borrowed from EnterFacts::handles; -1: looked up inside, by `path`
  std::string path;  ///< for people
};

/// What a process and the programs that it executes can have at most, capabilities(7): a bit for
/// each capability.
struct Privileges {
  std::uint64_t bounding = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t ambient = 0;
  std::uint64_t permitted = 0;
  bool no_new_privileges = false;  ///< PR_SET_NO_NEW_PRIVS, prctl(2)
};

/// What a plan to enter has to know: the target's handles, opened once, and the caller's rights.
struct EnterFacts {
  std::vector<FoundNamespace> namespaces;
  /// A user namespace that nobody asked for and that has to be joined first: the right to join
  /// others begins there, as it owns them and the caller has no CAP_SYS_ADMIN yet.
  std::optional<FoundNamespace> owner;
  std::optional<step::EnterCgroup> own_cgroup;  ///< that was asked for by its own name
  std::optional<FoundPath> root;
  std::optional<FoundPath> working_directory;
  bool has_sys_admin = false;     ///< the caller has CAP_SYS_ADMIN in its own user namespace
  bool setgroups_denied = false;  ///< setgroups(2), in the caller's user namespace
  std::optional<IdMap> uid_map;   ///< of the user namespace in which the program will be, if that
                                  ///< is joined, and is the target's
  std::optional<IdMap> gid_map;   ///< likewise
  /// The target's effective ids, as the program's user namespace counts them. Not there if it does
  /// not, and where nobody needs them.
  std::optional<uid_t> target_uid;
  std::optional<gid_t> target_gid;
  std::optional<std::vector<gid_t>> target_groups;  ///< likewise, those that it has
  std::optional<Privileges> privileges;             ///< of the target
  step::SetResourceLimits resource_limits;          ///< of the target, those that differ
  std::optional<step::SetOomScore> oom_score;       ///< of the target, if it differs
  std::optional<std::vector<std::string>> environment;
  std::vector<FoundPath> cgroups;  ///< the cgroup.procs of each, open for writing
  std::optional<step::SetSecurityContext> security_context;
  /// The root directory that the program will have, if it has other files than the caller; -1:
  /// nobody asked, or it cannot be opened from outside. Borrowed from `handles`.
  int files = -1;
  /// The devpts on /dev/pts of those files, if the program gets a new terminal; -1: none, or one
  /// that is not to be used. Borrowed likewise.
  int devpts = -1;
  /// The target process has another root directory than its mount namespace, which is entered
  /// without following it there. Known only where those files were opened.
  bool leaves_root_of_target = false;
  std::vector<OwnedFd> handles;

  /// Whether the program and its libraries are files of the target, or of a mount namespace or root
  /// that is not the caller's.
  NSX_API bool has_other_files() const;
  /// Whether others than the caller decide what the program does: it has such files, or is in
  /// another user namespace, in which somebody else may be root.
  NSX_API bool is_anothers() const;
};

/// Whether a process has what the calling one has: the same UID, no capability less, in the same
/// user namespace. What such a process could reach through a program that is entered, it has
/// anyway.
NSX_API bool has_rights_of_caller(const Kernel& kernel, const Process& process);

/// Opens all that a request names, of the target if there is one. Errors: the target has ended, no
/// right to look into it, a file that is no namespace or of another kind, a kind that needs a
/// target where there is none, or that it does not have.
NSX_API Result<EnterFacts> read_enter_facts(const Kernel& kernel, const EnterRequest& request,
                                            std::optional<Target> target = std::nullopt);

/// The login shell of a program that has other files than the caller: the one that the user
/// database in EnterFacts::files has for its UID, or `preferred`, /bin/bash or /bin/sh, whichever
/// is there first. Shells that let nobody in (nologin, false) are passed over. Where the files are
/// not open it is /bin/sh, unseen. Errors: none of them is there.
NSX_API Result<Program> find_shell(const EnterRequest& request, const EnterFacts& facts,
                                   const std::string& preferred);

/// Whether EnterFacts::files has the program, looked up as execvp(3) will, with `path` for the
/// variable PATH. Errors: it is missing, or is no executable file.
NSX_API Status check_program(const EnterFacts& facts, const Program& program,
                             const std::string& path);

/// Reads the users and groups in EnterFacts::files, at most 1 MiB of each file. A missing file has
/// none. Errors: `files` is not open; a file that is not a regular file, or cannot be read.
NSX_API Result<UserDatabase> read_user_database(const EnterFacts& facts);

/// Computes what a request comes to, without any privilege and without asking the kernel. Takes
/// the handles over.
///
/// Order: a caller with CAP_SYS_ADMIN joins the user namespace last, since its rights over the
/// others end there; one without joins it first, since its rights begin there, and leaves out what
/// it is in already.
///
/// Where a user namespace is joined, and credentials are not preserved, supplementary groups are
/// dropped where that is allowed, and each id that is not named is 0; or if it has no 0, then the
/// target's, or if that is not to be had, what it was.
///
/// A program that is another's gets none of the caller's descriptors above 2 but those that are to
/// be kept, and a new terminal where that is asked for. A program of the caller's that gets the
/// target's environment keeps the variables that lead to files (leads_to_files()).
///
/// Errors: an id that the user namespace does not have, as far as its map is known; the caller's
/// own user namespace, and nothing else to enter.
NSX_API Result<Plan> plan_enter(const EnterRequest& request, EnterFacts facts);

}  // namespace nsx

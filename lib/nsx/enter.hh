#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup_run.hh>
#include <nsx/create.hh>
#include <nsx/follow.hh>
#include <nsx/id_map.hh>
#include <nsx/namespace.hh>
#include <nsx/plan.hh>
#include <nsx/target.hh>

namespace nsx {

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
  std::optional<std::string> inner_working_directory;  ///< looked up inside, below the new root

  bool environment = false;               ///< the target's, in place of the caller's
  bool join_cgroup = false;               ///< the target's, of cgroup v2
  bool follow_context = false;            ///< the target's SELinux context, where there is SELinux
  std::optional<std::string> mount_proc;  ///< a new proc there, in a new mount namespace

  /// In a new mount namespace: a /sys that shows the net namespace, and the files of a directory
  /// bound over those of another (ip-netns(8)).
  bool mount_sys = false;
  std::optional<step::BindOver> bind_over;

  bool fork = true;  ///< after a pid namespace was joined; it holds children only
  FollowRequest follow;
  CgroupRequest cgroup;
  std::optional<uid_t> uid;           ///< if a user namespace is joined, see plan_enter()
  std::optional<gid_t> gid;           ///< likewise
  bool follow_uid = false;            ///< the target's effective UID, in place of `uid`
  bool follow_gid = false;            ///< likewise
  bool preserve_credentials = false;  ///< leave ids and groups alone
  bool keep_capabilities = false;     ///< those in a user namespace that is joined
  Program program;
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
  int fd = -1;       ///< borrowed from EnterFacts::handles
  std::string path;  ///< for people
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
  std::optional<std::vector<std::string>> environment;
  std::optional<FoundPath> cgroup;  ///< its cgroup.procs, open for writing
  std::optional<std::string> security_context;
  std::vector<OwnedFd> handles;
};

/// Opens all that a request names, of the target if there is one. Errors: the target has ended, no
/// right to look into it, a file that is no namespace or of another kind, a kind that needs a
/// target where there is none, or that it does not have.
NSX_API Result<EnterFacts> read_enter_facts(const Kernel& kernel, const EnterRequest& request,
                                            std::optional<Target> target = std::nullopt);

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
/// Errors: an id that the user namespace does not have, as far as its map is known.
NSX_API Result<Plan> plan_enter(const EnterRequest& request, EnterFacts facts);

}  // namespace nsx

#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/create.hh>
#include <nsx/id_map.hh>
#include <nsx/namespace.hh>
#include <nsx/plan.hh>

namespace nsx {

/// A path that was named, or none: then the target's own.
using PathOrTarget = std::optional<std::string>;

/// What shall be entered, in the terms of nsenter(1).
struct EnterRequest {
  std::optional<pid_t> target;

  /// One kind, by the target or by a namespace file.
  struct Selection {
    Kind kind = Kind::cgroup;
    PathOrTarget file;
  };
  std::vector<Selection> selections;
  bool all = false;  ///< and all other kinds of the target

  std::optional<PathOrTarget> root;               ///< looked up before anything is entered
  std::optional<PathOrTarget> working_directory;  ///< likewise

  bool fork = true;                   ///< after a pid namespace was joined; it holds children only
  std::optional<uid_t> uid;           ///< 0 if a user namespace is joined
  std::optional<gid_t> gid;           ///< likewise
  bool preserve_credentials = false;  ///< leave ids and groups alone
  Program program;
};

/// A namespace that was asked for, as it was found.
struct FoundNamespace {
  Kind kind = Kind::cgroup;
  int fd = -1;          ///< borrowed from EnterFacts::handles
  std::string of;       ///< whose: "PID 42", "/run/netns/blue"
  bool shared = false;  ///< the caller is in it already
};

struct FoundDirectory {
  int fd = -1;       ///< borrowed from EnterFacts::handles
  std::string path;  ///< for people
};

/// What a plan to enter has to know: the target's handles, opened once, and the caller's rights.
struct EnterFacts {
  std::vector<FoundNamespace> namespaces;
  std::optional<FoundDirectory> root;
  std::optional<FoundDirectory> working_directory;
  bool has_sys_admin = false;     ///< the caller has CAP_SYS_ADMIN in its own user namespace
  bool setgroups_denied = false;  ///< setgroups(2), in the caller's user namespace
  std::optional<IdMap> uid_map;   ///< of the target's user namespace, where that is what is joined
  std::optional<IdMap> gid_map;   ///< likewise
  std::vector<OwnedFd> handles;
};

/// Opens all that a request names. Errors: no such process, no right to look into it, a file that
/// is no namespace or of another kind, a kind that needs a target where none is named.
NSX_API Result<EnterFacts> read_enter_facts(const Kernel& kernel, const EnterRequest& request);

/// Computes what a request comes to, without any privilege and without asking the kernel. Takes
/// the handles over.
///
/// Order: a caller with CAP_SYS_ADMIN joins the user namespace last, since its rights over the
/// others end there; one without joins it first, since its rights begin there, and leaves out what
/// it is in already.
/// Errors: an id that the user namespace does not have.
NSX_API Result<Plan> plan_enter(const EnterRequest& request, EnterFacts facts);

}  // namespace nsx

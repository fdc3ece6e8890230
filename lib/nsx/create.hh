// SPDX-License-Identifier: MIT
#pragma once
// New namespaces: what shall be made is a request; with what has to be known of the machine it
// becomes a plan (plan.hh). make_namespaces() makes some without entering them, to be pinned.
//
//   nsx::CreateRequest request;
//   request.kinds = {nsx::Kind::uts};
//   request.program = {.file = "hostname", .arguments = {"hostname"}};
//   const auto facts = nsx::read_create_facts(kernel, request);
//   if (!facts) return;
//   const auto plan = nsx::plan_create(request, *facts);

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup_run.hh>
#include <nsx/fd.hh>
#include <nsx/id_map.hh>
#include <nsx/kernel.hh>
#include <nsx/kind.hh>
#include <nsx/namespace.hh>
#include <nsx/plan.hh>

namespace nsx {

/// Where binfmt_misc is usually mounted.
inline constexpr const char* kUsualBinfmt = "/proc/sys/fs/binfmt_misc";

/// A program to run, with its arguments (the first is its own name).
struct Program {
  std::string file;
  std::vector<std::string> arguments;
  std::string reporter{};  ///< see step::Execute
  std::string hint{};      ///< likewise
};

/// A shell that is a login shell by its own name: it begins with "-" (login(1)).
NSX_API Program as_login_shell(std::string shell);

/// Where PATH is for an environment without it, as execvp(3) has it.
inline constexpr const char* kDefaultPath = "/bin:/usr/bin";

/// The first file of this name, which has no "/", in the directories of `path`, as execvp(3) walks
/// them. `try_file` gives the errno with which execve(2) would refuse a file, or 0. Errors: EACCES,
/// if one may not be executed; otherwise ENOENT.
NSX_API Result<std::string> search_path(const std::string& file, std::string_view path,
                                        const std::function<int(const std::string&)>& try_file);

/// Which user ids, or which group ids, a new user namespace has.
struct IdMapRequest {
  /// The caller's own effective id.
  struct Own {
    std::optional<std::uint32_t> inside;  ///< what it is inside; none: the same
  };
  std::optional<Own> own;

  struct Block {
    enum class Source : std::uint8_t {
      range,   ///< `ids`
      auto_,   ///< the first of the caller's subordinate ids (subuid(5)), from 0 on inside
      subids,  ///< the same, with the same numbers inside
      all,     ///< every id that there is outside, with the same number inside
    } source = Source::range;
    IdMapLine ids;
  };
  std::vector<Block> blocks;

  bool empty() const { return !own && blocks.empty(); }
};

/// What shall be made, in the terms of unshare(1).
struct CreateRequest {
  KindSet kinds;
  /// Every kind that this kernel has; implies fork, mount_proc, and where no map is asked for:
  /// root inside for an ordinary user, all ids as they are for root.
  bool all = false;

  /// Namespaces to keep, each on a file that is there.
  struct File {
    Kind kind = Kind::cgroup;
    std::string path;
  };
  std::vector<File> files;         ///< imply their kinds
  std::optional<std::string> pin;  ///< keeps all that is made under this name (nsx/pin.hh)

  bool fork = false;
  FollowRequest follow;
  Protection protection;  ///< if there is a `root`: the program is a file of that
  CgroupRequest cgroup;
  /// An init of nsx's own is the first process of the pid namespace; implies that. None: where the
  /// program would be it under `all` or with a terminal of its own, as a PID 1 ignores what keys
  /// send.
  std::optional<bool> init = false;

  IdMapRequest users;   ///< implies user
  IdMapRequest groups;  ///< likewise
  std::optional<bool> allow_setgroups;
  struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
  };
  std::optional<Owner> owner;  ///< of the user namespace; implies user

  std::optional<std::int64_t> monotonic;  ///< seconds; needs time
  std::optional<std::int64_t> boottime;   ///< likewise
  std::optional<std::string> hostname;    ///< implies uts
  bool loopback = false;                  ///< brings "lo" up; implies net

  enum class Propagation { private_, shared, slave, unchanged };
  Propagation propagation = Propagation::private_;  ///< means nothing without mnt

  std::optional<std::string> mount_proc;         ///< where; implies mnt
  std::optional<std::string> mount_sys;          ///< likewise: a sysfs of the net namespace
  std::optional<std::string> mount_binfmt;       ///< likewise, and user; in its usual place: proc
  std::vector<std::string> interpreters;         ///< to register there; imply it in its usual place
  std::optional<std::string> root;               ///< chroot(2) to it
  std::optional<std::string> working_directory;  ///< looked up after `root`

  std::optional<uid_t> uid;        ///< of the program
  std::optional<gid_t> gid;        ///< likewise; drops supplementary groups
  bool keep_capabilities = false;  ///< through exec; means nothing without user

  std::optional<std::vector<std::string>> environment;  ///< NAME=VALUE; none: the caller's
  std::string search_path;  ///< PATH: where newuidmap(1) and newgidmap(1) are looked for
  Program program;
};

/// What a plan to create has to know of the caller and of the machine.
struct CreateFacts {
  uid_t uid = 0;  ///< effective
  gid_t gid = 0;  ///< effective

  // What follows is read only where the request asks for it.
  std::optional<step::EnterCgroup> cgroup;
  KindSet kinds;  ///< those that this kernel has
  struct Ids {
    std::optional<IdMapLine> subordinate;  ///< the first range of /etc/subuid; `inside` is 0
    IdMap available;                       ///< the map of the caller's own user namespace
    std::string tool;                      ///< where newuidmap(1) is; empty: nowhere
  };
  Ids users;
  Ids groups;
};

/// Errors: a file of /proc or /etc that cannot be read.
NSX_API Result<CreateFacts> read_create_facts(const Kernel& kernel, const CreateRequest& request);

/// Computes what a request comes to, without any privilege and without asking the kernel.
///
/// The order is unshare(1)'s. A helper that stays outside is started first, where something needs
/// the rights of before: it writes maps and pins.
/// Errors: options that exclude each other or lack another; maps that overlap, are empty, or do not
/// fit into the numbers that there are. What can only be tried fails in carry_out().
NSX_API Result<Plan> plan_create(const CreateRequest& request, const CreateFacts& facts);

/// New namespaces that no process of the caller's is in: held by these handles, until they are
/// pinned.
class NSX_API MadeNamespaces {
 public:
  const std::vector<Namespace>& namespaces() const { return namespaces_; }

  /// How the program has ended that was run inside; none: there was none.
  const std::optional<Outcome>& outcome() const { return outcome_; }

  /// Lets the init of the new pid namespace, if there is one, outlive this process: it has the name
  /// kLeftInit (nsx/pin.hh). Else it ends with this object.
  Status keep();

 private:
  friend Result<MadeNamespaces> make_namespaces(const Kernel&, const CreateRequest&);
  MadeNamespaces() = default;
  Status take(const Kernel& kernel, std::vector<OwnedFd> fds);

  std::vector<Namespace> namespaces_;
  std::optional<Outcome> outcome_;
  OwnedFd init_;  // it waits for a word, or for the end, of this pipe
};

/// Makes namespaces as plan_create() would; the caller stays where it is: a child makes them and
/// ends, or, for kinds that change nothing else of the process, the calling thread, which comes
/// back. Should it fail to come back, that is the error. Of the request this takes what concerns
/// namespaces: kinds, maps, clocks, names, propagation, loopback. If it names a program, that is
/// run inside, as a process of its own, and waited for. A new pid namespace gets an init, which
/// mounts proc on /proc where there is a new mount namespace as well. Ends with the caller,
/// whatever ends that.
NSX_API Result<MadeNamespaces> make_namespaces(const Kernel& kernel, const CreateRequest& request);

}  // namespace nsx

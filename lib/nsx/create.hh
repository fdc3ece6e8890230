// SPDX-License-Identifier: MIT
#pragma once
// Creating namespaces. A request and the facts about the machine are turned into a plan (plan.hh).
// make_namespaces() creates namespaces without entering them, to be pinned.
//
//   nsx::CreateRequest request;
//   request.kinds = {nsx::Kind::uts};
//   request.program = {.file = "hostname", .arguments = {"hostname"}};
//   const auto facts = nsx::read_create_facts(kernel, request);
//   if (!facts) return;
//   const auto plan = nsx::plan_create(request, *facts);

#include <array>
#include <csignal>
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

/// The usual mount point of binfmt_misc.
inline constexpr const char* kUsualBinfmt = "/proc/sys/fs/binfmt_misc";

/// A program to run, with its arguments. The first argument is its own name.
struct Program {
  std::string file;
  std::vector<std::string> arguments;
  std::string reporter{};  ///< see step::Execute
  std::string hint{};      ///< see step::Execute
};

/// Returns a shell as a login shell: the first argument starts with "-" (login(1)).
NSX_API Program as_login_shell(std::string shell);

/// The search path of execvp(3) if the environment has no PATH.
inline constexpr const char* kDefaultPath = "/bin:/usr/bin";

/// Searches for a file without a slash in its name in the directories of `path`, like execvp(3).
/// `try_file` returns 0, or the errno value with which execve(2) would reject a file. Errors:
/// EACCES, at least one match is not executable; otherwise ENOENT.
NSX_API Result<std::string> search_path(const std::string& file, std::string_view path,
                                        const std::function<int(const std::string&)>& try_file);

/// What the parent does while it waits for the program: part of a request to create or to enter.
struct FollowRequest {
  /// A signal for the program if the waiting process dies for any reason.
  std::optional<int> kill_child;
  /// Signals to forward to the program if another process has sent them.
  std::vector<int> forward;
  /// The terminal of the program.
  enum class Terminal {
    callers,  ///< the caller's descriptors, unchanged
    its_own,  ///< a new pseudo-terminal, as descriptors 0, 1 and 2
    /// A new pseudo-terminal, for those of descriptors 0, 1 and 2 that are a terminal.
    in_place_of_callers,
  };
  Terminal terminal = Terminal::callers;
  /// Report the start and the end of the program (OnStart, Outcome).
  bool report = false;

  /// Returns whether this requires a parent that waits.
  bool implies_fork() const { return kill_child || terminal != Terminal::callers || report; }
};

/// The signals that ask a program to end: from kill(1), the terminal's keys, and its hangup.
inline constexpr std::array<int, 4> kEndingSignals{SIGTERM, SIGINT, SIGHUP, SIGQUIT};

/// Adds those of kEndingSignals that are missing to a list of signals to forward.
NSX_API void add_ending_signals(std::vector<int>& signals);

/// Returns the default signals to forward, which an init forwards: those that end a program, and
/// those that make it reload its configuration or redraw its window.
NSX_API const std::vector<int>& usual_signals();

/// Protection of the caller from a program of somebody else: part of the same requests.
struct Protection {
  /// Give such a program a new terminal instead of the caller's, unless `FollowRequest::terminal`
  /// already does.
  bool of_terminal = false;
  /// The caller's descriptors above 2 that such a program gets.
  bool keeps_all_descriptors = false;
  std::vector<int> kept_descriptors;
};

/// Returns whether a program that gets the caller's descriptors 0, 1 and 2 and its session could
/// type into its terminal: one of them is a terminal, or the session has one.
NSX_API bool has_terminal();

/// The user ids, or the group ids, of a new user namespace.
struct IdMapRequest {
  /// The caller's own effective id.
  struct Own {
    std::optional<std::uint32_t> inside;  ///< the id inside; none: the same as outside
  };
  std::optional<Own> own;

  struct Block {
    enum class Source : std::uint8_t {
      range,   ///< the range `ids`
      auto_,   ///< the caller's first range of subordinate ids (subuid(5)), from 0 inside
      subids,  ///< the same range, with identical numbers inside
      all,     ///< all ids that exist outside, with identical numbers inside
    } source = Source::range;
    IdMapLine ids;
  };
  std::vector<Block> blocks;

  bool empty() const { return !own && blocks.empty(); }
};

/// The namespaces to create, and what to set up in them. Corresponds to the options of unshare(1).
struct CreateRequest {
  KindSet kinds;
  /// All kinds that the kernel supports. Implies fork and mount_proc. If no map is requested, an
  /// ordinary user becomes root inside, and root keeps all ids.
  bool all = false;

  /// Namespaces to bind to existing files.
  struct File {
    Kind kind = Kind::cgroup;
    std::string path;
  };
  std::vector<File> files;         ///< imply their kinds
  std::optional<std::string> pin;  ///< pin all new namespaces under this name (nsx/pin.hh)

  bool fork = false;
  FollowRequest follow;
  Protection protection;  ///< applies if `root` is given, because the program is a file below it
  CgroupRequest cgroup;
  /// Run an init of nsx as the first process of the pid namespace; implies pid. None: only if the
  /// program would otherwise be that process under `all` or with a terminal of its own, because PID
  /// 1 ignores the signals that keys send.
  std::optional<bool> init = false;

  IdMapRequest users;   ///< implies user
  IdMapRequest groups;  ///< implies user
  std::optional<bool> allow_setgroups;
  struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
  };
  std::optional<Owner> owner;  ///< of the user namespace; implies user

  std::optional<std::int64_t> monotonic;  ///< seconds; needs time
  std::optional<std::int64_t> boottime;   ///< the same
  std::optional<std::string> hostname;    ///< implies uts
  bool loopback = false;                  ///< brings "lo" up; implies net

  enum class Propagation { private_, shared, slave, unchanged };
  Propagation propagation = Propagation::private_;  ///< ignored without mnt

  std::optional<std::string> mount_proc;  ///< the mount point; implies mnt
  std::optional<std::string> mount_sys;   ///< mount point of a sysfs for the net namespace; implies
                                          ///< mnt
  std::optional<std::string> mount_binfmt;  ///< mount point; implies mnt, user, and, at the usual
                                            ///< path, proc
  std::vector<std::string> interpreters;    ///< lines to register; imply mount_binfmt at the usual
                                            ///< path
  std::optional<std::string> root;          ///< directory for chroot(2)
  std::optional<std::string> working_directory;  ///< resolved after `root`

  std::optional<uid_t> uid;        ///< UID of the program
  std::optional<gid_t> gid;        ///< GID of the program; drops supplementary groups
  bool keep_capabilities = false;  ///< through execve(2); ignored without user

  std::optional<std::vector<std::string>> environment;  ///< NAME=VALUE; none: the caller's
                                                        ///< environment
  std::string search_path;                              ///< PATH for newuidmap(1) and newgidmap(1)
  Program program;
};

/// The facts about the caller and the machine that a plan needs.
struct CreateFacts {
  uid_t uid = 0;  ///< effective
  gid_t gid = 0;  ///< effective

  // Read only if the request needs them.
  std::optional<step::EnterCgroup> cgroup;
  KindSet kinds;  ///< supported by this kernel
  struct Ids {
    std::optional<IdMapLine> subordinate;  ///< the first range of /etc/subuid; `inside` is 0
    IdMap available;                       ///< the id map of the caller's user namespace
    std::string tool;  ///< path of newuidmap(1) or newgidmap(1); empty: not found
  };
  Ids users;
  Ids groups;
};

/// Reads the facts that a request needs. Errors: a file in /proc or /etc is not readable.
NSX_API Result<CreateFacts> read_create_facts(const Kernel& kernel, const CreateRequest& request);

/// Computes the plan of a request, without privileges and without system calls.
///
/// The order of the steps is that of unshare(1). If a step needs the rights or mounts of the
/// caller, a helper that stays outside is started first: it writes maps and pins. Errors: mutually
/// exclusive options, a missing required option; id maps that overlap, are empty, or exceed the
/// range of ids. Other failures are only detected by carry_out().
NSX_API Result<Plan> plan_create(const CreateRequest& request, const CreateFacts& facts);

/// New namespaces without a process of the caller in them, kept alive by these handles until they
/// are pinned.
class NSX_API MadeNamespaces {
 public:
  const std::vector<Namespace>& namespaces() const { return namespaces_; }

  /// Returns how the program ended; none: no program was run.
  const std::optional<Outcome>& outcome() const { return outcome_; }

  /// Lets the init of the new pid namespace, if any, outlive this process, under the name kLeftInit
  /// (nsx/pin.hh). Without this call it ends with this object.
  Status keep();

 private:
  friend Result<MadeNamespaces> make_namespaces(const Kernel&, const CreateRequest&);
  MadeNamespaces() = default;
  Status take(const Kernel& kernel, std::vector<OwnedFd> fds);

  std::vector<Namespace> namespaces_;
  std::optional<Outcome> outcome_;
  OwnedFd init_;  // write end of a pipe; the init waits for a byte or for the end of file
};

/// Creates namespaces like plan_create(), without moving the caller into them.
///
/// A child creates them and exits. For kinds that affect nothing else in the process, the calling
/// thread creates them and returns to its own; an error is returned if it cannot. Only the parts of
/// the request about namespaces apply: kinds, maps, clocks, names, propagation, loopback. A program
/// in the request is run inside as a separate process, and waited for. A new pid namespace gets an
/// init, which mounts proc on /proc if there also is a new mount namespace. All processes are
/// killed if the caller dies.
NSX_API Result<MadeNamespaces> make_namespaces(const Kernel& kernel, const CreateRequest& request);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// Plans: steps as plain data, computed before the first one is carried out, and their execution.
// plan_create() (create.hh) and plan_enter() (enter.hh) compute them.
//
//   const nsx::Plan plan{.steps = {nsx::step::Unshare{{nsx::Kind::uts}, {}},
//                                  nsx::step::SetHostname{"inside"}},
//                        .handles = {}};
//   for (const nsx::Step& step : plan.steps) std::puts(nsx::describe(step).c_str());

#include <array>
#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <variant>
#include <vector>

#include <nsx/cgroup_change.hh>
#include <nsx/fd.hh>
#include <nsx/id_map.hh>
#include <nsx/kernel.hh>
#include <nsx/kind.hh>
#include <nsx/namespace.hh>
#include <nsx/result.hh>

namespace nsx {

class Cgroup;

/// The steps of a plan: plain data, computed before the first one is carried out. Descriptors are
/// borrowed from the Plan that contains the step.
namespace step {

/// Forks a helper that stays outside, with the caller's rights and namespaces, for WriteIdMaps and
/// Pin. It exits with this process, and reverts everything that was not kept.
struct StartHelper {};

/// Forks a watcher that stays in this pid namespace. It sends the signal to the child of Fork when
/// this process dies for any reason.
struct StartWatcher {
  int signal = 0;
};

/// Opens a new pseudo-terminal. The child of Fork gets it as descriptors 0, 1 and 2 and as its
/// controlling terminal; the parent copies between it and the caller's terminal.
struct OpenTerminal {
  /// Replace only those of the three descriptors that are a terminal.
  bool only_for_terminals = false;
  /// The verified top directory of the devpts in the program's files, in which the terminal has a
  /// name. -1, or if it provides no terminal: use the caller's /dev/ptmx.
  int devpts = -1;
  std::string of;  ///< the owner of `devpts`, for messages
  /// The owner of the terminal in `devpts`, in the caller's user namespace; none: the caller.
  std::optional<uid_t> owner;
};

/// Closes all descriptors above 2 except these when the program is executed (close_range(2)).
struct CloseDescriptors {
  std::vector<int> kept;
};

/// Hides this process with prctl(PR_SET_DUMPABLE) until exec, so that nothing in the target can
/// access it through /proc.
struct Hide {};

/// Drops all groups with setgroups(2), then calls setgid(2) and setuid(2). Done before the user
/// namespace is created, so that it belongs to this user.
struct BecomeOwner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Joins a namespace with setns(2).
struct JoinNamespace {
  Kind kind = Kind::cgroup;
  int fd = -1;
  std::string of;  ///< its owner, for messages: "PID 42", "/run/netns/blue"
};

/// Moves this process into new namespaces with unshare(2).
struct Unshare {
  KindSet kinds;
  std::string alternative{};  ///< added to the hint if a privilege is missing
};

/// Writes the id maps of the new user namespace (user_namespaces(7)).
struct WriteIdMaps {
  /// The writer of a map: this process may map only its own id; a privileged helper any;
  /// newuidmap(1) and newgidmap(1) those in /etc/subuid and /etc/subgid.
  enum class Writer : std::uint8_t { self, helper, newidmap };
  struct Map {
    IdMap ids;  ///< empty: not written
    Writer writer = Writer::self;
    std::string tool;  ///< the path of newuidmap(1) or newgidmap(1), if it is the writer
  };
  Map uids;
  Map gids;
  std::optional<bool> allow_setgroups;  ///< written before the maps, because it cannot be denied
                                        ///< after them
};

/// Sets the clock offsets of the new time namespace (time_namespaces(7)), in seconds.
struct SetTimeOffsets {
  std::optional<std::int64_t> monotonic;
  std::optional<std::int64_t> boottime;
};

/// Forks. The parent waits; the child continues with the next step.
struct Fork {
  /// The parent-death signal of the child (PR_SET_PDEATHSIG); 0: none.
  int death_signal = 0;
  /// Signals that the waiting parent forwards to the child if another process has sent them.
  /// Signals from the terminal reach the child anyway. INT and TERM are ignored if not in the list.
  std::vector<int> forward;
  /// The directory of the cgroup v2 in which the child starts (CLONE_INTO_CGROUP, Linux 5.7; on
  /// older kernels it joins first). -1: that of the caller.
  int cgroup = -1;
  std::string cgroup_path;  ///< for messages
};

/// Forks again. This process, the first of a pid namespace, becomes its init: it forwards signals,
/// reaps orphans, and exits with the status of the program, which ends the namespace.
struct BecomeInit {};

/// Binds namespaces of this process to files through the helper, all or none.
struct Pin {
  struct Place {
    Kind kind = Kind::cgroup;
    std::string path;
    bool make = false;  ///< create the file, which must not exist, and its directory if missing
  };
  std::vector<Place> places;
};

/// Joins a cgroup v2 with write(2) to its cgroup.procs.
struct JoinCgroup {
  int fd = -1;
  std::string path;  ///< for messages
};

/// Joins a cgroup v2 by path, or creates one with limits and joins it. A separate process removes a
/// created cgroup as soon as it is empty.
struct EnterCgroup {
  std::string path;
  bool make = false;
  std::vector<CgroupSetting> settings;  ///< of the new cgroup
  std::string leaf = {};                ///< see CgroupChangeOptions
  const Cgroup* opened = nullptr;       ///< join this one, which outlives the plan; null: by path
};

/// Drops all supplementary groups with setgroups(2).
struct DropGroups {
  bool may_be_denied = false;  ///< continue if /proc/PID/setgroups says "deny"
};

/// Calls setgroups(2), setgid(2), then setuid(2).
struct SetIds {
  std::optional<gid_t> gid;
  std::optional<uid_t> uid;
  bool keep_capabilities = false;  ///< keep the permitted ones if the UID changes from 0
  std::optional<std::vector<gid_t>> groups = {};  ///< supplementary groups
  bool groups_may_be_denied = false;              ///< as in DropGroups
};

/// Writes to oom_score_adj of this process (proc(5)). The program and the process that waits for it
/// inherit the value.
struct SetOomScore {
  int adjustment = 0;  ///< -1000 to 1000
};

/// Sets resource limits with setrlimit(2). A hard limit that this process may not raise stays
/// unchanged.
struct SetResourceLimits {
  struct Limit {
    int resource = 0;  ///< RLIMIT_*
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
  };
  std::vector<Limit> limits;
};

/// Limits the capabilities of the program with prctl(2) and capset(2): bit sets of the bounding,
/// inheritable and ambient capabilities. The last step before execution, because this process loses
/// its own rights.
struct LimitPrivileges {
  std::uint64_t bounding = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t ambient = 0;
  /// Set PR_SET_NO_NEW_PRIVS, and limit the permitted capabilities to these; exec then grants no
  /// others.
  std::optional<std::uint64_t> permitted_for_good;
};

/// Makes all permitted capabilities inheritable and ambient, so that the program keeps them
/// (capabilities(7)).
struct KeepCapabilities {};

/// Sets the host name with sethostname(2).
struct SetHostname {
  std::string name;
};

/// Brings up the interface "lo" of the net namespace.
struct BringUpLoopback {};

/// Changes the propagation of / and all mounts below with mount(2).
struct SetPropagation {
  enum class Mode : std::uint8_t { private_, shared, slave } mode = Mode::private_;
  std::string alternative{};  ///< in the hint if / is not a mount point
};

/// Changes the root directory with chroot(2), and the working directory to the new root.
struct ChangeRoot {
  int fd = -1;  ///< -1: `path` is resolved by this step
  std::string path;
  std::string alternative{};  ///< added to the hint if a privilege is missing
};

/// Changes the working directory with chdir(2), to a path or an open directory.
struct ChangeDirectory {
  int fd = -1;
  std::string path;
};

/// Mounts a proc file system for the pid namespace of this process.
struct MountProc {
  std::string path;
  bool make_private = false;  ///< make existing mounts there private first, so that no other
                              ///< namespace sees the new one
  /// Options, for the hint, that would make the pid namespace belong to the right user namespace.
  std::string missing{};
};

/// Mounts a sysfs for the net namespace of this process, and restores all mounts below it: cgroup
/// file systems, bpf, debug, tracing. It is read-only if the covered file system is.
struct MountSys {
  std::string path;
  bool make_private = false;  ///< as in MountProc
  std::string missing{};      ///< as in MountProc, for the net namespace
  std::string hint{};         ///< added to the hint of a failed mount
};

/// Binds files and directories over those with the same names, as ip-netns(8) does with
/// /etc/netns/NAME and /etc. Symbolic links among them are followed only within `from`.
struct BindOver {
  std::string from;
  std::string over;
  std::vector<std::string> names;
};

/// Binds /dev/null over sockets of daemons, so that connecting to them fails.
struct MaskSockets {
  std::vector<std::string> paths;
};

/// Mounts binfmt_misc. Since Linux 6.7, a user namespace has its own.
struct MountBinfmt {
  std::string path;
};

/// Registers an interpreter by writing a line to `register` of binfmt_misc.
struct LoadInterpreter {
  std::string binfmt;  ///< mount point of binfmt_misc
  std::string line;
};

/// Replaces the environment of the program.
struct SetEnvironment {
  std::vector<std::string> entries;  ///< NAME=VALUE
  /// The entries come from an untrusted process, but the program is the caller's: variables that
  /// lead to files to load or run keep the caller's values (leads_to_files()).
  bool keeps_paths = false;
};

/// Changes variables in the environment of the program.
struct SetVariables {
  std::vector<std::string> entries;  ///< NAME=VALUE, or NAME to unset it
};

/// Sets the security context of the program: an SELinux context or an AppArmor profile.
struct SetSecurityContext {
  std::string context;
  bool is_apparmor = false;
};

/// Copies mounts, detached, with those below them (open_tree(2), Linux 5.2;
/// mount_setattr(2), 5.12).
struct TakeTrees {
  struct Tree {
    int mnt = -1;                  ///< their mount namespace; -1: that of this process
    std::string of;                ///< its owner, for messages: "container web (PID 42)"
    int fd = -1;                   ///< a directory or file there; -1: `path`
    std::string path;              ///< absolute
    std::uint64_t attributes = 0;  ///< MOUNT_ATTR_* of mount_setattr(2), for all mounts
    bool is_slave = true;          ///< later mounts and unmounts there also reach the copy
    int users = -1;  ///< the user namespace whose ids own the files of the copy; -1: unchanged
  };
  std::vector<Tree> trees;
};

/// Starts an empty root directory on a tmpfs. The next steps fill it; EnterNewRoot enters it.
struct NewRoot {};

/// Attaches a copy of TakeTrees below the new root directory. No symbolic link is followed.
struct AttachTree {
  std::size_t tree = 0;  ///< its index in TakeTrees
  std::string path;
  std::string from;        ///< for messages: "/usr of the host"
  bool read_only = false;  ///< for messages
};

/// Mounts a new file system below the new root directory: "tmpfs", "devpts", "proc".
struct MountNew {
  std::string type;
  std::string path;
  std::vector<std::pair<std::string, std::string>> options;  ///< of fsconfig(2)
};

/// Mounts a read-only file with this content on a file below the new root directory.
struct MountText {
  std::string path, text;
};

/// Creates a symbolic link below the new root directory.
struct MakeLink {
  std::string path, to;
};

/// Enters the new root directory with pivot_root(2), and detaches the previous one.
struct EnterNewRoot {
  bool read_only = false;
  std::string files;
  std::string working_directory;  ///< below `files`, which is used if a link leads there
};

/// Mounts a copy of TakeTrees, or a tmpfs, in this mount namespace, on a path below a root
/// directory.
struct MountInside {
  std::optional<std::size_t> tree;                           ///< index in TakeTrees; none: a tmpfs
  std::vector<std::pair<std::string, std::string>> options;  ///< of the tmpfs
  std::uint64_t attributes = 0;                              ///< of the tmpfs
  std::string from;                                          ///< for messages
  int root = -1;
  std::string path;
  bool make = false;  ///< create missing directories, and the file
};

/// Unmounts what is mounted on a path below a root directory.
struct UnmountInside {
  int root = -1;
  std::string path;
  bool lazily = false;  ///< even if it is in use (MNT_DETACH)
};

/// Makes the changes of the helper permanent.
struct KeepPins {};

/// Creates a sealed copy of a small program that starts the real one (memfd_create(2)), for a later
/// Execute. Without it, a program of somebody else could write to the caller's executable through
/// /proc/self/exe (CVE-2019-5736).
struct PrepareStarter {};

/// Executes the program with execvp(3). PATH is searched in the current root and namespaces.
struct Execute {
  std::string file;
  std::vector<std::string> arguments;  ///< including argv[0]
  /// The name in messages if the last execve(2) fails after a PrepareStarter, when the calling
  /// program is already gone. The exit status is 127 if the file is missing, otherwise 126.
  std::string reporter{};
  /// The owner of the files that contain it, for messages: "container web". Empty: the caller.
  std::string files{};
  /// Added to the hint if it is missing in those files.
  std::string hint{};
};

}  // namespace step

using Step = std::variant<
    step::StartHelper, step::StartWatcher, step::OpenTerminal, step::CloseDescriptors, step::Hide,
    step::BecomeOwner, step::JoinNamespace, step::Unshare, step::WriteIdMaps, step::SetTimeOffsets,
    step::Fork, step::BecomeInit, step::Pin, step::JoinCgroup, step::EnterCgroup, step::DropGroups,
    step::SetIds, step::KeepCapabilities, step::SetOomScore, step::SetResourceLimits,
    step::LimitPrivileges, step::SetHostname, step::BringUpLoopback, step::SetPropagation,
    step::ChangeRoot, step::ChangeDirectory, step::MountProc, step::MountSys, step::BindOver,
    step::MaskSockets, step::MountBinfmt, step::LoadInterpreter, step::SetEnvironment,
    step::SetVariables, step::SetSecurityContext, step::TakeTrees, step::NewRoot, step::AttachTree,
    step::MountNew, step::MountText, step::MakeLink, step::EnterNewRoot, step::MountInside,
    step::UnmountInside, step::KeepPins, step::PrepareStarter, step::Execute>;

/// Returns whether a variable tells programs which files to load, run or read at startup: PATH,
/// LD_PRELOAD, BASH_ENV, PYTHONPATH, HOME.
NSX_API bool leads_to_files(std::string_view variable);

/// Steps in the order of their execution.
struct Plan {
  std::vector<Step> steps;
  std::vector<OwnedFd> handles;  ///< keeps the descriptors in the steps open
};

/// Returns the name of a step for programs: "join", "unshare", "fork".
NSX_API const char* action(const Step& step);

/// Describes a step: "join the net namespace of PID 42".
NSX_API std::string describe(const Step& step);

/// Returns the privilege that a step needs: "CAP_SYS_ADMIN in the user namespace that owns it".
/// Empty: none.
NSX_API std::string needs(const Step& step);

/// The program that a plan has started.
struct Started {
  pid_t pid = 0;                                           ///< in the caller's pid namespace
  pid_t pid_inside = 0;                                    ///< in its own pid namespace
  std::array<NamespaceIdentity, kKindCount> namespaces{};  ///< indexed by Kind; inode 0: unknown
};

/// The result of a program that a plan has started.
struct Outcome {
  int exit_status = 0;
  int signal = 0;  ///< the signal that killed it, or 0
  /// The errno value if output from the pseudo-terminal of the program could not be written to the
  /// caller's standard output, or 0. The terminal was hung up in that case.
  int lost_output = 0;
};

/// A step that failed. Later steps were not carried out.
struct PlanFailure {
  Error error;
  std::size_t step = 0;  ///< index of the step in the plan
};

/// Called in the waiting parent when the program has started. Needs a plan with a Fork.
using OnStart = std::function<void(const Started&)>;

/// Carries out a plan in the calling process, which must be single-threaded.
///
/// Without a Fork, the last step replaces the calling program, so this function returns only on
/// failure. With a Fork, it returns in two processes. In the parent, it waits for the child, stops
/// and continues with it, and returns the outcome. In the child, it returns only if a later step
/// fails; the child must then exit, with a status that becomes the outcome of the parent. The same
/// applies to an init (BecomeInit).
NSX_API tl::expected<Outcome, PlanFailure> carry_out(const Kernel& kernel, const Plan& plan,
                                                     const OnStart& on_start = {});

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// Plans: steps as plain data, computed before the first of them is done, and what carries them out.
// plan_create() (create.hh) and plan_enter() (enter.hh) make them.
//
//   const nsx::Plan plan{.steps = {nsx::step::Unshare{{nsx::Kind::uts}, {}},
//                                  nsx::step::SetHostname{"inside"}},
//                        .handles = {}};
//   for (const nsx::Step& step : plan.steps) std::puts(nsx::describe(step).c_str());

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
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

/// What the process that stays behind does while it waits for the program: part of a request to
/// create or to enter.
struct FollowRequest {
  /// A signal for the program when the waiting process dies, however that happens.
  std::optional<int> kill_child;
  /// Signals that go on to the program, when another process has sent them.
  std::vector<int> forward;
  /// Which terminal the program gets.
  enum class Terminal {
    callers,  ///< the caller's descriptors, as they are
    its_own,  ///< a new pseudo-terminal, as descriptors 0, 1 and 2
    /// A new pseudo-terminal in place of the caller's: only as those of the three that are one.
    in_place_of_callers,
  };
  Terminal terminal = Terminal::callers;
  /// Somebody wants to know when the program has started and ended (OnStart, Outcome).
  bool report = false;

  /// Whether that takes a process that stays behind.
  bool implies_fork() const { return kill_child || terminal != Terminal::callers || report; }
};

/// Those that are passed on where nobody says which: what ends a program, and what tells it to look
/// at its configuration or its window again. An init passes these on.
NSX_API const std::vector<int>& usual_signals();

/// What protects the caller from a program that is another's: part of the same requests.
struct Protection {
  /// Such a program gets a new terminal in place of the caller's, unless `FollowRequest::terminal`
  /// gives it one anyway.
  bool of_terminal = false;
  /// Which of the caller's descriptors above 2 it gets.
  bool keeps_all_descriptors = false;
  std::vector<int> kept_descriptors;
};

/// Whether the calling process could be typed into by a program that gets its descriptors 0, 1 and
/// 2 and its session: one of them is a terminal, or the session has one.
NSX_API bool has_terminal();

/// The steps of a plan: plain data, computed before the first of them is done. Numbers of
/// descriptors are borrowed from the Plan that the step is in.
namespace step {

/// fork(2): a helper that stays outside, with the caller's rights and namespaces, for the steps
/// that need them: WriteIdMaps and Pin. It ends with this process, and takes back what is not kept.
struct StartHelper {};

/// fork(2): a watcher that stays in this pid namespace. When this process dies, however that
/// happens, it sends the signal to the child that Fork makes.
struct StartWatcher {
  int signal = 0;
};

/// Opens a new pseudo-terminal: the child that Fork makes gets it as descriptors 0, 1 and 2 and as
/// its controlling terminal, and the parent copies between it and its own.
struct OpenTerminal {
  /// The child gets it only as those of the three that are a terminal; the others stay.
  bool only_for_terminals = false;
  /// A directory that is known to be the top of a devpts: that of the program's files, where the
  /// terminal then has a name. -1, or if it gives none: the caller's /dev/ptmx.
  int devpts = -1;
  std::string of;  ///< whose that is, for people
  /// The owner of the terminal in `devpts`, as the caller counts; none: the caller.
  std::optional<uid_t> owner;
};

/// close_range(2): closes all descriptors above 2 when the program is executed, but these.
struct CloseDescriptors {
  std::vector<int> kept;
};

/// prctl(PR_SET_DUMPABLE): until exec, nothing in the target reaches this process through /proc.
struct Hide {};

/// setgroups(2) with none, setgid(2), setuid(2): before the user namespace is made, whose owner
/// this becomes.
struct BecomeOwner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// setns(2).
struct JoinNamespace {
  Kind kind = Kind::cgroup;
  int fd = -1;
  std::string of;  ///< whose, for people: "PID 42", "/run/netns/blue"
};

/// unshare(2): moves into new namespaces of these kinds.
struct Unshare {
  KindSet kinds;
  std::string alternative{};  ///< what else to do where that takes a right that is missing
};

/// Writes the id maps of the user namespace just made (user_namespaces(7)).
struct WriteIdMaps {
  /// Who may write a map: this process one id, its own; a privileged helper any; others ask
  /// newuidmap(1) and newgidmap(1), which know /etc/subuid and /etc/subgid.
  enum class Writer : std::uint8_t { self, helper, newidmap };
  struct Map {
    IdMap ids;  ///< empty: is not written
    Writer writer = Writer::self;
    std::string tool;  ///< the path of newuidmap(1) or newgidmap(1), where that writes
  };
  Map uids;
  Map gids;
  std::optional<bool> allow_setgroups;  ///< written before the maps, when it can still be denied
};

/// Sets the clocks of the time namespace just made (time_namespaces(7)), in seconds.
struct SetTimeOffsets {
  std::optional<std::int64_t> monotonic;
  std::optional<std::int64_t> boottime;
};

/// fork(2): the parent stays behind and waits, the child goes on with the next step.
struct Fork {
  /// The parent-death signal of the child (PR_SET_PDEATHSIG); 0: none.
  int death_signal = 0;
  /// Signals to the waiting parent that go on to the child, if another process sent them: what a
  /// terminal sends reaches the child anyway. INT and TERM, if not among them, are ignored.
  std::vector<int> forward;
  /// The directory of a cgroup v2 in which the child begins (CLONE_INTO_CGROUP, Linux 5.7; before,
  /// it joins it first); -1: the caller's.
  int cgroup = -1;
  std::string cgroup_path;  ///< for people
};

/// fork(2) again: this process, the first of a pid namespace, stays as its init. It passes signals
/// on, reaps orphans, and ends with the program's status, and with it the whole namespace.
struct BecomeInit {};

/// Binds namespaces of this process to files, by the helper: all of them or none.
struct Pin {
  struct Place {
    Kind kind = Kind::cgroup;
    std::string path;
    bool make = false;  ///< the file is made; it must not exist, its directory is made as well
  };
  std::vector<Place> places;
};

/// write(2) to cgroup.procs of a cgroup v2.
struct JoinCgroup {
  int fd = -1;
  std::string path;  ///< for people
};

/// Joins a cgroup v2 by its path, or makes one with limits and joins that. What it makes is removed
/// again when no process is in it any more, by a process beside this one.
struct EnterCgroup {
  std::string path;
  bool make = false;
  std::vector<CgroupSetting> settings;  ///< of the one that is made
  std::string leaf = {};                ///< as CgroupChangeOptions has it
};

/// setgroups(2) with none.
struct DropGroups {
  bool may_be_denied = false;  ///< go on where /proc/PID/setgroups says "deny"
};

/// setgroups(2), setgid(2), then setuid(2).
struct SetIds {
  std::optional<gid_t> gid;
  std::optional<uid_t> uid;
  bool keep_capabilities = false;                 ///< permitted ones, where the UID changes from 0
  std::optional<std::vector<gid_t>> groups = {};  ///< supplementary
  bool groups_may_be_denied = false;              ///< as in DropGroups
};

/// write(2) to oom_score_adj of this process, proc(5). The program inherits it, and so does the
/// process that waits for it.
struct SetOomScore {
  int adjustment = 0;  ///< -1000 to 1000
};

/// setrlimit(2). A hard limit that this process may not raise stays as it is.
struct SetResourceLimits {
  struct Limit {
    int resource = 0;  ///< RLIMIT_*
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
  };
  std::vector<Limit> limits;
};

/// prctl(2), capset(2): limits the capabilities of the program, a bit for each: those that it can
/// have at all, those that it inherits, and those that it has without being root. Last, as the
/// rights of this process end.
struct LimitPrivileges {
  std::uint64_t bounding = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t ambient = 0;
  /// PR_SET_NO_NEW_PRIVS, with no others permitted than these: then exec grants none.
  std::optional<std::uint64_t> permitted_for_good;
};

/// Makes all permitted capabilities inheritable and ambient (capabilities(7)): the program has
/// them too.
struct KeepCapabilities {};

/// sethostname(2).
struct SetHostname {
  std::string name;
};

/// Sets the interface "lo" of the net namespace up.
struct BringUpLoopback {};

/// mount(2) on / and all mounts below.
struct SetPropagation {
  enum class Mode : std::uint8_t { private_, shared, slave } mode = Mode::private_;
  std::string alternative{};  ///< what to do instead, where / is no mount point
};

/// chroot(2), to a path or an open directory. The working directory is / after it.
struct ChangeRoot {
  int fd = -1;  ///< -1: `path` is looked up when the step is done
  std::string path;
  std::string alternative{};  ///< what else to do where that takes a right that is missing
};

/// chdir(2), to a path or an open directory.
struct ChangeDirectory {
  int fd = -1;
  std::string path;
};

/// Mounts a proc file system that shows the pid namespace of this process.
struct MountProc {
  std::string path;
  bool make_private = false;  ///< what is mounted there, first: no other namespace shall see it
  /// The options without which the pid namespace belongs to another user namespace.
  std::string missing{};
};

/// Mounts a sysfs that shows the net namespace of this process, and on it again all that was
/// mounted below the directory: cgroup file systems, bpf, debug, tracing. It is read-only where the
/// file system that it covers is.
struct MountSys {
  std::string path;
  bool make_private = false;  ///< likewise
  std::string missing{};      ///< likewise, of the net namespace
  std::string hint{};         ///< what to do where it cannot be mounted
};

/// Binds files and directories over those of the same name, as ip-netns(8) does with
/// /etc/netns/NAME and /etc. Symbolic links among them are followed only within `from`.
struct BindOver {
  std::string from;
  std::string over;
  std::vector<std::string> names;
};

/// Binds /dev/null over sockets, by which a program would reach a daemon: to connect to one fails.
struct MaskSockets {
  std::vector<std::string> paths;
};

/// Mounts binfmt_misc, one of its own in a user namespace from Linux 6.7.
struct MountBinfmt {
  std::string path;
};

/// Registers a line as binfmt_misc's `register` takes it.
struct LoadInterpreter {
  std::string binfmt;  ///< where binfmt_misc is mounted
  std::string line;
};

/// The environment of the program, and no other.
struct SetEnvironment {
  std::vector<std::string> entries;  ///< NAME=VALUE
  /// They are those of a process that is not trusted, and the program is the caller's: variables
  /// that lead a program to files to load or to run are the caller's (leads_to_files()).
  bool keeps_paths = false;
};

/// Adds variables to the environment of the program.
struct SetVariables {
  std::vector<std::string> entries;  ///< NAME=VALUE, or NAME for one to be removed
};

/// The security context of the program: one of SELinux, or a profile of AppArmor.
struct SetSecurityContext {
  std::string context;
  bool is_apparmor = false;
};

/// What the helper did stays, from here on.
struct KeepPins {};

/// memfd_create(2): a sealed copy of a tiny program that executes the real one. Without it, a
/// program that belongs to somebody else could write to the caller's own file through
/// /proc/self/exe (CVE-2019-5736). A later Execute uses it.
struct PrepareStarter {};

/// execvp(3): PATH is looked up where the earlier steps have led.
struct Execute {
  std::string file;
  std::vector<std::string> arguments;  ///< with argv[0]
  /// Who reports a failure of the last execve(2) on stderr, after a PrepareStarter: the calling
  /// program is gone by then. The exit status is 127 for a missing file, otherwise 126.
  std::string reporter{};
  /// Whose files it is one of, for people: "container web". Empty: the caller's.
  std::string files{};
  /// What to do where it is missing in those.
  std::string hint{};
};

}  // namespace step

using Step =
    std::variant<step::StartHelper, step::StartWatcher, step::OpenTerminal, step::CloseDescriptors,
                 step::Hide, step::BecomeOwner, step::JoinNamespace, step::Unshare,
                 step::WriteIdMaps, step::SetTimeOffsets, step::Fork, step::BecomeInit, step::Pin,
                 step::JoinCgroup, step::EnterCgroup, step::DropGroups, step::SetIds,
                 step::KeepCapabilities, step::SetOomScore, step::SetResourceLimits,
                 step::LimitPrivileges, step::SetHostname, step::BringUpLoopback,
                 step::SetPropagation, step::ChangeRoot, step::ChangeDirectory, step::MountProc,
                 step::MountSys, step::BindOver, step::MaskSockets, step::MountBinfmt,
                 step::LoadInterpreter, step::SetEnvironment, step::SetVariables,
                 step::SetSecurityContext, step::KeepPins, step::PrepareStarter, step::Execute>;

/// Whether a variable tells programs which files to load, to run or to read at their start: PATH,
/// LD_PRELOAD, BASH_ENV, PYTHONPATH, HOME.
NSX_API bool leads_to_files(std::string_view variable);

/// What will be done, in order.
struct Plan {
  std::vector<Step> steps;
  std::vector<OwnedFd> handles;  ///< keeps the descriptors in the steps open
};

/// A step's name for programs: "join", "unshare", "fork".
NSX_API const char* action(const Step& step);

/// What a step does, in words: "join the net namespace of PID 42".
NSX_API std::string describe(const Step& step);

/// Which privilege a step needs, in words: "CAP_SYS_ADMIN in the user namespace that owns it".
/// Empty: none.
NSX_API std::string needs(const Step& step);

/// The program that a plan has started.
struct Started {
  pid_t pid = 0;         ///< as the caller counts
  pid_t pid_inside = 0;  ///< as it counts itself, in its pid namespace
  std::array<NamespaceIdentity, kKindCount> namespaces{};  ///< by Kind; inode 0: has none
};

/// How the program that a plan started has ended.
struct Outcome {
  int exit_status = 0;
  int signal = 0;  ///< that ended it, or 0
  /// The errno with which output of the program could not be written from its pseudo-terminal to
  /// the caller's standard output, or 0. Its terminal was hung up then.
  int lost_output = 0;
};

/// A step that failed. Nothing after it was done.
struct PlanFailure {
  Error error;
  std::size_t step = 0;  ///< its index in the plan
};

/// Called in the waiting parent, when the program runs. Needs a plan with a Fork.
using OnStart = std::function<void(const Started&)>;

/// Carries out a plan in the calling process, which must have one thread. Does not return if all
/// goes well and the plan has no Fork: the last step replaces the program. With a Fork, the parent
/// returns the outcome of the child, and follows it when it stops and goes on; a failure after it
/// is returned in the child, which must then end (the parent's outcome is what it ends with).
/// So it is with an init (BecomeInit), and in the same way.
NSX_API tl::expected<Outcome, PlanFailure> carry_out(const Kernel& kernel, const Plan& plan,
                                                     const OnStart& on_start = {});

}  // namespace nsx

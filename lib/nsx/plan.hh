#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <variant>
#include <vector>

#include <nsx/cgroup_limits.hh>
#include <nsx/fd.hh>
#include <nsx/id_map.hh>
#include <nsx/kernel.hh>
#include <nsx/kind.hh>
#include <nsx/namespace.hh>

namespace nsx {

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

/// Opens a new pseudo-terminal here: the child that Fork makes gets it as descriptors 0, 1 and 2
/// and as its controlling terminal, and the parent copies between it and its own.
struct OpenTerminal {};

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
};

/// setgroups(2) with none.
struct DropGroups {
  bool may_be_denied = false;  ///< go on where /proc/PID/setgroups says "deny"
};

/// setgid(2), then setuid(2).
struct SetIds {
  std::optional<gid_t> gid;
  std::optional<uid_t> uid;
  bool keep_capabilities = false;  ///< permitted ones, where the UID changes from 0
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
};

/// chroot(2), to a path or an open directory. The working directory is / after it.
struct ChangeRoot {
  int fd = -1;  ///< -1: `path` is looked up when the step is done
  std::string path;
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
};

/// Mounts a sysfs on /sys that shows the net namespace of this process, and above it again all
/// that was mounted below: cgroup file systems, bpf, debug, tracing.
struct MountSys {};

/// Binds files and directories over those of the same name, as ip-netns(8) does with
/// /etc/netns/NAME and /etc. Symbolic links among them are followed only within `from`.
struct BindOver {
  std::string from;
  std::string over;
  std::vector<std::string> names;
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
};

/// The SELinux context of the program.
struct SetSecurityContext {
  std::string context;
};

/// What the helper did stays, from here on.
struct KeepPins {};

/// execvp(3): PATH is looked up where the earlier steps have led.
struct Execute {
  std::string file;
  std::vector<std::string> arguments;  ///< with argv[0]
};

}  // namespace step

using Step =
    std::variant<step::StartHelper, step::StartWatcher, step::OpenTerminal, step::Hide,
                 step::BecomeOwner, step::JoinNamespace, step::Unshare, step::WriteIdMaps,
                 step::SetTimeOffsets, step::Fork, step::BecomeInit, step::Pin, step::JoinCgroup,
                 step::EnterCgroup, step::DropGroups, step::SetIds, step::KeepCapabilities,
                 step::SetHostname, step::BringUpLoopback, step::SetPropagation, step::ChangeRoot,
                 step::ChangeDirectory, step::MountProc, step::MountSys, step::BindOver,
                 step::MountBinfmt, step::LoadInterpreter, step::SetEnvironment,
                 step::SetSecurityContext, step::KeepPins, step::Execute>;

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

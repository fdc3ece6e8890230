#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <variant>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/id_map.hh>
#include <nsx/kind.hh>

namespace nsx {

/// The steps of a plan: plain data, computed before the first of them is done. Numbers of
/// descriptors are borrowed from the Plan that the step is in.
namespace step {

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
  IdMap uids;
  IdMap gids;
  bool deny_setgroups = false;  ///< first, as an ordinary user must
};

/// fork(2): the parent stays behind and waits, the child goes on with the next step.
struct Fork {
  int death_signal = 0;  ///< sent to the child when the parent dies; 0: none
  /// What the waiting parent does when it is told to end, by INT, TERM, HUP or QUIT.
  enum class OnSignal {
    ignore_terminal,  ///< INT and TERM are ignored, the others end it: as unshare(1)
    forward,          ///< what another process sent goes on to the child
  } on_signal = OnSignal::forward;
};

/// setgroups(2) with none.
struct DropGroups {
  bool may_be_denied = false;  ///< go on where /proc/PID/setgroups says "deny"
};

/// setgid(2), then setuid(2).
struct SetIds {
  std::optional<gid_t> gid;
  std::optional<uid_t> uid;
};

/// mount(2) on / and all mounts below.
struct SetPropagation {
  enum class Mode { private_, shared, slave } mode = Mode::private_;
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

/// execvp(3): PATH is looked up where the earlier steps have led.
struct Execute {
  std::string file;
  std::vector<std::string> arguments;  ///< with argv[0]
};

}  // namespace step

using Step = std::variant<step::JoinNamespace, step::Unshare, step::WriteIdMaps, step::Fork,
                          step::DropGroups, step::SetIds, step::SetPropagation, step::ChangeRoot,
                          step::ChangeDirectory, step::MountProc, step::Execute>;

/// What will be done, in order.
struct Plan {
  std::vector<Step> steps;
  std::vector<OwnedFd> handles;  ///< keeps the descriptors in the steps open
};

/// What a step does, in words: "join the net namespace of PID 42".
NSX_API std::string describe(const Step& step);

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

/// Carries out a plan in the calling process, which must have one thread. Does not return if all
/// goes well and the plan has no Fork: the last step replaces the program. With a Fork, the parent
/// returns the outcome of the child, and follows it when it stops and goes on; a failure after it
/// is returned in the child, which must then end (the parent's outcome is what it ends with).
NSX_API tl::expected<Outcome, PlanFailure> carry_out(const Plan& plan);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// A cgroup for as long as a program runs, and where a new one goes if nobody says: below the
// caller's own, or in a scope from systemd.
//
//   const auto tree = nsx::CgroupTree::open(kernel);
//   if (!tree) return;
//   auto cgroup = nsx::TemporaryCgroup::make(*tree, {.path = "/build"}, {});

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup.hh>
#include <nsx/cgroup_change.hh>

namespace nsx {

/// A new cgroup that goes with its owner: remove() ends what is left in it and removes it. If all
/// that hold this object end without having called that, however they end, a process beside this
/// one takes care of it. (A fork holds it, too, until it executes something else.)
class NSX_API TemporaryCgroup {
 public:
  /// What becomes of it if remove() is not called.
  enum class Ending : std::uint8_t {
    killed,      ///< what is left in it is killed, and it is removed
    when_empty,  ///< it is removed when no process is left in it
  };

  /// Makes it, with what is missing above it, and with limits. Nothing of it is left if that fails.
  static Result<TemporaryCgroup> make(const CgroupTree& tree, const CgroupWanted& wanted,
                                      const CgroupChangeOptions& options,
                                      Ending ending = Ending::killed);

  /// Carries out a plan: `steps` are those of plan_cgroups() for the new cgroup at `path`.
  static Result<TemporaryCgroup> carry_out(const CgroupTree& tree, const std::string& path,
                                           std::vector<CgroupStep> steps,
                                           Ending ending = Ending::killed);

  const Cgroup& cgroup() const { return cgroup_; }

  /// Kills every process in it, and removes it with all cgroups below, and with those above that
  /// were made for it and are empty.
  Status remove();

  /// The same, and takes back what was changed outside of it to make it: controllers that were
  /// enabled in those above, and processes that were moved to a leaf. For when the program could
  /// not be started.
  Status take_back(const CgroupTree& tree);

  /// Leaves it where it is.
  void keep();

 private:
  explicit TemporaryCgroup(Cgroup cgroup) : cgroup_(std::move(cgroup)) {}

  Cgroup cgroup_;
  OwnedFd above_;                  // the directory in which the first of these was made
  std::vector<std::string> made_;  // relative to that, each above the next
  std::vector<CgroupStep> steps_;  // that made it
  OwnedFd cleaner_;                // a socket: its end without a word makes the cleaner clean
};

/// Which cgroup a program shall be in: part of a request to create or to enter namespaces.
struct CgroupRequest {
  std::optional<std::string> into;  ///< as CgroupTree::find() takes it
  std::vector<CgroupLimit> limits;  ///< of a new one below that, or below the caller's own
  std::string leaf = {};            ///< as CgroupChangeOptions has it

  bool empty() const { return !into && limits.empty(); }
};

/// Tells why a process could not be started in a cgroup, with EAGAIN: the error names the cgroup,
/// its own or one above, whose pids.max is reached. None: that is not the reason.
NSX_API std::optional<Error> explain_full(const CgroupTree& tree, const Cgroup& cgroup);

/// A name for a cgroup that is not there yet, below this path: "nsx-1234", with this PID.
NSX_API std::string unused_cgroup_name(const CgroupTree& tree, const std::string& path);

/// Where a new cgroup goes for which no place was named.
struct NewCgroupPlace {
  std::string path;  ///< of the cgroup that it goes below
  /// Where the processes that are directly in that may be moved, so that it can hand controllers
  /// down (CgroupChangeOptions::leaf). Empty: they are to stay.
  std::string leaf = {};
};

/// The place below the caller's own cgroup. Where that is a scope that systemd has delegated, or
/// was made by nsx-cg run, the caller and what started it may be moved to a leaf, "nsx-leaf"; for a
/// caller in such a leaf already, it is the cgroup above.
NSX_API Result<NewCgroupPlace> place_for_new_cgroup(const CgroupTree& tree);

/// Whether the place is systemd's, or that of the caller's own systemd, and is not delegated: a new
/// cgroup is then for a scope.
NSX_API bool needs_scope(const CgroupTree& tree, const NewCgroupPlace& place);

/// What systemd is asked for.
struct ScopeRequest {
  /// The caller's $XDG_RUNTIME_DIR, which leads to a user's own systemd; empty: /run/user/UID.
  std::string runtime_directory;
  /// What systemctl(1) shows of the scope.
  std::string description;
};

/// Moves the caller into a new scope of systemd's with Delegate=yes: a cgroup below which the
/// caller may change what it likes, and that systemd removes when no process is left in it. The
/// machine's root asks the system's systemd; others ask their own (systemd --user), or where they
/// have none the system's, for which polkit decides. libsystemd is loaded by this function.
///
/// Waits until systemd is done, for at most 30 seconds. Errors: there is no systemd that could be
/// asked, it refuses, and what it said; libsystemd.so.0 cannot be loaded. The error's hint is then
/// the beginning of a command that works where this did not, to be followed by the caller's own
/// command line: "systemd-run --user --scope -p Delegate=yes".
NSX_API Result<NewCgroupPlace> enter_new_scope(const CgroupTree& tree, const ScopeRequest& request);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// Cgroups that exist while a program runs, and the default place of new cgroups: below the caller's
// own cgroup, or in a systemd scope.
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

/// A new cgroup with the lifetime of its owner: remove() kills the processes left in it and removes
/// it. If all processes that hold this object end without calling remove(), for whatever reason, a
/// separate process does it. (A forked child holds the object until it executes another program.)
class NSX_API TemporaryCgroup {
 public:
  /// What happens to the cgroup if remove() is not called.
  enum class Ending : std::uint8_t {
    killed,      ///< the remaining processes are killed, and it is removed
    when_empty,  ///< it is removed as soon as it is empty
  };

  /// Creates the cgroup, missing ancestors, and its limits. Leaves nothing behind on failure.
  static Result<TemporaryCgroup> make(const CgroupTree& tree, const CgroupWanted& wanted,
                                      const CgroupChangeOptions& options,
                                      Ending ending = Ending::killed);

  /// Carries out a plan. `steps` are the result of plan_cgroups() for the new cgroup at `path`.
  static Result<TemporaryCgroup> carry_out(const CgroupTree& tree, const std::string& path,
                                           std::vector<CgroupStep> steps,
                                           Ending ending = Ending::killed);

  const Cgroup& cgroup() const { return cgroup_; }

  /// Kills all processes in the cgroup, removes it with its descendants, and then those ancestors
  /// that were created for it and are empty.
  Status remove();

  /// Like remove(), and also reverts the changes outside of the cgroup: controllers enabled in its
  /// ancestors, and processes moved to a leaf. For a program that could not be started.
  Status take_back(const CgroupTree& tree);

  /// Gives up ownership: the cgroup stays.
  void keep();

 private:
  explicit TemporaryCgroup(Cgroup cgroup) : cgroup_(std::move(cgroup)) {}

  Cgroup cgroup_;
  OwnedFd above_;                  // the directory in which the first cgroup was created
  std::vector<std::string> made_;  // relative to that, each the parent of the next
  std::vector<CgroupStep> steps_;  // the steps that created it
  OwnedFd cleaner_;  // a socket; if it is closed without a message, the cleaner removes the cgroup
};

/// The cgroup for a program: part of a request to create or enter namespaces.
struct CgroupRequest {
  std::optional<std::string> into;  ///< a name for CgroupTree::find()
  std::vector<CgroupLimit> limits;  ///< of a new cgroup below that one, or below the caller's own
  std::string leaf = {};            ///< see CgroupChangeOptions

  bool empty() const { return !into && limits.empty(); }
};

/// Explains an EAGAIN from starting a process in a cgroup: returns an error that names the cgroup,
/// itself or an ancestor, whose pids.max is reached. None: the reason is another one.
NSX_API std::optional<Error> explain_full(const CgroupTree& tree, const Cgroup& cgroup);

/// Returns an unused name for a cgroup below this path: "nsx-PID", with the caller's PID.
NSX_API std::string unused_cgroup_name(const CgroupTree& tree, const std::string& path);

/// The default place for a new cgroup.
struct NewCgroupPlace {
  std::string path;  ///< the parent of the new cgroup
  /// The child into which processes directly in the parent may be moved, so that it can hand
  /// controllers down (CgroupChangeOptions::leaf). Empty: they must stay.
  std::string leaf = {};
};

/// Returns the place below the caller's own cgroup. If that is a scope that systemd has delegated,
/// or was created by nsx-cg run, then the caller and the processes that started it may be moved to
/// a leaf named "nsx-leaf". If the caller already is in such a leaf, the place is the parent of the
/// leaf.
NSX_API Result<NewCgroupPlace> place_for_new_cgroup(const CgroupTree& tree);

/// Returns whether the place belongs to systemd, or to the caller's own systemd, without being
/// delegated: a new cgroup then needs a scope.
NSX_API bool needs_scope(const CgroupTree& tree, const NewCgroupPlace& place);

/// The request for a scope from systemd.
struct ScopeRequest {
  /// The caller's $XDG_RUNTIME_DIR, used to find the systemd instance of the user. Empty:
  /// /run/user/UID.
  std::string runtime_directory;
  /// The description of the scope in systemctl(1).
  std::string description;
};

/// Moves the caller into a new systemd scope with Delegate=yes: a cgroup that the caller may manage
/// freely, and that systemd removes when it is empty.
///
/// Root asks the systemd of the system. Other users ask their own (systemd --user) or, if there is
/// none, that of the system, where polkit decides. Loads libsystemd. Waits at most 30 seconds for
/// the reply.
///
/// Errors: no systemd is available; it denied the request, with its message; libsystemd.so.0 cannot
/// be loaded. The hint of the error is the beginning of a command that works instead, "systemd-run
/// --user --scope -p Delegate=yes", to be followed by the caller's command line.
NSX_API Result<NewCgroupPlace> enter_new_scope(const CgroupTree& tree, const ScopeRequest& request);

}  // namespace nsx

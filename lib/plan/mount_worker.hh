// SPDX-License-Identifier: MIT
#pragma once
// Carrying out the steps that copy mounts: for a new root directory (new_root.cc), and into the
// mount namespace of a target (mount_inside.cc).

#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/kernel.hh>
#include <nsx/plan.hh>
#include <nsx/result.hh>

namespace nsx {

/// The copies of mounts, and what is done with them.
class MountWorker {
 public:
  explicit MountWorker(const Kernel& kernel) : kernel_(kernel) {}

  Status take(const step::TakeTrees& s);

  /// The new root directory. The calling process must be in a mount namespace of its own, from
  /// which nothing propagates to others.
  Status start_root();
  Status attach(const step::AttachTree& s);
  Status mount(const step::MountNew& s);
  Status mount_text(const step::MountText& s) const;
  Status link(const step::MakeLink& s);
  Status enter_root(const step::EnterNewRoot& s);

  /// The mount namespace of a target, which the calling process has joined.
  Status mount_inside(const step::MountInside& s);
  Status unmount_inside(const step::UnmountInside& s) const;

  /// Reverts mount_inside(). Ignores failures.
  void undo();

 private:
  struct Created {
    OwnedFd directory;
    std::string name;
    bool is_directory = false;
  };

  Result<OwnedFd> open_place(const std::string& path, bool is_directory) const;
  Result<OwnedFd> make_inside(const step::MountInside& s, bool is_directory);
  Result<OwnedFd> create(OwnedFd above, const std::string& name, bool is_directory,
                         const std::string& path);

  const Kernel& kernel_;
  std::vector<OwnedFd> trees_;        ///< empty after they were attached
  OwnedFd root_;                      ///< the new root directory
  std::vector<std::string> mounted_;  ///< paths inside
  std::vector<Created> created_;      ///< inside
};

/// Creates files with the modes that are given, whatever the caller's umask(2), in its lifetime.
class ExactModes {
 public:
  ExactModes() : umask_(::umask(0)) {}
  ExactModes(ExactModes&&) = delete;
  ExactModes& operator=(ExactModes&&) = delete;
  ExactModes(const ExactModes&) = delete;
  ExactModes& operator=(const ExactModes&) = delete;
  ~ExactModes() { ::umask(umask_); }

 private:
  mode_t umask_;
};

/// Creates a file system that is not attached yet. `for_what` is for messages.
Result<OwnedFd> make_file_system(const std::string& type,
                                 const std::vector<std::pair<std::string, std::string>>& options,
                                 std::uint64_t attributes, const std::string& for_what);

/// Copies a mount of this mount namespace, detached.
Result<OwnedFd> copy_tree(const step::TakeTrees::Tree& tree);

/// Attaches a mount to an open directory or file. `what` and `path` are for messages.
Status move_mount_to(const OwnedFd& mount, const OwnedFd& place, const std::string& what,
                     const std::string& path);

}  // namespace nsx

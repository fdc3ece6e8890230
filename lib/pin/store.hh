// SPDX-License-Identifier: MIT
#pragma once
// The files of pins: their directories, bindings and journals.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/kind.hh>
#include <nsx/namespace.hh>
#include <nsx/pin.hh>

namespace nsx {

/// An open root of pins. The descriptor is borrowed and must outlive this.
struct PinRoot {
  int fd;
  const std::string& path;  ///< for messages
};

/// Opens a root of pins that no other user can redirect. If it is sticky, others may create entries
/// in it: check_owner() checks the directories below it.
Result<OwnedFd> open_root(const std::string& path);

/// Returns the name of the directory for a kind: "netns".
std::string directory_name(Kind kind);

/// Opens the directory for pins of a kind as an O_PATH descriptor. Fails with ENOTDIR for a
/// symbolic link.
Result<OwnedFd> open_kind_directory(const PinRoot& root, Kind kind);

/// Checks that an open directory can be used for pins: it must belong to root or the caller and not
/// be writable by others, who could replace the namespaces in it.
Status check_owner(int fd, const std::string& path);

/// The directory for pins of a kind, locked (flock(2)) during the lifetime of this object.
class PinDirectory {
 public:
  /// Creates the directory if necessary, waits for its lock, and prepares it for pins of its kind.
  static Result<PinDirectory> prepare(const PinRoot& root, Kind kind);

  /// Waits for the lock of an existing directory.
  static Result<PinDirectory> lock(const PinRoot& root, Kind kind);

  /// Returns an O_PATH descriptor of the topmost mount.
  int fd() const { return top_.get(); }

  bool made_directory = false;  ///< by prepare()
  bool made_mount = false;      ///< likewise: a mount of the directory onto itself

  /// Undoes prepare(), unless another process uses the directory by now.
  void withdraw();

 private:
  PinDirectory(const PinRoot& root, Kind kind);
  Status take_lock();
  Status open_top();
  Status make_mount();

  int root_;  // borrowed
  Kind kind_;
  std::string path_;
  OwnedFd lock_;
  OwnedFd top_;
};

// A name in the directory for pins of a kind, and what is mounted there.

/// Returns the ID of the mount that an open file is on, as in mountinfo (Linux 5.8).
std::optional<std::uint64_t> mount_id_of(int fd);

/// The topmost file at a name: in the directory itself, or of a mount.
struct PinEntry {
  OwnedFd fd;  ///< O_PATH; for a symbolic link, the link itself
  bool is_mount = false;
  bool is_namespace = false;   ///< a file of nsfs
  bool is_empty_file = false;  ///< the leftover of a pin without its mount: regular and empty
  bool is_directory = false;

  /// Whether nsx-pin may remove it: a mounted namespace, or an empty file in the directory.
  bool is_pin() const { return is_mount ? is_namespace : is_empty_file; }
};

/// Examines a name in an open directory. Returns nothing if it does not exist. `path` is for
/// messages.
Result<std::optional<PinEntry>> look_at_entry(int directory, const std::string& name,
                                              const std::string& path);

/// Unmounts all namespaces stacked on a name, and no other mounts. Stops at the file below them, or
/// at a mount that does not belong to the caller's mount namespace.
Status unmount_namespaces(int directory, const std::string& name, const std::string& path);

// Changing several files of a name together. A journal file marks the name as being changed: it is
// locked while a process works on the name, and removed afterwards. If it exists without a lock,
// that process was killed, and the files of the name must not be used.

/// Returns the root of a store, as used by the functions of this layer.
inline PinRoot root_of(const PinStore& store) {
  return {store.directory(), store.root()};
}

/// Opens a root to change it. Fails if it does not exist.
Result<PinStore> open_to_change(const Kernel& kernel, const std::string& root);

/// Binds an open namespace to an open file. If it fails, nothing is mounted. `path` is for
/// messages.
Result<BoundNamespace> bind_to_file(Kind kind, int fd, int file, const std::string& path);

/// Removes all files of a name and kills the inits left in their namespaces, without a journal.
Status remove_all_files(const Kernel& kernel, const PinStore& store, const std::string& name);

/// Removes the file of one kind, with the namespaces mounted on it.
Status remove_file(Kind kind, const PinRoot& root, const std::string& name);

/// Whether the init of a PID namespace is known to have exited.
bool is_dead(const Kernel& kernel, const Namespace& pid);

/// Kills the init that was left in a PID namespace to keep it alive, unless another name pins it.
Status end_left_init(const Kernel& kernel, const PinStore& store, const std::string& name,
                     const Namespace& pid);

class Journal {
 public:
  enum class State { none, busy, abandoned };

  /// Creates the journal and waits for its lock. Takes over an abandoned one, see was_abandoned.
  static Result<Journal> begin(const PinRoot& root, const std::string& name);

  bool was_abandoned = false;

  /// Completes the change; the root must still be open. Without this call the file stays, and the
  /// journal counts as abandoned.
  Status end();

  /// Returns the state of a name below an open root.
  static State look(int root, const std::string& name);

  /// Opens the directory for journals as an O_PATH descriptor. It only exists while it contains
  /// one.
  static OwnedFd open_directory(int root);

  /// Returns the names with a journal.
  static std::vector<std::string> names(int root);

 private:
  Journal() = default;

  Status lock_file(const std::string& directory, bool& made_directory);

  int root_ = -1;  // borrowed
  std::string name_;
  std::string path_;
  OwnedFd directory_;
  OwnedFd lock_;
};

}  // namespace nsx

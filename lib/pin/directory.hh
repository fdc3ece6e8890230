// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <nsx/fd.hh>
#include <nsx/kind.hh>

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

}  // namespace nsx

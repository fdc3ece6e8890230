// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <nsx/fd.hh>
#include <nsx/kind.hh>

namespace nsx {

/// An open root of pins. The descriptor belongs to somebody else, who outlives this.
struct PinRoot {
  int fd;
  const std::string& path;  ///< for messages
};

/// Opens a root of pins that no other user can redirect. Others may make entries in it if it is
/// sticky: who owns a directory below it is asked by check_owner().
Result<OwnedFd> open_root(const std::string& path);

/// The name below a root of the directory for a kind: "netns".
std::string directory_name(Kind kind);

/// Opens the directory for the pins of a kind, O_PATH. A symbolic link is ENOTDIR.
Result<OwnedFd> open_kind_directory(const PinRoot& root, Kind kind);

/// Whether an open directory below a root can be used: it must belong to root or the caller, and
/// nobody else may write to it, who could put other namespaces there.
Status check_owner(int fd, const std::string& path);

/// The directory for the pins of a kind, locked (flock(2)) as long as this lives.
class PinDirectory {
 public:
  /// Makes the directory, waits for its lock, and makes it ready for pins of its kind.
  static Result<PinDirectory> prepare(const PinRoot& root, Kind kind);

  /// Waits for the lock of an existing one.
  static Result<PinDirectory> lock(const PinRoot& root, Kind kind);

  /// O_PATH, on the topmost mount.
  int fd() const { return top_.get(); }

  bool made_directory = false;  ///< by prepare()
  bool made_mount = false;      ///< likewise, of the directory onto itself

  /// Undoes what prepare() did, unless somebody else uses the directory by now.
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

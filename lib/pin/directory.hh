#pragma once

#include <string>

#include <nsx/fd.hh>
#include <nsx/kind.hh>

namespace nsx {

/// A directory for pins, locked (flock(2)) as long as this lives.
class PinDirectory {
 public:
  /// Makes the directory, waits for its lock, and makes it ready for pins of this kind.
  static Result<PinDirectory> prepare(const std::string& path, Kind kind);

  /// Waits for the lock of one that is there.
  static Result<PinDirectory> lock(const std::string& path);

  /// Whether its files can be taken for pins: root's or the caller's, and nobody else can write to
  /// it, who could put other namespaces there.
  static Status check_owner(int fd, const std::string& path);

  int fd() const { return lock_.get(); }

  bool made_directory = false;  ///< by prepare()
  bool made_mount = false;      ///< likewise, of the directory onto itself

  /// Undoes what prepare() did, unless somebody else uses the directory by now.
  void withdraw();

 private:
  explicit PinDirectory(std::string path) : path_(std::move(path)) {}
  Status make_mount(Kind kind);

  std::string path_;
  OwnedFd lock_;
};

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// Changing several files of a name together. A journal file marks the name as being changed: it is
// locked while a process works on the name, and removed afterwards. If it exists without a lock,
// that process was killed, and the files of the name must not be used.

#include <string>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/namespace.hh>
#include <nsx/pin.hh>

#include "pin/directory.hh"

namespace nsx {

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

// SPDX-License-Identifier: MIT
#pragma once
// Changes of several files of one name: a journal says that they are being changed together. It is
// a file that is locked as long as somebody works on them, and removed when that is done. If it is
// there and not locked, that one was killed, and what there is of the name is not to be used.

#include <string>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/namespace.hh>
#include <nsx/pin.hh>

#include "pin/directory.hh"

namespace nsx {

/// The root of a store, as the functions of this layer take it.
inline PinRoot root_of(const PinStore& store) {
  return {store.directory(), store.root()};
}

/// Opens a root to change it: a missing one is an error.
Result<PinStore> open_to_change(const Kernel& kernel, const std::string& root);

/// Binds an open namespace to an open file. Nothing is mounted if it fails. `path` is for messages.
Result<BoundNamespace> bind_to_file(Kind kind, int fd, int file, const std::string& path);

/// Removes all files of a name, and ends the inits left in their namespaces: without a journal.
Status remove_all_files(const Kernel& kernel, const PinStore& store, const std::string& name);

/// Removes the file of one kind, with the namespaces mounted on it.
Status remove_file(Kind kind, const PinRoot& root, const std::string& name);

/// Whether the init of a pid namespace is known to have exited.
bool is_dead(const Kernel& kernel, const Namespace& pid);

/// Ends the init that was left in a pid namespace to keep it alive, unless another name keeps it.
Status end_left_init(const Kernel& kernel, const PinStore& store, const std::string& name,
                     const Namespace& pid);

class Journal {
 public:
  enum class State { none, busy, abandoned };

  /// Makes it, and waits for its lock. One that was abandoned is taken over: see was_abandoned.
  static Result<Journal> begin(const PinRoot& root, const std::string& name);

  bool was_abandoned = false;

  /// The change is complete, and the root still open. Without it the file stays when this ends:
  /// abandoned.
  Status end();

  /// What there is of a name, below an open root.
  static State look(int root, const std::string& name);

  /// The directory that they are in, O_PATH, which exists only as long as one of them does.
  static OwnedFd open_directory(int root);

  /// The names that have one.
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

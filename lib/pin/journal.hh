#pragma once
// What says that several files of one name are being changed together: a file that is locked as
// long as somebody works on them, and removed when that is done. If it is there and not locked,
// that one was killed, and what there is of the name is not to be used.

#include <string>
#include <vector>

#include <nsx/fd.hh>

namespace nsx {

class Journal {
 public:
  enum class State { none, busy, abandoned };

  /// Makes it, and waits for its lock. One that was abandoned is taken over: see was_abandoned.
  static Result<Journal> begin(const std::string& root, const std::string& name);

  bool was_abandoned = false;

  /// The change is complete. Without it the file stays when this ends: abandoned.
  Status end();

  /// What there is of a name, below an open root.
  static State look(int root, const std::string& name);

  /// Where they are, which is there only as long as one of them is.
  static std::string directory(const std::string& root);

  /// The names that have one.
  static std::vector<std::string> names(int root);

 private:
  Journal() = default;

  std::string path_;
  OwnedFd lock_;
};

}  // namespace nsx

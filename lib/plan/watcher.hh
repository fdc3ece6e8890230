#pragma once

#include <sys/types.h>

#include <nsx/fd.hh>

namespace nsx {

/// A process that sends a signal to another when this one dies, even by SIGKILL, and even if the
/// other has changed its ids, which ends a parent-death signal. It stays in the pid namespace in
/// which it was started, out of reach of what it watches.
class Watcher {
 public:
  static Result<Watcher> start(int signal);

  Watcher(Watcher&& other) noexcept = default;
  Watcher& operator=(Watcher&& other) noexcept = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  /// In a child of the process that started it, before that does anything else: names it as the one
  /// to send the signal to, and lets the watcher go.
  Status watch_this_process();

 private:
  Watcher(OwnedFd connection, pid_t pid) : connection_(std::move(connection)), pid_(pid) {}

  OwnedFd connection_;  // its end tells our death
  pid_t pid_;
};

}  // namespace nsx

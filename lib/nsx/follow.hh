#pragma once

#include <optional>
#include <vector>

namespace nsx {

/// What the process that stays behind does while it waits for the program: part of a request to
/// create or to enter.
struct FollowRequest {
  /// A signal for the program when the waiting process dies, however that happens.
  std::optional<int> kill_child;
  /// Signals that go on to the program, when another process has sent them.
  std::vector<int> forward;
  /// Gives the program a pseudo-terminal of its own, and copies between it and the caller's.
  bool terminal = false;
  /// Somebody wants to know when the program has started and ended (OnStart, Outcome).
  bool report = false;

  /// Whether that takes a process that stays behind.
  bool implies_fork() const { return kill_child || terminal || report; }
};

}  // namespace nsx

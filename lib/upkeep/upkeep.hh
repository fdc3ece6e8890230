// SPDX-License-Identifier: MIT
#pragma once
// Maintenance of pins: garbage collection and watching.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nsx/pin.hh>

namespace nsx {

// Removing garbage: nsx-pin gc.

/// Removes stale pins, which are empty regular files, and pins that a killed process left half-made
/// or half-removed. Leaves alone pins that another process is working on, and those mounted in
/// another mount namespace (`PinStore::examine`). Returns what was removed or, with `dry_run`, what
/// would be.
Result<std::vector<PinFile>> collect_pin_garbage(const Kernel& kernel, const std::string& root,
                                                 bool dry_run);

/// An event about a pin.
struct PinEvent {
  enum class What : std::uint8_t {
    added,    ///< it exists, and its namespace can be entered
    removed,  ///< its file is gone
    stale,    ///< its file has had no namespace that can be entered for half a second
  };
  What what = What::added;
  PinFile pin;
};

/// Returns "add", "del" or "stale".
const char* name(PinEvent::What what);

/// Converts successive lists of pins to events. Pure: the caller passes the time.
class PinHistory {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Key = std::pair<std::string, Kind>;

  /// How long a file may lack its namespace, which is normal while it is created or removed.
  static constexpr std::chrono::milliseconds kGrace{500};

  /// Starts with the existing pins, for which there are no events.
  explicit PinHistory(const std::vector<PinFile>& pins);

  /// Returns the events up to now. `removed`: files that were removed since the last call, even if
  /// they exist again. There is no event for a pin that was added and removed in between.
  std::vector<PinEvent> update(const std::vector<PinFile>& pins, const std::set<Key>& removed,
                               Time now);

  /// Returns when the next file will have lacked its namespace for too long, if any does.
  std::optional<Time> next_due() const;

 private:
  struct Known {
    PinFile pin;
    bool is_live = false;     ///< as reported
    bool is_told = false;     ///< reported as existing, live or stale
    std::optional<Time> due;  ///< when it will be reported as lacking its namespace
  };
  static void look(Known& known, const PinFile& pin, Time now, std::vector<PinEvent>& events);

  std::map<Key, Known> known_;
};

/// Watches all pins below a root: their files through inotify(7), and the mounts on them through
/// poll(2) of mountinfo (proc(5)), as a file exists before its namespace is mounted and may remain
/// afterwards. The directories need not exist yet.
class PinWatch {
 public:
  /// Starts watching. `is_users`: the root belongs to an unprivileged user, whose pins a PinHolder
  /// keeps.
  static Result<PinWatch> start(const Kernel& kernel, std::string root, bool is_users);

  /// Returns the pins as of the last start() or wait().
  const std::vector<PinFile>& pins() const { return pins_; }

  /// Waits until there is an event, the state of a pin changes, or the deadline passes. In the last
  /// two cases the result is empty.
  Result<std::vector<PinEvent>> wait(const Kernel& kernel,
                                     std::optional<PinHistory::Time> deadline = {});

 private:
  PinWatch(std::string root, bool is_users) : root_(std::move(root)), is_users_(is_users) {}

  Status watch_directories();
  Status drain(std::set<PinHistory::Key>& removed) const;
  Status look_at_holder(const Kernel& kernel);
  Result<PinStore> open_store(const Kernel& kernel);
  Status settle(const Kernel& kernel, std::set<PinHistory::Key>& removed);
  Result<bool> poll(std::optional<PinHistory::Time> deadline);

  std::string root_;
  bool is_users_;
  OwnedFd inotify_;
  std::map<int, std::optional<Kind>> watches_;  // none: not a directory for pins
  pid_t holder_ = 0;  // the PID of the process with the mounts; 0 for the caller
  OwnedFd mountinfo_;
  OwnedFd holder_end_;  // a pidfd
  std::vector<PinFile> pins_;
  std::optional<PinHistory> history_;
};

}  // namespace nsx

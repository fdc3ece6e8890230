// SPDX-License-Identifier: MIT
#pragma once

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

/// What happened to a pin.
struct PinEvent {
  enum class What : std::uint8_t {
    added,    ///< it is there, and its namespace can be entered
    removed,  ///< its file is gone
    stale,    ///< its file is left, without a namespace that can be entered, for half a second
  };
  What what = What::added;
  PinFile pin;
};

/// "add", "del", "stale".
const char* name(PinEvent::What what);

/// Turns lists of pins into what has happened between them. Pure: it is told the time.
class PinHistory {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Key = std::pair<std::string, Kind>;

  /// How long a file may be without its namespace, as it is while it is being made or removed.
  static constexpr std::chrono::milliseconds kGrace{500};

  /// The pins that are there at first: nothing has happened to them.
  explicit PinHistory(const std::vector<PinFile>& pins);

  /// What has happened by now. `removed`: the files that were removed since the last call, whatever
  /// is there by now. One that came and went in between is not told of.
  std::vector<PinEvent> update(const std::vector<PinFile>& pins, const std::set<Key>& removed,
                               Time now);

  /// When the next file will have been without a namespace for too long, if one is.
  std::optional<Time> next_due() const;

 private:
  struct Known {
    PinFile pin;
    bool is_live = false;     ///< as was told
    bool is_told = false;     ///< that it is there, live or stale
    std::optional<Time> due;  ///< without a namespace, and not told so: when it will be
  };
  static void look(Known& known, const PinFile& pin, Time now, std::vector<PinEvent>& events);

  std::map<Key, Known> known_;
};

/// Watches all pins below a root: their files by inotify(7), and the mounts on them by poll(2) of
/// mountinfo (proc(5)), as a file is there before its namespace, and may be left when that is gone.
/// A directory for pins need not be there yet.
class PinWatch {
 public:
  /// `is_users`: the root is an ordinary user's own, whose pins a PinHolder keeps.
  static Result<PinWatch> start(const Kernel& kernel, std::string root, bool is_users);

  /// The pins, as they were when start() or wait() looked last.
  const std::vector<PinFile>& pins() const { return pins_; }

  /// Waits until something happens to a pin, or its state changes, or until a time has come: then
  /// there is no event.
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
  std::map<int, std::optional<Kind>> watches_;  // none: not a directory of pins
  pid_t holder_ = 0;                            // whose mounts these are; 0: the caller's
  OwnedFd mountinfo_;
  OwnedFd holder_end_;  // a pidfd
  std::vector<PinFile> pins_;
  std::optional<PinHistory> history_;
};

}  // namespace nsx

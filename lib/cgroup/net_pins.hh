// SPDX-License-Identifier: MIT
#pragma once
// Where the network programs of cgroups are pinned: /sys/fs/bpf/nsx, in it a directory for each
// cgroup, by its id.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nsx/fd.hh>

namespace nsx {

/// What is pinned in a cgroup's directory.
inline constexpr const char* kNetBuckets = "buckets";
inline constexpr const char* kNetCounters = "counters";
inline constexpr const char* kNetLinkIn = "in";
inline constexpr const char* kNetLinkOut = "out";

/// The directory of all pins, locked against other writers as long as this lives.
class NetPins {
 public:
  /// Makes it if it is missing. An entry of that name that belongs to another user is removed or
  /// renamed first. Errors: no bpffs; no right to rename; a directory that other users can write
  /// to.
  static Result<NetPins> prepare();

  /// None: it is missing, or another user has taken its name.
  static Result<std::optional<NetPins>> lock();

  /// Makes the directory of a cgroup, and tells its path.
  Result<std::string> make(std::uint64_t id);

  /// Takes away the pins of a cgroup: its programs are detached by that. False: there were none.
  Result<bool> remove(std::uint64_t id);

  /// The same of all cgroups that are gone, and of what was left half-made.
  void remove_stale();

 private:
  NetPins() = default;
  Status take_lock();

  OwnedFd directory_;
  OwnedFd lock_;
};

/// Whether both programs are attached and pinned for this cgroup, which lives. Told under the lock.
bool are_net_pins_whole(std::uint64_t id);

/// The directory of a cgroup's pins, to be read without a lock, once the directory of all is known
/// to be nobody else's: check_net_pins(), which says whether it is there.
std::string net_pins_path(std::uint64_t id);
Result<bool> check_net_pins();

/// The ids of those that have pins, ascending.
Result<std::vector<std::uint64_t>> list_net_pins();

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// Where the network programs of cgroups are pinned: in /sys/fs/bpf/nsx, in a directory for each
// cgroup, named by its id.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nsx/fd.hh>

namespace nsx {

/// The entries in a cgroup's directory.
inline constexpr const char* kNetBuckets = "buckets";
inline constexpr const char* kNetCounters = "counters";
inline constexpr const char* kNetLinkIn = "in";
inline constexpr const char* kNetLinkOut = "out";

/// The directory for all pins, locked against other writers during the lifetime of this object.
class NetPins {
 public:
  /// Opens and locks it, and creates it if necessary. An entry of that name that belongs to another
  /// user is first removed or renamed. Errors: no bpffs; no permission to rename; a directory that
  /// other users can write to.
  static Result<NetPins> prepare();

  /// Opens and locks it. Returns nothing if it does not exist or another user has taken its name.
  static Result<std::optional<NetPins>> lock();

  /// Creates the directory for a cgroup and returns its path.
  Result<std::string> make(std::uint64_t id);

  /// Removes the pins of a cgroup, which detaches its programs. Returns whether there were any.
  Result<bool> remove(std::uint64_t id);

  /// Removes the pins of all cgroups that no longer exist, and incomplete ones.
  void remove_stale();

 private:
  NetPins() = default;
  Status take_lock();

  OwnedFd directory_;
  OwnedFd lock_;
};

/// Whether both programs are attached and pinned for this cgroup, which exists. Needs the lock.
bool are_net_pins_whole(std::uint64_t id);

/// Returns the directory for the pins of a cgroup. It may be read without the lock once
/// check_net_pins() has returned true: the directory for all pins exists and belongs to no other
/// user.
std::string net_pins_path(std::uint64_t id);
Result<bool> check_net_pins();

/// Returns the ids of the cgroups with pins, in ascending order.
Result<std::vector<std::uint64_t>> list_net_pins();

}  // namespace nsx

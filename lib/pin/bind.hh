// SPDX-License-Identifier: MIT
#pragma once
// A name in the directory for pins of a kind, and what is mounted there.

#include <cstdint>
#include <optional>
#include <string>

#include <nsx/fd.hh>

namespace nsx {

/// Returns the ID of the mount that an open file is on, as in mountinfo (Linux 5.8).
std::optional<std::uint64_t> mount_id_of(int fd);

/// The topmost file at a name: in the directory itself, or of a mount.
struct PinEntry {
  OwnedFd fd;  ///< O_PATH; for a symbolic link, the link itself
  bool is_mount = false;
  bool is_namespace = false;   ///< a file of nsfs
  bool is_empty_file = false;  ///< the leftover of a pin without its mount: regular and empty
  bool is_directory = false;

  /// Whether nsx-pin may remove it: a mounted namespace, or an empty file in the directory.
  bool is_pin() const { return is_mount ? is_namespace : is_empty_file; }
};

/// Examines a name in an open directory. Returns nothing if it does not exist. `path` is for
/// messages.
Result<std::optional<PinEntry>> look_at_entry(int directory, const std::string& name,
                                              const std::string& path);

/// Unmounts all namespaces stacked on a name, and no other mounts. Stops at the file below them, or
/// at a mount that does not belong to the caller's mount namespace.
Status unmount_namespaces(int directory, const std::string& name, const std::string& path);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// A name in the directory for the pins of a kind, and what is mounted there.

#include <cstdint>
#include <optional>
#include <string>

#include <nsx/fd.hh>

namespace nsx {

/// The ID of the mount that an open file is on, as in mountinfo (Linux 5.8).
std::optional<std::uint64_t> mount_id_of(int fd);

/// The topmost file at a name: of the directory itself, or of a mount.
struct PinEntry {
  OwnedFd fd;  ///< O_PATH; of a symbolic link, the link itself
  bool is_mount = false;
  bool is_namespace = false;  ///< a file of nsfs
  bool is_empty_file =
      false;  ///< what is left of a pin without its mount: regular, with no content
  bool is_directory = false;

  /// Whether nsx-pin may remove it: a mounted namespace, or an empty file of the directory.
  bool is_pin() const { return is_mount ? is_namespace : is_empty_file; }
};

/// Looks at a name in an open directory; none: there is no such file. `path` is for messages.
Result<std::optional<PinEntry>> look_at_entry(int directory, const std::string& name,
                                              const std::string& path);

/// Unmounts the namespaces stacked on a name, and nothing else. Stops at the file below them, or at
/// a mount that is not in the caller's mount namespace.
Status unmount_namespaces(int directory, const std::string& name, const std::string& path);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// A mountinfo as a table, to find the file that something is mounted on independently of the path.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <nsx/inside.hh>

namespace nsx {

/// A file, identified by its place in its file system: the same in all mount namespaces.
struct FilePlace {
  std::string device;  ///< of the file system, as in mountinfo: "0:25"
  std::string path;    ///< from the root of the file system: "/netns/blue"

  bool operator==(const FilePlace&) const = default;
};

/// The lines of a mountinfo by mount id. They refer to the text, which must outlive the table.
class MountTable {
 public:
  explicit MountTable(std::string_view text);

  /// Returns the place of a path on a mount, with paths as in this mountinfo. None: it is not on
  /// that mount.
  std::optional<FilePlace> place(std::uint64_t mount_id, std::string_view path) const;

  /// Returns the file below a mount, and below mounts stacked on the same file. None: it is outside
  /// of this mountinfo.
  std::optional<FilePlace> mounted_on(const MountInfo& mount) const;

  /// Returns whether a mount contains the file, even if it is hidden by other mounts.
  bool shows(const FilePlace& file) const;

 private:
  std::unordered_map<std::uint64_t, MountInfo> mounts_;
};

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// A mountinfo as a table: which file something is mounted on, whatever path leads to it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <nsx/inside.hh>

namespace nsx {

/// A file by its place in its file system: the same in each mount namespace that shows it.
struct FilePlace {
  std::string device;  ///< of the file system, as mountinfo spells it: "0:25"
  std::string path;    ///< from the top of the file system: "/netns/blue"

  bool operator==(const FilePlace&) const = default;
};

/// The lines of a mountinfo by mount ID. They point into the text, which outlives this.
class MountTable {
 public:
  explicit MountTable(std::string_view text);

  /// The place of a path on a mount, as the same mountinfo spells paths; none: not on that mount.
  std::optional<FilePlace> place(std::uint64_t mount_id, std::string_view path) const;

  /// The file that lies below a mount, and below those stacked on the same file. None: it is
  /// outside of what the mountinfo shows.
  std::optional<FilePlace> mounted_on(const MountInfo& mount) const;

  /// Whether some mount shows a file, or would without other mounts over it.
  bool shows(const FilePlace& file) const;

 private:
  std::unordered_map<std::uint64_t, MountInfo> mounts_;
};

}  // namespace nsx

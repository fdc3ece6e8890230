// SPDX-License-Identifier: MIT
#pragma once
// Namespace files: links in proc(5) and mounts.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unordered_map>

#include <nsx/inside.hh>
#include <nsx/namespace.hh>

namespace nsx {

/// Returns the device number of nsfs, which contains all namespace files; 0 if /proc shows none.
dev_t nsfs_device(const Kernel& kernel);

/// Returns whether the calling process, whose proc mount this is, is in the namespace of this kind
/// (user, pid or time) that the kernel started with.
bool is_in_initial(int proc, Kind kind);

/// Opens a namespace through a link in the proc mount, relative to `dir`: 42/ns/net. Such links
/// lead directly to the namespace and involve no other file system.
Result<Namespace> open_namespace_link(const Kernel& kernel, int dir, const std::string& path);

/// Opens a namespace file that was found in a mountinfo, relative to the root directory `dir` of a
/// process ("./run/netns/blue") or AT_FDCWD. Errors: ETIMEDOUT, a file system in the path does not
/// answer.
Result<Namespace> open_found_namespace(const Kernel& kernel, int dir, const std::string& path);

// A mountinfo as a table, to find the file that something is mounted on independently of the path.

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

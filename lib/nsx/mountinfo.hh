#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nsx/result.hh>

namespace nsx {

/// One line of /proc/PID/mountinfo (proc(5)). The views point into the parsed text and still hold
/// its escapes: see unescape_mount_field().
struct MountInfo {
  std::uint64_t mount_id = 0;
  std::uint64_t parent_id = 0;
  std::string_view device;       ///< "0:4", major and minor
  std::string_view root;         ///< of the mount in its file system; of nsfs: "net:[4026531840]"
  std::string_view mount_point;  ///< relative to the reader's root
  std::string_view options;      ///< of the mount: "rw,nosuid"
  std::string_view optional_fields;  ///< "shared:1 master:2", or empty
  std::string_view type;             ///< of the file system: "nsfs"
  std::string_view source;
  std::string_view super_options;
};

/// Parses one line, without its line feed.
NSX_API std::optional<MountInfo> parse_mountinfo_line(std::string_view line);

/// Takes the next line off `text` and parses it; none at its end. Lines that make no sense are
/// passed over: the kernel writes none, and one of them must not hide the others.
NSX_API std::optional<MountInfo> next_mount(std::string_view& text);

/// `field` with \040 and the like turned back into the characters that they stand for.
NSX_API std::string unescape_mount_field(std::string_view field);

}  // namespace nsx

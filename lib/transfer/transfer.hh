// SPDX-License-Identifier: MIT
#pragma once
// Copies files into and out of a target without running a program there: nsx-enter --get and --put.
//
// Two processes take part. One works on the host with the caller's rights, the other in the target,
// and each touches its own side only, through descriptors. The reading one sends open files; the
// writing one never follows a link in what it writes, and is always a child, so that a target whose
// files do not answer does not hold the caller.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/id_map.hh>
#include <nsx/kernel.hh>
#include <nsx/namespace.hh>
#include <nsx/result.hh>
#include <nsx/target.hh>

namespace nsx {

/// One copy to make.
struct Copy {
  enum class Direction : std::uint8_t { get, put };

  Direction direction = Direction::get;
  std::string source;
  std::string destination;

  bool operator==(const Copy&) const = default;
};

/// The path that stands for standard input as a source, and standard output as a destination.
inline constexpr const char* kStandardStream = "-";

/// Splits an argument at colons. A backslash before a colon or a backslash makes it part of a path.
std::vector<std::string> split_paths(std::string_view text);

/// Parses "SRC[:DEST]"; without DEST, that is ".". A backslash before a colon or a backslash makes
/// it part of a path. Errors: an empty path; more than one colon.
Result<Copy> parse_get(std::string_view text);

/// Parses "SRC:DEST", in the same way. Errors: also a missing DEST.
Result<Copy> parse_put(std::string_view text);

/// Describes a copy in one line: "copy /var/log/app.log of container web to .".
std::string describe(const Copy& copy, const std::string& target);

/// How owners change between the host and a target.
struct OwnerMaps {
  bool keeps_owners = false;  ///< false: files belong to the user who writes them
  std::optional<IdMap> uids;  ///< of the target's user namespace; none: it is the caller's own
  std::optional<IdMap> gids;
};

/// The files of a target, and how a child gets its rights over them.
struct TransferTarget {
  std::string name;   ///< for messages: "container web (PID 42)"
  OwnedFd root = {};  ///< of the process or, without one, of the mount namespace
  OwnerMaps owners = {};
  /// The user namespace that the child joins, and its ids there. None: the caller's rights suffice.
  std::optional<Namespace> user = {};
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Opens the files of a target. A caller with the capabilities that copying files of others needs
/// keeps its own user namespace; others join the target's. Errors: the target has no mount
/// namespace; no permission.
Result<TransferTarget> open_transfer_target(const Kernel& kernel, const Target& target);

/// Called while files are copied.
struct TransferEvents {
  /// Something was left out: "skipped the socket /run/x".
  std::function<void(const std::string& text)> note;
  /// So many bytes were copied, of all files so far. Null: not needed.
  std::function<void(std::uint64_t bytes)> progress;
};

/// Makes one copy. Stops at the first error, and leaves no incomplete file. Files that were copied
/// before stay. Must be called by a single-threaded process.
Status transfer(const TransferTarget& target, const Copy& copy, const TransferEvents& events);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// What is to be known of one namespace.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nsx/census.hh>
#include <nsx/id_map.hh>
#include <nsx/inside.hh>
#include <nsx/process.hh>

#include "nsx-ls/holder_list.hh"

namespace nsx::ls_tool {

/// A user namespace on the way from an owner up to the first one that the caller may see.
struct OwnerStep {
  NamespaceIdentity identity;
  std::optional<uid_t> creator;

  bool is_first() const { return identity.inode == kFirstUserInode; }
  static constexpr ino_t kFirstUserInode = 0xEFFFFFFD;  ///< of the machine
};

/// A process in the namespace.
struct Member {
  pid_t pid = 0;
  pid_t pid_inside = 0;  ///< in its own pid namespace; 0: not to be read
  pid_t parent = 0;
  uid_t uid = 0;
  std::string command;
};

struct UserMaps {
  IdMap uids;
  IdMap gids;
};

struct ClockOffset {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  bool operator==(const ClockOffset&) const = default;
};

/// Of a time namespace (time_namespaces(7)).
struct TimeOffsets {
  ClockOffset monotonic;
  ClockOffset boottime;

  bool operator==(const TimeOffsets&) const = default;
};

/// The mounts of a mount namespace, as a process in it sees them.
struct Mounts {
  std::uint64_t count = 0;
  std::string root_source;  ///< of the mount on "/": "/dev/vda1", "overlay"
  std::string root_type;    ///< "ext4"
  std::string root_path;    ///< in its file system: "/", "/var/lib/machines/web"

  bool operator==(const Mounts&) const = default;
};

/// A namespace and what it holds; of the last ones, those that its kind has and that could be read.
struct Detail {
  Kind kind = Kind::cgroup;
  NamespaceIdentity identity;
  std::optional<uid_t> creator;   ///< of a user namespace, as the caller counts
  std::vector<OwnerStep> owners;  ///< the next one first
  std::optional<NamespaceIdentity> parent;
  std::vector<Holder> holders;
  std::vector<Member> members;  ///< by PID

  std::optional<std::vector<Interface>> interfaces;
  std::optional<HostNames> names;
  std::optional<UserMaps> maps;
  std::optional<TimeOffsets> offsets;
  std::optional<Mounts> mounts;
  std::optional<pid_t> init;
};

/// What a namespace holds, and why some of that could not be read.
struct DetailWithGaps {
  Detail detail;
  CensusIndex index = kNone;  ///< in the census; kNone: that has not seen it
  std::vector<Error> gaps;
};

/// Finds out about an open namespace, which the census may have seen.
DetailWithGaps read_detail(const Kernel& kernel, const Census& census, const Namespace& ns);

/// What /proc/PID/timens_offsets says, or none if it makes no sense.
std::optional<TimeOffsets> parse_time_offsets(std::string_view text);

/// What a mountinfo text says.
Mounts summarize_mounts(std::string_view mountinfo);

/// The last number of the line NSpid in /proc/PID/status: the PID that the process has for itself.
std::optional<pid_t> innermost_pid(std::string_view status);

}  // namespace nsx::ls_tool

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nsx/census.hh>
#include <nsx/id_map.hh>
#include <nsx/inside.hh>
#include <nsx/process.hh>

#include "common/json.hh"
#include "nsx-ls/facts.hh"
#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

/// The census of all sources in which operands are found. Taken once, on first use.
class OperandCensus {
 public:
  /// Both arguments must outlive this object.
  OperandCensus(const Kernel& kernel, const ViewRequest& request)
      : kernel_(kernel), request_(request) {}

  Result<const Census*> get();

 private:
  const Kernel& kernel_;
  const ViewRequest& request_;
  std::optional<Census> census_;
};

/// A namespace that a census has found but that cannot be opened, for example because its only
/// mount is covered.
struct Unopened {
  Kind kind = Kind::cgroup;
  ino_t inode = 0;
  Error why;
};

/// The meaning of an operand: namespaces, which are shown one by one, or a process, whose
/// namespaces are listed. A plain number is that of a namespace.
struct Named {
  std::vector<Namespace> namespaces;
  std::vector<Unopened> unopened;
  std::optional<pid_t> process;
};

/// Resolves the operand `text`. Only namespaces of `kinds` count, unless that is empty.
Result<Named> find_named(const Kernel& kernel, OperandCensus& census, const std::string& text,
                         KindSet kinds);

/// Prints the namespaces: lines about their contents, then a table of processes; only the table if
/// columns, no headings or raw output were requested. Returns the exit status.
Result<int> show_detail(const Kernel& kernel, OperandCensus& operands,
                        const std::vector<Namespace>& namespaces,
                        const std::vector<Unopened>& unopened, const ViewRequest& request);

// Reads everything about one namespace.

/// A user namespace in the chain of owners, up to the last one that the caller may see.
struct OwnerStep {
  NamespaceIdentity identity;
  std::optional<uid_t> creator;

  bool is_first() const { return identity.inode == kFirstUserInode; }
  static constexpr ino_t kFirstUserInode = 0xEFFFFFFD;  ///< of the initial user namespace
};

/// A process in the namespace.
struct Member {
  pid_t pid = 0;
  pid_t pid_inside = 0;  ///< in its own PID namespace; 0: unreadable
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

/// The clock offsets of a time namespace (time_namespaces(7)).
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

/// A namespace and its contents. The optional members are set if the kind has them and they could
/// be read.
struct Detail {
  Kind kind = Kind::cgroup;
  NamespaceIdentity identity;
  std::optional<uid_t> creator;   ///< of a user namespace, in the caller's user namespace
  std::vector<OwnerStep> owners;  ///< the direct owner first
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

/// The contents of a namespace, and the errors of what could not be read.
struct DetailWithGaps {
  Detail detail;
  CensusIndex index = kNone;  ///< in the census; kNone: not found there
  std::vector<Error> gaps;
};

/// Reads the contents of an open namespace, which need not be in the census.
DetailWithGaps read_detail(const Kernel& kernel, const Census& census, const Namespace& ns);

/// Parses /proc/PID/timens_offsets; none if it is malformed.
std::optional<TimeOffsets> parse_time_offsets(std::string_view text);

/// Summarizes the text of a mountinfo file.
Mounts summarize_mounts(std::string_view mountinfo);

/// Returns the last number of the line NSpid in /proc/PID/status: the PID in the process's own PID
/// namespace.
std::optional<pid_t> innermost_pid(std::string_view status);

// Prints a namespace as lines and as JSON.

/// Returns "key: value" lines. Text from inside the namespace is escaped. Long values are broken
/// between words, or cut, so that no line is wider than `width` columns; 0: no limit.
std::string lines_of(const Detail& detail, std::size_t width = 0);

/// Writes a namespace as an object.
void write_json(const Detail& detail, cli::JsonWriter& json);

/// Returns the name of a user, or the UID if it has none.
std::string user_name(uid_t uid);

}  // namespace nsx::ls_tool

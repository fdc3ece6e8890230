// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/census.hh>
#include <nsx/id_map.hh>
#include <nsx/inside.hh>
#include <nsx/kind.hh>
#include <nsx/namespace.hh>
#include <nsx/process.hh>

#include "common/json.hh"
#include "common/options.hh"
#include "common/table.hh"
#include "nsx-ls/facts.hh"

namespace nsx::ls_tool {

/// A request for a view.
struct ViewRequest {
  KindSet kinds;                     ///< of -t; empty: not given
  std::optional<pid_t> process;      ///< of -p
  std::vector<pid_t> processes;      ///< named by operands
  const char* columns = nullptr;     ///< of -o, as given
  bool list = false;                 ///< -l
  std::vector<std::string> targets;  ///< the operands
  std::string matrix_rows;           ///< the argument of --matrix
  bool all = false;                  ///< --all
  bool for_person = false;           ///< stderr is read by a person
  bool as_lsns = false;              ///< called as lsns
  cli::TableOptions table;

  KindSet kinds_or_all() const { return kinds.empty() ? KindSet::all() : kinds; }
};

/// Shows the view that the command line selects and returns the exit status. None, with nothing
/// printed, if that is the list; `request.processes` then has the processes named by operands.
std::optional<int> show_view(const cli::CommandLine& line, ViewRequest& request);

/// Prints one row per column. Returns the exit status.
Result<int> show_columns(const ViewRequest& request);

// --compare: whether targets are in the same namespaces.

/// The exit status on errors; 0 and 1 are answers, as in cmp(1).
inline constexpr int kCannotCompare = 2;

/// A target to compare.
struct Compared {
  std::string target;        ///< as given
  std::optional<pid_t> pid;  ///< if it is a process
  std::array<std::optional<NamespaceIdentity>, kKindCount> namespaces;

  const std::optional<NamespaceIdentity>& in(Kind kind) const {
    return namespaces[static_cast<std::size_t>(kind)];
  }
};

struct ComparedKind {
  Kind kind = Kind::cgroup;
  bool is_same = false;  ///< for all targets
};

/// Compares the targets in the kinds that all of them have.
std::vector<ComparedKind> compare(const std::vector<Compared>& all);

/// Prints one row per kind. Returns 0 if the targets share all namespaces, otherwise 1.
Result<int> show_compare(const ViewRequest& request);

// --limits: the number of namespaces, and how many are allowed.

struct KindLimits {
  Kind kind = Kind::cgroup;
  std::uint64_t used = 0;
  std::optional<std::uint64_t> max;  ///< none: unreadable
  /// The depth of the deepest one below the caller's own, and the depth allowed below the initial
  /// one. None: this kind is not nested.
  std::optional<std::uint64_t> depth;
  std::optional<std::uint64_t> max_depth;
};

/// Counts the namespaces that a user namespace and its descendants own. The census must have
/// Source::relation. The maxima are left unset.
std::vector<KindLimits> count_namespaces(const Census& census, CensusIndex user);

/// Reads the maxima of the caller's user namespace from /proc/sys/user.
void read_maxima(const Kernel& kernel, std::vector<KindLimits>& limits);

/// Returns the share that is used in percent; 100 or more if the limit is reached.
std::uint64_t percent(std::uint64_t used, std::uint64_t max);

/// Prints one row per kind. Returns 0.
Result<int> show_limits(const ViewRequest& request);

// --matrix: which processes share namespaces. Class Matrix is the plain data, made from a census.

/// Prints one row per process, container or unit and one column per kind; with -p, one row per
/// kind. Returns the exit status.
Result<int> show_matrix(const ViewRequest& request);

/// Fails if this is not a valid argument of --matrix.
Status check_matrix_rows(const std::string& rows);

/// The namespaces of a process, indexed by `Kind`; kNone: unknown.
using NamespacesByKind = std::array<CensusIndex, kKindCount>;

/// A process, which may represent a container or unit.
struct MatrixRow {
  std::string name;  ///< of the container or unit; empty: a plain process
  pid_t pid = 0;
  NamespacesByKind namespaces{};

  std::string label() const { return name.empty() ? std::to_string(pid) : name; }
};

/// The namespace of one kind in a row.
struct MatrixCell {
  enum class State {
    unknown,  ///< unreadable
    as_init,  ///< shared with the process that all are compared with
    first,    ///< another one, and this is the first row that has it
    shared,   ///< another one that an earlier row has, too
  };
  State state = State::unknown;
  std::size_t first = 0;  ///< for shared: the index of that row
};

/// Rows, compared with each other and with the namespaces of `init`.
class Matrix {
 public:
  Matrix(std::vector<MatrixRow> rows, const NamespacesByKind& init);

  const std::vector<MatrixRow>& rows() const { return rows_; }
  const MatrixCell& cell(std::size_t row, Kind kind) const {
    return cells_[row][static_cast<std::size_t>(kind)];
  }

  /// Returns the other rows with the same namespace of this kind.
  std::vector<std::size_t> others(std::size_t row, Kind kind) const;

 private:
  std::vector<MatrixRow> rows_;
  std::vector<std::array<MatrixCell, kKindCount>> cells_;
};

/// Returns the process with this PID in a census, or null.
const CensusProcess* find_process(const Census& census, pid_t pid);

/// Returns the command line of each row's process, which has to be in the census. Empty if that
/// process is gone, even if its PID has been reused.
std::vector<std::string> commands_of(const Kernel& kernel, const Census& census,
                                     std::span<const MatrixRow> rows);

/// Whether all known namespaces of these kinds are those of `init`.
bool shares_all(const NamespacesByKind& namespaces, const NamespacesByKind& init, KindSet kinds);

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

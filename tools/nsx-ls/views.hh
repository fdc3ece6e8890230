// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/census.hh>
#include <nsx/kind.hh>
#include <nsx/namespace.hh>

#include "common/options.hh"
#include "common/table.hh"

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

}  // namespace nsx::ls_tool

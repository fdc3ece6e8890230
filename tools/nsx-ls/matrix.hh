// SPDX-License-Identifier: MIT
#pragma once
// --matrix: which processes share namespaces. Class Matrix is the plain data, made from a census.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/census.hh>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

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

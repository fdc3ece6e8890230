// SPDX-License-Identifier: MIT
#pragma once
// --matrix: who shares which namespace with whom, first as plain data, from a census.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/census.hh>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

/// Prints a row a process, container or unit and a column a kind; of one process, with -p, a row a
/// kind. Returns the exit status.
Result<int> show_matrix(const ViewRequest& request);

/// Whether this is what --matrix takes as its argument.
Status check_matrix_rows(const std::string& rows);

/// Its namespace of each kind, by the order of `Kind`; kNone: not to be seen.
using NamespacesByKind = std::array<CensusIndex, kKindCount>;

/// A process, which may stand for a container or unit.
struct MatrixRow {
  std::string name;  ///< of the container or unit; empty: it is a process for itself
  pid_t pid = 0;
  NamespacesByKind namespaces{};

  std::string label() const { return name.empty() ? std::to_string(pid) : name; }
};

/// What a row has of a kind.
struct MatrixCell {
  enum class State {
    unknown,  ///< not to be seen
    as_init,  ///< the one of the process that all are compared with
    first,    ///< another; this is the first row that has it
    shared,   ///< another that an earlier row has, too
  };
  State state = State::unknown;
  std::size_t first = 0;  ///< of shared: the index of that row
};

/// Rows, and the process that they are compared with.
class Matrix {
 public:
  Matrix(std::vector<MatrixRow> rows, const NamespacesByKind& init);

  const std::vector<MatrixRow>& rows() const { return rows_; }
  const MatrixCell& cell(std::size_t row, Kind kind) const {
    return cells_[row][static_cast<std::size_t>(kind)];
  }

  /// The rows that have the same namespace of this kind, without the given one.
  std::vector<std::size_t> others(std::size_t row, Kind kind) const;

 private:
  std::vector<MatrixRow> rows_;
  std::vector<std::array<MatrixCell, kKindCount>> cells_;
};

/// The process with this PID in a census, or null.
const CensusProcess* find_process(const Census& census, pid_t pid);

/// The command line of each row's process, which has to be in the census. Empty where that process
/// is gone, also if another has its number by now.
std::vector<std::string> commands_of(const Kernel& kernel, const Census& census,
                                     std::span<const MatrixRow> rows);

/// Whether it has no namespace of these kinds that `init` has not.
bool shares_all(const NamespacesByKind& namespaces, const NamespacesByKind& init, KindSet kinds);

}  // namespace nsx::ls_tool

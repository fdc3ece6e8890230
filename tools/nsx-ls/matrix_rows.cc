#include "nsx-ls/matrix_rows.hh"

#include <algorithm>
#include <unordered_map>

namespace nsx::ls_tool {

Matrix::Matrix(std::vector<MatrixRow> rows, const NamespacesByKind& init)
    : rows_(std::move(rows)), cells_(rows_.size()) {
  std::unordered_map<CensusIndex, std::size_t> first_with;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::size_t kind = 0; kind < kKindCount; ++kind) {
      const CensusIndex ns = rows_[row].namespaces[kind];
      MatrixCell& cell = cells_[row][kind];
      if (ns == kNone) continue;
      const auto [entry, is_new] = first_with.try_emplace(ns, row);
      cell.state = is_new ? MatrixCell::State::first : MatrixCell::State::shared;
      cell.first = entry->second;
      if (ns == init[kind]) cell.state = MatrixCell::State::as_init;
    }
  }
}

std::vector<std::size_t> Matrix::others(std::size_t row, Kind kind) const {
  const auto place = static_cast<std::size_t>(kind);
  const CensusIndex ns = rows_[row].namespaces[place];
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (i != row && ns != kNone && rows_[i].namespaces[place] == ns) found.push_back(i);
  }
  return found;
}

const CensusProcess* find_process(const Census& census, pid_t pid) {
  const auto& all = census.processes;
  const auto found = std::lower_bound(
      all.begin(), all.end(), pid,
      [](const CensusProcess& process, pid_t wanted) { return process.pid < wanted; });
  return found != all.end() && found->pid == pid ? &*found : nullptr;
}

bool shares_all(const NamespacesByKind& namespaces, const NamespacesByKind& init, KindSet kinds) {
  return std::all_of(kinds.begin(), KindSet::end(), [&](Kind kind) {
    const auto place = static_cast<std::size_t>(kind);
    return namespaces[place] == kNone || namespaces[place] == init[place];
  });
}

}  // namespace nsx::ls_tool

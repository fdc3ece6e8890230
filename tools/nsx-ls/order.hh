#pragma once
// The order of rows that --sort asks for.

#include <unordered_map>
#include <vector>

#include "nsx-ls/cells.hh"

namespace nsx::ls_tool {

/// Compares namespaces by columns, the first that differs deciding; in the end by their places in
/// the census, which are those of inode numbers. Nothing comes before numbers, these before texts.
class Order {
 public:
  Order(Cells& cells, std::vector<Column> columns, bool reverse)
      : cells_(cells), columns_(std::move(columns)), reverse_(reverse) {}

  /// Whether it is the order of the census.
  bool is_as_found() const { return columns_.empty() && !reverse_; }

  bool is_before(CensusIndex a, CensusIndex b);

 private:
  using Key = std::vector<cli::Value>;
  const Key& key(CensusIndex ns);

  Cells& cells_;
  std::vector<Column> columns_;
  bool reverse_;
  std::unordered_map<CensusIndex, Key> keys_;  // each is made once
};

}  // namespace nsx::ls_tool

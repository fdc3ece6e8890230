#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>
#include <nsx/kernel.hh>

#include "common/filter.hh"
#include "nsx-ls/columns.hh"

namespace nsx::ls_tool {

/// Turns the census into the text of cells. What the census does not hold (command lines, user
/// names, numbers of net namespaces) is read when a cell asks for it, once each.
class Cells {
 public:
  Cells(const Kernel& kernel, const Census& census) : kernel_(kernel), census_(census) {}

  /// The text of a cell; empty where there is nothing to tell.
  std::string text(CensusIndex index, Column column);

  /// Whether the filter takes the namespace.
  bool match(const cli::Filter& filter, CensusIndex index);

 private:
  const std::string& command(pid_t pid);
  const std::string& user(uid_t uid);
  std::string net_id(CensusIndex index) const;
  std::string owner_user(const CensusNamespace& ns);
  std::uint64_t threads(CensusIndex index);

  const Kernel& kernel_;
  const Census& census_;
  std::unordered_map<pid_t, std::string> commands_;
  std::unordered_map<uid_t, std::string> users_;
  std::vector<std::uint64_t> threads_;  // by namespace; empty until they are asked for
};

}  // namespace nsx::ls_tool

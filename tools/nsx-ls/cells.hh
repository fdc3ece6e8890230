#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <nsx/census.hh>
#include <nsx/kernel.hh>

#include "common/filter.hh"
#include "common/value.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/holder_list.hh"
#include "nsx-ls/leaders.hh"
#include "nsx-ls/places.hh"

namespace nsx::ls_tool {

/// Turns the census into cells. What the census does not hold (command lines, user names, numbers
/// of net namespaces ...) is read when a cell asks for it, once each.
class Cells {
 public:
  Cells(const Kernel& kernel, const Census& census)
      : kernel_(kernel), census_(census), programs_(kernel), places_(kernel) {}

  /// A cell; without a value where there is nothing to tell.
  cli::Cell cell(CensusIndex index, Column column);

  /// The same for a process in the namespace, where the column is of one.
  cli::Cell cell(CensusIndex index, const CensusProcess& process, Column column);

  /// Whether the filter takes the namespace.
  bool match(const cli::Filter& filter, CensusIndex index);

 private:
  cli::Cell of_namespace(CensusIndex index, Column column);
  cli::Cell of_process(const CensusProcess& process, Kind kind, Column column);
  cli::Cell of_oldest(CensusIndex index, Column column);
  const std::string& command(pid_t pid);
  const std::string& user(uid_t uid);
  cli::Value net_id(CensusIndex index) const;
  cli::Value owner_user(const CensusNamespace& ns);
  std::uint64_t threads(CensusIndex index);

  const Kernel& kernel_;
  const Census& census_;
  ProgramNames programs_;
  Places places_;
  std::unordered_map<pid_t, std::string> commands_;
  std::unordered_map<uid_t, std::string> users_;
  std::vector<std::uint64_t> threads_;  // by namespace; empty until they are asked for
  std::vector<CensusIndex> leaders_;    // likewise
};

}  // namespace nsx::ls_tool

// SPDX-License-Identifier: MIT
#pragma once
// The views besides the list, each in its own files, their common request, and the view of the
// available columns.

#include <optional>
#include <string>
#include <vector>

#include <nsx/kind.hh>

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

}  // namespace nsx::ls_tool

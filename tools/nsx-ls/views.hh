// SPDX-License-Identifier: MIT
#pragma once
// The views beside the list, each in files of its own, what they have in common, and the view of
// the columns that there are.

#include <optional>
#include <string>
#include <vector>

#include <nsx/kind.hh>

#include "common/options.hh"
#include "common/table.hh"

namespace nsx::ls_tool {

/// What a view is asked for.
struct ViewRequest {
  KindSet kinds;                     ///< those of -t; empty: none was given
  std::optional<pid_t> process;      ///< that of -p
  std::vector<pid_t> processes;      ///< those that operands name
  const char* columns = nullptr;     ///< those of -o, as they were given
  bool list = false;                 ///< -l
  std::vector<std::string> targets;  ///< the operands
  std::string matrix_rows;           ///< what --matrix is of
  bool all = false;                  ///< --all
  bool for_person = false;           ///< who reads stderr
  bool as_lsns = false;              ///< called by that name
  cli::TableOptions table;

  KindSet kinds_or_all() const { return kinds.empty() ? KindSet::all() : kinds; }
};

/// Shows the view that the command line asks for and returns the exit status. None, with nothing
/// shown, if that is the list; processes that were named as operands are then in
/// `request.processes`.
std::optional<int> show_view(const cli::CommandLine& line, ViewRequest& request);

/// Prints a row a column. Returns the exit status.
Result<int> show_columns(const ViewRequest& request);

}  // namespace nsx::ls_tool

#pragma once
// The views beside the list, each in files of its own, and what they have in common.

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
  const char* columns = nullptr;     ///< those of -o, as they were given
  bool list = false;                 ///< -l
  std::vector<std::string> targets;  ///< the operands
  std::string matrix_rows;           ///< what --matrix is of
  bool all = false;                  ///< --all
  cli::TableOptions table;

  KindSet kinds_or_all() const { return kinds.empty() ? KindSet::all() : kinds; }
};

/// Shows the view that the command line asks for and returns the exit status. None, with nothing
/// shown, if that is the list; a process that was named as operand is then `request.process`.
std::optional<int> show_view(const cli::CommandLine& line, ViewRequest& request);

}  // namespace nsx::ls_tool

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
  std::vector<std::string> targets;  ///< the operands
  cli::TableFormat format = cli::TableFormat::plain;
  bool headings = true;

  KindSet kinds_or_all() const { return kinds.empty() ? KindSet::all() : kinds; }
};

/// Shows the view that the command line asks for and returns the exit status; none, with nothing
/// done, if that is the list.
std::optional<int> show_view(const cli::CommandLine& line, const ViewRequest& request);

}  // namespace nsx::ls_tool

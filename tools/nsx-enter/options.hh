// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "common/names.hh"
#include "common/runner.hh"
#include "transfer/transfer.hh"

namespace nsx::enter_tool {

extern const cli::Tool kTool;

/// The parsed command line.
struct Options {
  EnterRequest request;
  const char* target = nullptr;
  bool has_program = false;  ///< otherwise a login shell is run
  bool as_container = false;
  ToolsRequest tools;              ///< used if --tools is given
  const char* tools_of = nullptr;  ///< the target with the root directory of --tools, or null
  bool extends_path = false;       ///< --target-path
  MountChangeRequest mounts;       ///< if not empty, the only thing to do
  bool is_nsenter = false;         ///< called as nsenter
  cli::RunOptions run;
  cli::UserOptions users;
  std::vector<Copy> copies;  ///< made instead of running a program
};

// The effects of --bind, --tmpfs and --unbind (mounts.cc).
Status add_bind(Options& options, const char* text);
Status add_tmpfs(Options& options, const char* text);
Status add_unbind(Options& options, const char* text);

/// Checks and completes `options` after all options have been applied (combinations.cc). Errors: as
/// read_options().
Status combine(cli::CommandLine& line, Options& options);

/// Returns whether a text is neither a path nor a namespace ID.
bool is_word(const char* text);

/// Fills `options`, depending on `is_nsenter`, which the caller has set. Removes a target given
/// before the program from the line. Errors: usage errors.
Status read_options(cli::CommandLine& line, Options& options);

}  // namespace nsx::enter_tool

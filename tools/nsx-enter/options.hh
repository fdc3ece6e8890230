// SPDX-License-Identifier: MIT
#pragma once
// From the command line to a request: the table of options, and what they come to together.

#include "common/runner.hh"
#include "common/users.hh"

namespace nsx::enter_tool {

extern const cli::Tool kTool;

/// What the command line says.
struct Options {
  EnterRequest request;
  const char* target = nullptr;
  bool has_program = false;  ///< none is named: a login shell
  bool as_container = false;
  bool is_nsenter = false;  ///< called by that name
  cli::RunOptions run;
  cli::UserOptions users;
};

/// Fills all but `is_nsenter`, which counts. Errors: those of usage. A target that stands before
/// the program is taken out of the line.
Status read_options(cli::CommandLine& line, Options& options);

}  // namespace nsx::enter_tool

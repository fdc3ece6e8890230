// SPDX-License-Identifier: MIT
#pragma once
// From the command line to a request: the table of options, and what they come to together.

#include <nsx/create.hh>

#include "common/runner.hh"

namespace nsx::unshare_tool {

extern const cli::Tool kTool;

/// What the command line says.
struct Options {
  CreateRequest request;
  bool is_unshare = false;  ///< called by that name
  cli::RunOptions run;
};

/// Fills all but `is_unshare`, which counts. Errors: those of usage.
Status read_options(const cli::CommandLine& line, Options& options);

}  // namespace nsx::unshare_tool

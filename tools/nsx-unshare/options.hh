// SPDX-License-Identifier: MIT
#pragma once
// The table of options of nsx-unshare, and the request that they make.

#include <nsx/create.hh>

#include "common/runner.hh"

namespace nsx::unshare_tool {

extern const cli::Tool kTool;

/// The parsed command line.
struct Options {
  CreateRequest request;
  bool is_unshare = false;  ///< called as unshare
  cli::RunOptions run;
};

/// Fills `options`, depending on `is_unshare`, which the caller has set. Errors: usage errors.
Status read_options(const cli::CommandLine& line, Options& options);

}  // namespace nsx::unshare_tool

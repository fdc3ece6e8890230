// SPDX-License-Identifier: MIT
#pragma once
// nsx-enter --get and --put: copies files instead of running a program.

#include "common/options.hh"
#include "nsx-enter/options.hh"

namespace nsx::enter_tool {

/// The options, to be added to a request.
Status add_get(Options& options, const char* argument);
Status add_put(Options& options, const char* argument);

/// Checks that nothing was given that only applies to a program.
Status check_copies(const cli::CommandLine& line, const Options& options);

/// Makes the copies, or prints them with --plan, and returns the exit status.
int run_copies(const Kernel& kernel, const Options& options);

}  // namespace nsx::enter_tool

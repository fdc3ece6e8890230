#pragma once
// What carries the commands out, each in the file of its name. They return the exit status.

#include "common/commands.hh"

namespace nsx::pin_tool {

int list(const cli::CommandLine& line);

}  // namespace nsx::pin_tool

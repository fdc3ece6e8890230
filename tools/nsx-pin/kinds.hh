#pragma once

#include <nsx/kind.hh>

#include "common/options.hh"

namespace nsx::pin_tool {

/// The kinds that --type names, which may be repeated; all without it.
Result<KindSet> wanted_kinds(const cli::CommandLine& line);

}  // namespace nsx::pin_tool

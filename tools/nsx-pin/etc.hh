#pragma once
// The files that a pin brings along: /etc/netns/NAME.

#include <optional>

#include <nsx/plan.hh>

#include "common/options.hh"

namespace nsx::pin_tool {

/// What is to be bound over /etc for this name; none: nothing. Says on stderr what /etc does not
/// have, and is left out.
Result<std::optional<step::BindOver>> files_for(const cli::Tool& tool, const std::string& name);

}  // namespace nsx::pin_tool

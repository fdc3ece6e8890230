// SPDX-License-Identifier: MIT
#pragma once
// The files that a pin brings along: /etc/netns/NAME.

#include <optional>

#include <nsx/plan.hh>

#include "common/options.hh"

namespace nsx::pin_tool {

/// What is to be bound over /etc for this name; none: nothing. Says on stderr what /etc does not
/// have, and is left out.
Result<std::optional<step::BindOver>> files_for(const cli::Tool& tool, const std::string& name);

/// The sockets of daemons that resolve names, which have not read a resolv.conf that is bound: to
/// be masked where one is among the files of files_for().
std::vector<std::string> resolvers_to_mask(const step::BindOver& files);

}  // namespace nsx::pin_tool

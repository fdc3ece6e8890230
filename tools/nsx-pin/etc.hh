// SPDX-License-Identifier: MIT
#pragma once
// The files of a pin in /etc/netns/NAME, as ip-netns(8) uses them.

#include <optional>

#include <nsx/plan.hh>

#include "common/options.hh"

namespace nsx::pin_tool {

/// Returns the files to bind over /etc for the pin `name`, or none if it has no such files. Files
/// that do not exist in /etc are skipped, with a note on stderr.
Result<std::optional<step::BindOver>> files_for(const cli::Tool& tool, const std::string& name);

/// Returns the sockets of resolver daemons to mask if a resolv.conf is among the files of
/// files_for(): the daemons have not read that one.
std::vector<std::string> resolvers_to_mask(const step::BindOver& files);

}  // namespace nsx::pin_tool

// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <nsx/pin.hh>
#include <nsx/target.hh>

namespace nsx::pin_tool {

/// The net namespace that a word means: that of the pin with this name, or else of a target as
/// nsx-enter --target takes it: "container:web".
Result<Namespace> find_net(const Kernel& kernel, const PinStore& store, const std::string& word,
                           const TargetOptions& where);

/// The one that this process is in.
Result<Namespace> own_net(const Kernel& kernel);

}  // namespace nsx::pin_tool

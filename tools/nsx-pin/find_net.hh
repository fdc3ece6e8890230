// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <nsx/pin.hh>
#include <nsx/target.hh>

namespace nsx::pin_tool {

/// Returns the net namespace of the pin named `word` or, if there is none, of the target `word` as
/// nsx-enter --target takes it: "container:web".
Result<Namespace> find_net(const Kernel& kernel, const PinStore& store, const std::string& word,
                           const TargetOptions& where);

/// Returns the net namespace of this process.
Result<Namespace> own_net(const Kernel& kernel);

}  // namespace nsx::pin_tool

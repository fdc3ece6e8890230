// SPDX-License-Identifier: MIT
#pragma once
// Removing garbage: nsx-pin gc.

#include <string>
#include <vector>

#include <nsx/pin.hh>

namespace nsx {

/// Removes stale pins, which are empty regular files, and pins that a killed process left half-made
/// or half-removed. Leaves alone pins that another process is working on, and those mounted in
/// another mount namespace (`PinStore::examine`). Returns what was removed or, with `dry_run`, what
/// would be.
Result<std::vector<PinFile>> collect_pin_garbage(const Kernel& kernel, const std::string& root,
                                                 bool dry_run);

}  // namespace nsx

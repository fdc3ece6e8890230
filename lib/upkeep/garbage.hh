// SPDX-License-Identifier: MIT
#pragma once
// Tidying up: nsx-pin gc.

#include <string>
#include <vector>

#include <nsx/pin.hh>

namespace nsx {

/// Removes stale pins, which are empty regular files, and what a process that is gone left
/// half-made or half-removed. Pins that another process is working on are left alone, and so are
/// those that another mount namespace has mounted (`PinStore::examine`). Returns what was removed;
/// `dry_run`: what would be.
Result<std::vector<PinFile>> collect_pin_garbage(const Kernel& kernel, const std::string& root,
                                                 bool dry_run);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// Finds pins, and reads of them what columns need.

#include "nsx-pin/columns.hh"

namespace nsx::pin_tool {

/// The pins of these kinds in all stores, by name. Of `needs`, those are met that concern all pins.
Result<std::vector<PinRow>> list_rows(const Kernel& kernel, const std::vector<PinStore>& stores,
                                      KindSet kinds, PinNeeds needs);

/// Reads the rest of what is needed, of these rows.
void read_facts(const Kernel& kernel, const std::vector<PinStore>& stores, PinNeeds needs,
                std::vector<PinRow>& rows);

}  // namespace nsx::pin_tool

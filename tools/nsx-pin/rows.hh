// SPDX-License-Identifier: MIT
#pragma once
// Finds pins and reads the data that columns need.

#include "nsx-pin/columns.hh"

namespace nsx::pin_tool {

/// Returns the pins of these kinds in all stores, sorted by name. Reads the data in `needs` that is
/// read for all pins at once: creation times, states and processes.
Result<std::vector<PinRow>> list_rows(const Kernel& kernel, const std::vector<PinStore>& stores,
                                      KindSet kinds, PinNeeds needs);

/// Reads the remaining data in `needs` for these rows.
void read_facts(const Kernel& kernel, const std::vector<PinStore>& stores, PinNeeds needs,
                std::vector<PinRow>& rows);

}  // namespace nsx::pin_tool

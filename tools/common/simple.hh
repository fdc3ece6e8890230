// SPDX-License-Identifier: MIT
#pragma once
// The texts that need no care, as almost all do.

#include <string_view>

namespace nsx::cli {

/// Returns whether a text only has printable ASCII characters other than backslashes: each takes
/// one column in every locale, and needs no escape on a terminal.
bool is_simple(std::string_view text);

}  // namespace nsx::cli

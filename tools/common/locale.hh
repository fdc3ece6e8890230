// SPDX-License-Identifier: MIT
#pragma once
// The locale, read when a text first needs it, and texts that need none.

#include <string_view>

namespace nsx::cli {

// The locale, for the width of characters and the lines of trees (LC_CTYPE) only: messages are not
// translated.

/// Uses the locale of the environment from the first need_locale() on: reading it takes a fifth of
/// a start, and most output is ASCII.
void use_locale();

/// To be called before anything that depends on the locale. Not thread-safe.
void need_locale();

// The texts that need no care, as almost all do.

/// Returns whether a text only has printable ASCII characters other than backslashes: each takes
/// one column in every locale, and needs no escape on a terminal.
bool is_simple(std::string_view text);

}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#pragma once
// The locale, for the width of characters and the lines of trees (LC_CTYPE) only: messages are not
// translated.

namespace nsx::cli {

/// Uses the locale of the environment from the first need_locale() on: reading it takes a fifth of
/// a start, and most output is ASCII.
void use_locale();

/// To be called before anything that depends on the locale. Not thread-safe.
void need_locale();

}  // namespace nsx::cli

#pragma once
// Colours, for terminals whose owner wants them.

#include <cstdint>

#include <nsx/result.hh>

namespace nsx::cli {

enum class Style : std::uint8_t { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

/// The sequence that switches a terminal to a style (ECMA-48, SGR); null: plain.
const char* escape_sequence(Style style);

/// Whether to use colours, by what --color was given: auto (or null: not given), always or never.
/// auto means: stdout is a terminal, and neither NO_COLOR (https://no-color.org) nor TERM=dumb asks
/// for none.
Result<bool> wants_color(const char* when);

}  // namespace nsx::cli

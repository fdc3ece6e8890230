// SPDX-License-Identifier: MIT
#pragma once
// Untrusted text: making it safe for a terminal, and suggestions for mistyped words.
//
//   std::puts(nsx::printable("the name of a container\x1b[2J").c_str());

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#define NSX_API __attribute__((visibility("default")))

namespace nsx {

/// A UTF-8 character (RFC 3629).
struct Character {
  std::size_t length = 1;             ///< in bytes
  std::optional<char32_t> code = {};  ///< none: the byte is not part of a valid character
};

/// Returns the first character of `text`, which must not be empty.
NSX_API Character first_character(std::string_view text);

/// Returns whether a byte is a continuation byte of a UTF-8 character.
inline bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// Returns whether a character is invisible or changes how the text around it is displayed: control
/// characters (C0, DEL, C1), bidirectional controls, zero-width and other invisible formatting
/// characters, line and paragraph separators.
NSX_API bool is_hidden(char32_t code);

/// Returns the word that is closest to a mistyped one, if one is close enough.
NSX_API std::optional<std::string_view> nearest(std::span<const std::string_view> words,
                                                std::string_view mistyped);

/// Escapes hidden characters, backslashes, and bytes that are not valid UTF-8 as \xHH, one for each
/// byte. The result is safe to print to a terminal, and unambiguous.
NSX_API std::string printable(std::string_view text);

/// Like printable(), but keeps backslashes: for sentences with parts that are already escaped.
NSX_API std::string visible(std::string_view text);

/// Quotes a word for a shell if necessary; as $'...' of bash(1) if it contains characters that must
/// not reach a terminal.
NSX_API std::string shell_word(std::string_view text);

}  // namespace nsx

// SPDX-License-Identifier: MIT
#pragma once
// Text from elsewhere: what it may do to a terminal, and what it may have been meant for.
//
//   std::puts(nsx::printable("the name of a container\x1b[2J").c_str());

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#define NSX_API __attribute__((visibility("default")))

namespace nsx {

/// A character of UTF-8 (RFC 3629).
struct Character {
  std::size_t length = 1;             ///< in bytes
  std::optional<char32_t> code = {};  ///< none: the byte is not part of a character
};

/// The first character of `text`, which must not be empty.
NSX_API Character first_character(std::string_view text);

/// Whether a byte is one after the first of a character.
inline bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// Whether a character changes how the text around it looks, or cannot be seen itself: controls
/// (C0, DEL, C1), bidirectional controls, zero-width and other invisible formatting characters, and
/// line and paragraph separators.
NSX_API bool is_hidden(char32_t code);

/// The word that is nearest to a mistyped one, if one is near.
NSX_API std::optional<std::string_view> nearest(std::span<const std::string_view> words,
                                                std::string_view mistyped);

/// `text` with hidden characters, backslashes and bytes that are not UTF-8 as \xHH, one for each
/// byte: safe to print to a terminal, and what it stands for is unambiguous.
NSX_API std::string printable(std::string_view text);

/// The same with backslashes left as they are: for sentences, parts of which may be escaped
/// already.
NSX_API std::string visible(std::string_view text);

/// A word for a shell: in quotes where that is needed, and in $'...', as bash(1) has it, where it
/// has characters that a terminal must not get.
NSX_API std::string shell_word(std::string_view text);

}  // namespace nsx

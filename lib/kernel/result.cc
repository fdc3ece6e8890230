// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstring>

#include <nsx/result.hh>
#include <nsx/text.hh>

namespace nsx {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

/// The ranges of is_hidden(), in ascending order.
constexpr std::array kHidden{
    Range{0x00, 0x1f},       Range{0x7f, 0x9f},  // C0, DEL, C1
    Range{0x061c, 0x061c},                       // Arabic letter mark
    Range{0x180e, 0x180e},                       // Mongolian vowel separator
    Range{0x200b, 0x200f},                       // zero width; left-to-right, right-to-left mark
    Range{0x2028, 0x202e},                       // separators; embeddings and overrides
    Range{0x2060, 0x206f},                       // invisible operators; isolates
    Range{0xfeff, 0xfeff},   Range{0xfff9, 0xfffb},  // byte order mark; interlinear annotation
    Range{0xe0000, 0xe007f},                         // tags
};

/// The placeholder for the subject in the phrase of an error.
constexpr std::string_view kPlace = "{}";

void append_hex(std::string& out, std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 0xf];
  }
}

std::string escaped(std::string_view text, bool with_backslashes) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::string_view bytes = text.substr(0, character.length);
    if (!character.code || is_hidden(*character.code) || (with_backslashes && bytes == "\\")) {
      append_hex(out, bytes);
    } else {
      out += bytes;
    }
    text.remove_prefix(character.length);
  }
  return out;
}

}  // namespace

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80                    ? 1
                             : lead >= 0xc2 && lead <= 0xdf ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || length > text.size()) return {};
  // The lead byte has one bit less of the code point for each continuation byte.
  char32_t code = length == 1 ? lead : lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues_character(text[i])) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  const bool is_too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  if (is_too_long || is_surrogate || code > 0x10ffff) return {};
  return {length, code};
}

bool is_hidden(char32_t code) {
  return std::any_of(kHidden.begin(), kHidden.end(),
                     [&](const Range& range) { return code >= range.first && code <= range.last; });
}

std::string printable(std::string_view text) {
  return escaped(text, true);
}

std::string visible(std::string_view text) {
  return escaped(text, false);
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(text);
  }
  if (visible(text) != text) {
    std::string word = "$'";
    for (const char c : printable(text)) {
      if (c == '\'') word += '\\';
      word += c;
    }
    return word + '\'';
  }
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + '\'';
}

struct Error::Words {
  std::string what;
  std::string subject;
  std::string reason;
  std::string hint;
};

/// Changes the words, after allocating them if necessary. Drops them if memory runs out.
template <class Change>
void Error::change(Change change) noexcept {
  try {
    if (words_ == nullptr) words_ = new Words;
    change(*words_);
  } catch (const std::bad_alloc&) {
    delete std::exchange(words_, nullptr);
    if (code == 0) code = ENOMEM;
  }
}

Error::Error(std::string_view what, std::string_view subject, int failed, std::string_view reason,
             std::string_view hint) noexcept
    : code(failed) {
  change([&](Words& words) {
    words.what = what;
    words.subject = subject;
    words.reason = reason;
    words.hint = hint;
  });
}

Error::Error(const Error& other) noexcept : code(other.code) {
  if (other.words_ != nullptr) change([&](Words& words) { words = *other.words_; });
}

Error::Error(Error&& other) noexcept
    : code(other.code), words_(std::exchange(other.words_, nullptr)) {}

Error& Error::operator=(const Error& other) noexcept {
  return *this = Error(other);
}

Error& Error::operator=(Error&& other) noexcept {
  code = other.code;
  std::swap(words_, other.words_);
  return *this;
}

Error::~Error() {
  delete words_;
}

const Error::Words& Error::words() const {
  static const Words none;
  return words_ != nullptr ? *words_ : none;
}

const std::string& Error::what() const {
  return words().what;
}

const std::string& Error::subject() const {
  return words().subject;
}

const std::string& Error::reason() const {
  return words().reason;
}

const std::string& Error::hint() const {
  return words().hint;
}

void Error::set_what(std::string_view text) noexcept {
  change([&](Words& words) { words.what = text; });
}

void Error::set_subject(std::string_view text) noexcept {
  change([&](Words& words) { words.subject = text; });
}

void Error::set_reason(std::string_view text) noexcept {
  change([&](Words& words) { words.reason = text; });
}

void Error::set_hint(std::string_view text) noexcept {
  change([&](Words& words) { words.hint = text; });
}

std::string Error::message() const {
  // Fits into the small-string buffer, so it needs no memory.
  if (words_ == nullptr) return "out of memory";
  const std::string_view format = what();
  const std::size_t place = format.find(kPlace);
  std::string text = visible(format.substr(0, place));
  if (place != std::string_view::npos) {
    text += printable(subject()) + visible(format.substr(place + kPlace.size()));
  } else if (!subject().empty()) {
    text += ' ' + printable(subject());
  }
  if (code != 0) {
    text += std::string(": ") + std::strerror(code);
  } else if (!reason().empty()) {
    text += ": " + visible(reason());
  }
  return text;
}

namespace {

tl::unexpected<Error> cannot(std::string_view operation, std::string_view subject, int code,
                             std::string_view reason, std::string_view hint) noexcept {
  const auto made = attempt([&]() -> Result<Error> {
    return Error("cannot " + std::string(operation), subject, code, reason, hint);
  });
  if (made) return tl::unexpected(*made);
  Error error;
  error.code = code != 0 ? code : ENOMEM;
  return tl::unexpected(std::move(error));
}

}  // namespace

tl::unexpected<Error> fail(std::string_view operation, std::string_view subject, int code,
                           std::string_view hint) noexcept {
  return cannot(operation, subject, code, {}, hint);
}

tl::unexpected<Error> refuse(std::string_view operation, std::string_view subject,
                             std::string_view reason, std::string_view hint) noexcept {
  return cannot(operation, subject, 0, reason, hint);
}

tl::unexpected<Error> problem(std::string_view what, std::string_view subject,
                              std::string_view reason, std::string_view hint) noexcept {
  return tl::unexpected(Error(what, subject, 0, reason, hint));
}

tl::unexpected<Error> out_of_memory() noexcept {
  Error error;
  error.code = ENOMEM;
  return tl::unexpected(std::move(error));
}

}  // namespace nsx

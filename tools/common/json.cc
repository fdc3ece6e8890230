// SPDX-License-Identifier: MIT
#include "common/json.hh"

#include <cstdio>

#include <nsx/text.hh>

#include "common/locale.hh"

namespace nsx::cli {

namespace {

void append_escape(std::string& text, char32_t unit) {
  constexpr const char* kDigits = "0123456789abcdef";
  text += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    text += kDigits[unit >> shift & 0xf];
}

/// Appends a character as \uXXXX, or as a UTF-16 surrogate pair (RFC 8259).
void append_escaped(std::string& text, char32_t code) {
  if (code < 0x10000) {
    append_escape(text, code);
    return;
  }
  append_escape(text, 0xd800 + ((code - 0x10000) >> 10));
  append_escape(text, 0xdc00 + ((code - 0x10000) & 0x3ff));
}

/// Returns the letter of a two-character escape, or 0 if the character has none.
char short_escape(char32_t code) {
  constexpr std::string_view kCodes = "\"\\\b\t\n\f\r";
  constexpr std::string_view kLetters = "\"\\btnfr";
  const std::size_t at = code < 0x80 ? kCodes.find(static_cast<char>(code)) : kCodes.npos;
  return at != kCodes.npos ? kLetters[at] : '\0';
}

void append_escaped_text(std::string& out, std::string_view text, JsonLayout layout) {
  const bool is_ascii = layout == JsonLayout::ascii_lines;
  while (!text.empty()) {
    const Character character = first_character(text);
    const char32_t code = character.code.value_or(0xfffd);
    const char letter = is_ascii || code >= ' ' ? short_escape(code) : '\0';
    if (letter != '\0') {
      out += '\\';
      out += letter;
    } else if (!character.code || is_hidden(code) || (is_ascii && code >= 0x7f)) {
      append_escaped(out, code);
    } else {
      out += text.substr(0, character.length);
    }
    text.remove_prefix(character.length);
  }
}

/// Appends `text` as a JSON string. Hidden characters are escaped, so that JSON is harmless on a
/// terminal. Bytes that are not valid UTF-8, the encoding of JSON, become U+FFFD.
void append_quoted(std::string& out, std::string_view text, JsonLayout layout) {
  out += '"';
  if (is_simple(text) && text.find('"') == std::string_view::npos) {
    out += text;
  } else {
    append_escaped_text(out, text, layout);
  }
  out += '"';
}

}  // namespace

std::string& JsonWriter::begin_value() {
  if (needs_comma_) text_ += ',';
  if (!closing_.empty() && !follows_key_) begin_line();
  needs_comma_ = true;
  follows_key_ = false;
  return text_;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  begin_value() += text;
  return *this;
}

void JsonWriter::begin_line() {
  if (layout_ == JsonLayout::one_line) return;
  text_ += '\n';
  text_.append(2 * closing_.size(), ' ');
}

JsonWriter& JsonWriter::decimal(double number, int digits) {
  // std::to_chars() would add 100 KiB of tables to the binary. LC_NUMERIC is "C" in all tools.
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%.*f", digits, number);
  const bool fits = length > 0 && static_cast<std::size_t>(length) < sizeof text;
  return value(fits ? std::string_view(text, static_cast<std::size_t>(length)) : "null");
}

JsonWriter& JsonWriter::open(char bracket) {
  value({&bracket, 1});
  closing_ += bracket == '{' ? '}' : ']';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close() {
  const char bracket = closing_.back();
  closing_.pop_back();
  if (needs_comma_) begin_line();  // it is not empty
  text_ += bracket;
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  append_quoted(begin_value(), name, layout_);
  text_ += layout_ == JsonLayout::one_line ? ":" : ": ";
  needs_comma_ = false;
  follows_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  append_quoted(begin_value(), text, layout_);
  return *this;
}

JsonWriter& JsonWriter::string_or_null(std::string_view text) {
  return text.empty() ? value("null") : string(text);
}

JsonWriter& JsonWriter::number(std::int64_t number) {
  return value(std::to_string(number));
}

JsonWriter& JsonWriter::number(std::uint64_t number) {
  return value(std::to_string(number));
}

JsonWriter& JsonWriter::number_or_null(std::uint64_t number) {
  return number == 0 ? value("null") : value(std::to_string(number));
}

}  // namespace nsx::cli

#include "common/json.hh"

#include <algorithm>
#include <charconv>

namespace nsx::cli {

namespace {

/// The length of the character that `text` starts with; 0: that is not UTF-8 (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  if (first >= 0xe0 && first <= 0xef) length = 3;
  if (first >= 0xf0 && first <= 0xf4) length = 4;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Too long a form, half of a pair of UTF-16, or more than there is.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
      (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) {
    return 0;
  }
  return length;
}

/// `text` as a JSON string. Control characters that a terminal would take for commands are escaped;
/// JSON is UTF-8, and a byte that is not becomes U+FFFD.
std::string quote(std::string_view text) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    const bool is_c1 = byte == 0xc2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xa0;
    if (length == 0) {
      quoted += "\\ufffd";
    } else if (byte == '"' || byte == '\\') {
      quoted += '\\';
      quoted += text[0];
    } else if (byte < 0x20 || byte == 0x7f || is_c1) {
      const auto code = is_c1 ? static_cast<unsigned char>(text[1]) : byte;
      quoted += "\\u00";
      quoted += kDigits[code >> 4];
      quoted += kDigits[code & 0xf];
    } else {
      quoted += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return quoted + '"';
}

}  // namespace

JsonWriter& JsonWriter::value(std::string_view text) {
  if (needs_comma_) text_ += ',';
  text_ += text;
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::decimal(double number, int digits) {
  char text[64];
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, number, std::chars_format::fixed, digits);
  return value(error == std::errc{} ? std::string_view(text, end) : "null");
}

JsonWriter& JsonWriter::open(char bracket) {
  value({&bracket, 1});
  closing_ += bracket == '{' ? '}' : ']';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close() {
  text_ += closing_.back();
  closing_.pop_back();
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  value(quote(name));
  text_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  return value(quote(text));
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

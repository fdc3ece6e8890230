#include "common/json.hh"

namespace nsx::cli {

namespace {

/// `text` as a JSON string. JSON is UTF-8: bytes that are not, and control characters that a
/// terminal would take for commands, are escaped.
std::string quote(std::string_view text) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += "\\u00";
      quoted += kDigits[byte >> 4];
      quoted += kDigits[byte & 0xf];
    } else {
      quoted += c;
    }
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

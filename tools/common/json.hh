// SPDX-License-Identifier: MIT
#pragma once
// The writer of all JSON that the tools print, on one line or indented for people.

#include <cstdint>
#include <string>
#include <string_view>

namespace nsx::cli {

/// The layout of JSON output.
enum class JsonLayout {
  one_line,     ///< UTF-8, with hidden characters escaped
  ascii_lines,  ///< one value per line, indented by 2, with all non-ASCII characters escaped
};

/// Writes values one after another, and the commas between them. The caller must close every open
/// bracket, and is responsible for a valid structure: nothing is checked.
class JsonWriter {
 public:
  explicit JsonWriter(JsonLayout layout = JsonLayout::one_line) : layout_(layout) {}

  JsonWriter& open(char bracket);  ///< '{' or '['
  JsonWriter& close();             ///< closes the innermost open bracket
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& string_or_null(std::string_view text);  ///< writes null for an empty text
  JsonWriter& number(std::int64_t number);
  JsonWriter& number(std::uint64_t number);
  JsonWriter& number(int value) { return number(static_cast<std::int64_t>(value)); }
  JsonWriter& number(unsigned value) { return number(static_cast<std::uint64_t>(value)); }
  JsonWriter& decimal(double number, int digits);  ///< `digits` after the decimal point
  JsonWriter& boolean(bool value) { return this->value(value ? "true" : "false"); }
  JsonWriter& number_or_null(std::uint64_t number);  ///< writes null for 0
  JsonWriter& null() { return value("null"); }
  JsonWriter& raw(std::string_view json) {
    return value(json);
  }  ///< writes a value that is already JSON

  std::string take() { return std::move(text_); }

 private:
  JsonWriter& value(std::string_view text);
  std::string& begin_value();  ///< returns the text, for the value to be appended
  void begin_line();

  JsonLayout layout_;
  std::string text_;
  std::string closing_;
  bool needs_comma_ = false;
  bool follows_key_ = false;
};

}  // namespace nsx::cli

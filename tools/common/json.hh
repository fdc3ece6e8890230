// SPDX-License-Identifier: MIT
#pragma once
// All JSON that the tools print: on one line, or in lines for people to read.

#include <cstdint>
#include <string>
#include <string_view>

namespace nsx::cli {

/// How JSON looks.
enum class JsonLayout {
  one_line,     ///< UTF-8, but for hidden characters
  ascii_lines,  ///< a line for each value, indented by 2, and escapes for all that is not ASCII
};

/// Writes values one after another and puts the commas between them. What is opened has to be
/// closed; nothing else is checked.
class JsonWriter {
 public:
  explicit JsonWriter(JsonLayout layout = JsonLayout::one_line) : layout_(layout) {}

  JsonWriter& open(char bracket);  ///< '{' or '['
  JsonWriter& close();             ///< the last one that is open
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& string_or_null(std::string_view text);  ///< null: it is empty
  JsonWriter& number(std::int64_t number);
  JsonWriter& number(std::uint64_t number);
  JsonWriter& number(int value) { return number(static_cast<std::int64_t>(value)); }
  JsonWriter& number(unsigned value) { return number(static_cast<std::uint64_t>(value)); }
  JsonWriter& decimal(double number, int digits);  ///< with so many behind the point
  JsonWriter& boolean(bool value) { return this->value(value ? "true" : "false"); }
  JsonWriter& number_or_null(std::uint64_t number);  ///< null: it is 0
  JsonWriter& null() { return value("null"); }
  JsonWriter& raw(std::string_view json) { return value(json); }  ///< a value that is JSON already

  std::string take() { return std::move(text_); }

 private:
  JsonWriter& value(std::string_view text);
  void begin_line();

  JsonLayout layout_;
  std::string text_;
  std::string closing_;
  bool needs_comma_ = false;
  bool follows_key_ = false;
};

}  // namespace nsx::cli

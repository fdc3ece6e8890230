#pragma once
// JSON on one line, for tools too short-lived to load a library for it.

#include <cstdint>
#include <string>
#include <string_view>

namespace nsx::cli {

/// Writes values one after another and puts the commas between them. What is opened has to be
/// closed; nothing else is checked.
class JsonWriter {
 public:
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

  std::string text_;
  std::string closing_;
  bool needs_comma_ = false;
};

}  // namespace nsx::cli

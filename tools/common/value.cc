// SPDX-License-Identifier: MIT
#include "common/value.hh"

#include <array>
#include <cstdio>

namespace nsx::cli {

namespace {

struct TextOf {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(std::uint64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g", number);
    return text.data();
  }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(const std::vector<std::string>& texts) const {
    std::string all;
    for (const std::string& text : texts) {
      if (!all.empty()) all += kBreak;
      all += text;
    }
    return all;
  }
};

}  // namespace

Value number_or_nothing(const std::optional<std::uint64_t>& number) {
  if (!number) return {};
  return *number;
}

Value number_or_nothing(std::uint64_t number) {
  if (number == 0) return {};
  return number;
}

Value text_or_nothing(std::string text) {
  if (text.empty()) return {};
  return text;
}

Value list_or_nothing(std::vector<std::string> texts) {
  if (texts.empty()) return {};
  return texts;
}

std::string text_of(const Value& value) {
  return std::visit(TextOf{}, value);
}

std::string shown(const Cell& cell) {
  return cell.shown.empty() ? text_of(cell.value) : cell.shown;
}

}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#include "common/value.hh"

#include <array>
#include <cstdio>

#include "common/report.hh"
#include "quantity.hh"

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

Result<std::chrono::milliseconds> parse_time(std::string_view text) {
  using namespace std::chrono;
  // 1e9 seconds are about 32 years, far from the range of any clock.
  constexpr std::uint64_t kMost = microseconds(seconds(1'000'000'000)).count();
  constexpr std::uint64_t kMillisecond = 1000;
  const auto time = read_time(text, seconds(1));
  if (!time || *time > kMost) {
    return problem("invalid time '{}'", text, "expected a time like 1.5, 10s or 250ms");
  }
  return milliseconds((*time + kMillisecond / 2) / kMillisecond);
}

}  // namespace nsx::cli

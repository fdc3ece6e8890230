// SPDX-License-Identifier: MIT
// Parsing of sizes, rates, times and percentages in human units.

#include "quantity.hh"

#include <algorithm>
#include <string>

#include "kernel/text.hh"

namespace nsx {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// Removes a number from the start of `text`.
std::string_view take_number(std::string_view& text) {
  const auto* const end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
  const std::string_view number(text.begin(), end);
  text.remove_prefix(number.size());
  return number;
}

}  // namespace

bool Quantity::is_whole() const {
  return number.find('.') == std::string_view::npos;
}

std::optional<std::uint64_t> Quantity::whole() const {
  auto product = parse_number<std::uint64_t>(number);
  for (unsigned i = 0; product && i < power; ++i) {
    if (__builtin_mul_overflow(*product, base, &*product)) return std::nullopt;
  }
  return product;
}

std::optional<double> Quantity::real() const {
  double factor = 1;
  for (unsigned i = 0; i < power; ++i)
    factor *= static_cast<double>(base);
  const auto decimal = read_decimal(number);
  return decimal ? std::optional(*decimal * factor) : std::nullopt;
}

std::optional<std::uint64_t> Quantity::rounded_down() const {
  if (is_whole()) return whole();
  const auto product = real();
  constexpr double kLimit = 18446744073709551616.0;  // 2^64
  if (!product || !(*product < kLimit)) return std::nullopt;
  return static_cast<std::uint64_t>(*product);
}

std::optional<Quantity> read_quantity(std::string_view text) {
  constexpr std::string_view kPrefixes = "KMGTPEZY";
  Quantity size;
  size.number = take_number(text);
  // A number that is too large is still a number.
  const bool is_number = !size.number.empty() && is_digit(size.number.back()) &&
                         std::count(size.number.begin(), size.number.end(), '.') <= 1;
  if (!is_number) return std::nullopt;
  std::string unit(text);
  std::transform(unit.begin(), unit.end(), unit.begin(), upper);
  if (unit.empty() || unit == "B") return size;
  const std::size_t prefix = kPrefixes.find(unit.front());
  unit.erase(0, 1);
  if (prefix == std::string_view::npos || (!unit.empty() && unit != "B" && unit != "IB")) {
    return std::nullopt;
  }
  size.base = unit == "B" ? 1000 : 1024;
  size.power = static_cast<unsigned>(prefix) + 1;
  return size;
}

std::optional<std::uint64_t> read_size(std::string_view text) {
  const auto size = read_quantity(text);
  return size ? size->rounded_down() : std::nullopt;
}

std::optional<std::uint64_t> read_rate(std::string_view text) {
  if (text.ends_with("/s")) text.remove_suffix(2);
  return read_size(text);
}

std::optional<std::uint64_t> read_time(std::string_view text, std::chrono::microseconds unit) {
  const std::string_view number = take_number(text);
  if (text == "us" || text == "usec") {
    unit = std::chrono::microseconds(1);
  } else if (text == "ms" || text == "msec") {
    unit = std::chrono::milliseconds(1);
  } else if (text == "s" || text == "sec") {
    unit = std::chrono::seconds(1);
  } else if (!text.empty()) {
    return std::nullopt;
  }
  return Quantity{number, static_cast<std::uint64_t>(unit.count()), 1}.rounded_down();
}

std::optional<double> read_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const auto percent = read_decimal(text);
  return percent ? std::optional(*percent / 100) : std::nullopt;
}

std::optional<double> read_decimal(std::string_view text) {
  std::string_view rest = text;
  // from_chars(3) also accepts signs, exponents and words.
  if (take_number(rest).size() != text.size() || text.empty() || !is_digit(text.back())) {
    return std::nullopt;
  }
  return parse_number<double>(text);
}

}  // namespace nsx

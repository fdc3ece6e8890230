#include "cgroup/units.hh"

#include <nsx/cgroup_limits.hh>

#include "kernel/text.hh"

namespace nsx {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// `number` times `factor`, rounded down; none if that is more than 64 bits hold.
std::optional<std::uint64_t> scale(std::string_view number, double factor) {
  // Exact, where it is a whole number of bytes.
  if (const auto whole = parse_number<std::uint64_t>(number)) {
    const auto times = static_cast<std::uint64_t>(factor);
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(*whole, times, &product)) return std::nullopt;
    return product;
  }
  const auto decimal = read_decimal(number);
  if (!decimal) return std::nullopt;
  const double product = *decimal * factor;
  constexpr double kLimit = 18446744073709551616.0;  // 2^64
  if (!(product < kLimit)) return std::nullopt;
  return static_cast<std::uint64_t>(product);
}

/// The factor of "K", "KiB" (1024), "KB" (1000) and so on; 1 of "" and "B".
std::optional<double> size_factor(std::string_view unit) {
  if (unit.empty() || (unit.size() == 1 && upper(unit[0]) == 'B')) return 1;
  constexpr std::string_view kPrefixes = "KMGTPE";
  const std::size_t at = kPrefixes.find(upper(unit[0]));
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = unit.substr(1);
  const bool is_plain = rest.empty();
  const bool is_binary = rest.size() == 2 && upper(rest[0]) == 'I' && upper(rest[1]) == 'B';
  const bool is_decimal = rest.size() == 1 && upper(rest[0]) == 'B';
  if (!is_plain && !is_binary && !is_decimal) return std::nullopt;
  double factor = 1;
  for (std::size_t power = 0; power <= at; ++power)
    factor *= is_decimal ? 1000 : 1024;
  return factor;
}

/// The number that `text` begins with, which is taken off it.
std::string_view take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.'))
    ++end;
  const std::string_view number = text.substr(0, end);
  text.remove_prefix(end);
  return number;
}

}  // namespace

std::optional<double> read_decimal(std::string_view text) {
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return std::nullopt;
  if (text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  return parse_number<double>(text);
}

std::optional<double> read_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const auto percent = read_decimal(text);
  return percent ? std::optional(*percent / 100) : std::nullopt;
}

std::optional<std::uint64_t> read_size(std::string_view text) {
  const std::string_view number = take_number(text);
  const auto factor = size_factor(text);
  return factor ? scale(number, *factor) : std::nullopt;
}

std::optional<std::uint64_t> read_microseconds(std::string_view text) {
  const std::string_view number = take_number(text);
  if (text.empty() || text == "us" || text == "usec") return scale(number, 1);
  if (text == "ms" || text == "msec") return scale(number, 1e3);
  if (text == "s" || text == "sec") return scale(number, 1e6);
  return std::nullopt;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  if (const auto size = read_size(text)) return *size;
  return refuse("use as a size", '\'' + std::string(text) + '\'',
                "a size is like 512M, 1.5G or 4096");
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGTPE";
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  std::string text = std::to_string(bytes);
  if (unit > 0) text += kUnits[unit - 1];
  return text;
}

}  // namespace nsx

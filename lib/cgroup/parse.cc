#include "cgroup/parse.hh"

#include "kernel/text.hh"

namespace nsx {

namespace {

/// The value of KEY=VALUE among words with blanks between.
std::optional<std::string_view> find_word(std::string_view line, std::string_view key) {
  while (!line.empty()) {
    std::string_view word = next_field(line, ' ');
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
      return word.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

std::optional<CgroupPressure::Line> parse_pressure_line(std::string_view line) {
  CgroupPressure::Line parsed;
  const auto put = [&](std::string_view key, auto& place) {
    const auto word = find_word(line, key);
    const auto number =
        word ? parse_number<std::remove_reference_t<decltype(place)>>(*word) : std::nullopt;
    if (number) place = *number;
    return number.has_value();
  };
  if (put("avg10", parsed.avg10) && put("avg60", parsed.avg60) && put("avg300", parsed.avg300) &&
      put("total", parsed.total)) {
    return parsed;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_cgroup_number(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text == "max") return kNoCgroupLimit;
  return parse_number<std::uint64_t>(text);
}

std::optional<std::uint64_t> find_keyed_number(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    if (next_field(line, ' ') == key) return parse_cgroup_number(line);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> find_nested_number(std::string_view line, std::string_view key) {
  const auto word = find_word(line, key);
  return word ? parse_cgroup_number(*word) : std::nullopt;
}

std::optional<CgroupPressure> parse_pressure(std::string_view text) {
  CgroupPressure pressure;
  bool has_some = false;
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    const std::string_view which = next_field(line, ' ');
    const auto parsed = parse_pressure_line(line);
    if (!parsed) continue;
    if (which == "some") {
      pressure.some = *parsed;
      has_some = true;
    } else if (which == "full") {
      pressure.full = *parsed;
    }
  }
  return has_some ? std::optional(pressure) : std::nullopt;
}

std::optional<CgroupSample::CpuMax> parse_cpu_max(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto quota = parse_cgroup_number(next_field(text, ' '));
  const auto period = parse_number<std::uint64_t>(text);
  if (!quota || !period || *period == 0) return std::nullopt;
  return CgroupSample::CpuMax{*quota, *period};
}

}  // namespace nsx

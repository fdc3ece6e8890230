// SPDX-License-Identifier: MIT
#include <nsx/id_map.hh>

#include "kernel/text.hh"

namespace nsx {

namespace {

std::optional<std::uint32_t> next_number(std::string_view& line) {
  const std::size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos) return std::nullopt;
  line.remove_prefix(start);
  const std::size_t end = line.find_first_of(" \t");
  const auto value = parse_number<std::uint32_t>(line.substr(0, end));
  line.remove_prefix(end == std::string_view::npos ? line.size() : end);
  return value;
}

}  // namespace

Result<IdMap> parse_id_map(std::string_view text) {
  IdMap map;
  while (!text.empty()) {
    const std::string_view line = next_field(text, '\n');
    std::string_view rest = line;
    const auto inside = next_number(rest);
    const auto outside = next_number(rest);
    const auto count = next_number(rest);
    if (!inside || !outside || !count || rest.find_first_not_of(" \t") != std::string_view::npos) {
      return problem("invalid line in an id map: '{}'", line, "expected three numbers");
    }
    map.push_back({*inside, *outside, *count});
  }
  return map;
}

std::optional<std::uint32_t> to_outside(const IdMap& map, std::uint32_t inside) {
  for (const IdMapLine& line : map) {
    if (inside >= line.inside && inside - line.inside < line.count) {
      return line.outside + (inside - line.inside);
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> to_inside(const IdMap& map, std::uint32_t outside) {
  for (const IdMapLine& line : map) {
    if (outside >= line.outside && outside - line.outside < line.count) {
      return line.inside + (outside - line.outside);
    }
  }
  return std::nullopt;
}

std::string format_id_map(const IdMap& map) {
  std::string text;
  for (const IdMapLine& line : map) {
    text += std::to_string(line.inside) + ' ' + std::to_string(line.outside) + ' ' +
            std::to_string(line.count) + '\n';
  }
  return text;
}

}  // namespace nsx

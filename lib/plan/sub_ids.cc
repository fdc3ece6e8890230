#include "plan/sub_ids.hh"

#include "kernel/text.hh"

namespace nsx {

std::optional<IdMapLine> find_sub_ids(std::string_view text, std::string_view name, uid_t uid) {
  const std::string number = std::to_string(uid);
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    const std::string_view owner = next_field(line, ':');
    if (owner.empty() || (owner != name && owner != number)) continue;
    const auto first = parse_number<std::uint32_t>(next_field(line, ':'));
    const auto count = parse_number<std::uint32_t>(line);
    // newuidmap(1) passes over lines that make no sense, too.
    if (first && count && *count > 0) return IdMapLine{0, *first, *count};
  }
  return std::nullopt;
}

}  // namespace nsx

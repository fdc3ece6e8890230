#include <nsx/mountinfo.hh>

#include "kernel/text.hh"

namespace nsx {

std::optional<MountInfo> parse_mountinfo_line(std::string_view line) {
  MountInfo mount;
  const auto mount_id = parse_number<std::uint64_t>(next_field(line, ' '));
  const auto parent_id = parse_number<std::uint64_t>(next_field(line, ' '));
  if (!mount_id || !parent_id) return std::nullopt;
  mount.mount_id = *mount_id;
  mount.parent_id = *parent_id;
  mount.device = next_field(line, ' ');
  mount.root = next_field(line, ' ');
  mount.mount_point = next_field(line, ' ');
  mount.options = next_field(line, ' ');

  // Any number of optional fields, then a lone hyphen.
  if (line.starts_with("- ")) {
    line.remove_prefix(2);
  } else {
    const std::size_t end = line.find(" - ");
    if (end == std::string_view::npos) return std::nullopt;
    mount.optional_fields = line.substr(0, end);
    line.remove_prefix(end + 3);
  }
  mount.type = next_field(line, ' ');
  mount.source = next_field(line, ' ');
  mount.super_options = line;
  if (mount.mount_point.empty() || mount.type.empty()) return std::nullopt;
  return mount;
}

std::optional<MountInfo> next_mount(std::string_view& text) {
  while (!text.empty()) {
    if (auto mount = parse_mountinfo_line(next_field(text, '\n'))) return mount;
  }
  return std::nullopt;
}

std::string unescape_mount_field(std::string_view field) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string out;
  out.reserve(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size() && field[i + 1] <= '3' && octal(field[i + 1]) &&
        octal(field[i + 2]) && octal(field[i + 3])) {
      out += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 +
                               (field[i + 3] - '0'));
      i += 3;
    } else {
      out += field[i];
    }
  }
  return out;
}

}  // namespace nsx

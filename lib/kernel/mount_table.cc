// SPDX-License-Identifier: MIT
#include <algorithm>

#include <nsx/inside.hh>

#include "kernel/nsfs.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

/// Returns the part of a path after a directory: "/blue" for "/run/blue" below "/run". None: it is
/// not below it.
std::optional<std::string_view> below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path == "/" ? std::string_view() : path;
  if (!path.starts_with(directory)) return std::nullopt;
  path.remove_prefix(directory.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return path;
}

}  // namespace

MountTable::MountTable(std::string_view text) {
  while (const auto mount = next_mount(text))
    mounts_.try_emplace(mount->mount_id, *mount);
}

std::optional<FilePlace> MountTable::place(std::uint64_t mount_id, std::string_view path) const {
  const auto mount = mounts_.find(mount_id);
  if (mount == mounts_.end()) return std::nullopt;
  const std::string mount_point = unescape_mount_field(mount->second.mount_point);
  const auto rest = below(path, mount_point);
  if (!rest) return std::nullopt;
  std::string root = unescape_mount_field(mount->second.root);
  if (root == "/" && !rest->empty()) root.clear();
  return FilePlace{std::string(mount->second.device), root + std::string(*rest)};
}

std::optional<FilePlace> MountTable::mounted_on(const MountInfo& mount) const {
  // Stacks are usually a few mounts high, but a user can make them high enough to keep a reader
  // busy.
  constexpr int kHighest = 100;
  const MountInfo* top = &mount;
  for (int height = 0; height < kHighest; ++height) {
    const auto parent = mounts_.find(top->parent_id);
    // The root of a mount namespace can be its own parent.
    if (parent == mounts_.end() || parent->first == top->mount_id) return std::nullopt;
    if (parent->second.mount_point != mount.mount_point || parent->second.type != mount.type) {
      return place(top->parent_id, unescape_mount_field(mount.mount_point));
    }
    top = &parent->second;
  }
  return std::nullopt;
}

bool MountTable::shows(const FilePlace& file) const {
  return std::any_of(mounts_.begin(), mounts_.end(), [&](const auto& each) {
    const MountInfo& mount = each.second;
    return mount.device == file.device && below(file.path, unescape_mount_field(mount.root));
  });
}

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

  // Zero or more optional fields, terminated by a single hyphen.
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

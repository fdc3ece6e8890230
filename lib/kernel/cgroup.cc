// SPDX-License-Identifier: MIT
#include "kernel/cgroup.hh"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <nsx/inside.hh>

#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

constexpr std::string_view kSystemd = "name=systemd";

/// Returns whether the comma-separated options of a v1 mount contain this one.
bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    if (next_field(options, ',') == wanted) return true;
  }
  return false;
}

/// The order of hierarchies: v2, then the one in which systemd keeps its names, then the others.
int rank(bool is_v2, bool is_systemd) {
  if (is_v2) return 0;
  return is_systemd ? 1 : 2;
}

}  // namespace

std::optional<CgroupLine> next_cgroup_line(std::string_view& text) {
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    CgroupLine parsed;
    const auto hierarchy = parse_number<std::uint32_t>(next_field(line, ':'));
    const std::size_t colon = line.find(':');
    if (!hierarchy || colon == std::string_view::npos) continue;
    parsed.hierarchy = *hierarchy;
    parsed.controllers = line.substr(0, colon);
    parsed.path = line.substr(colon + 1);
    constexpr std::string_view kDeleted = " (deleted)";
    if (parsed.path.ends_with(kDeleted)) parsed.path.remove_suffix(kDeleted.size());
    if (parsed.path.starts_with('/')) return parsed;
  }
  return std::nullopt;
}

std::string_view telling_cgroup(std::string_view text) {
  std::string_view unified;
  std::string_view systemd;
  std::string_view other;
  while (const auto line = next_cgroup_line(text)) {
    if (line->hierarchy == 0) {
      unified = line->path;
    } else if (line->controllers == kSystemd) {
      systemd = line->path;
    } else if (other.size() <= 1) {
      other = line->path;
    }
  }
  for (const std::string_view path : {unified, systemd, other}) {
    if (path.size() > 1) return path;
  }
  return unified.empty() ? systemd : unified;
}

std::vector<CgroupLine> cgroup_lines(std::string_view text) {
  std::vector<CgroupLine> lines;
  while (const auto line = next_cgroup_line(text))
    lines.push_back(*line);
  std::stable_sort(lines.begin(), lines.end(), [](const CgroupLine& a, const CgroupLine& b) {
    return rank(a.hierarchy == 0, a.controllers == kSystemd) <
           rank(b.hierarchy == 0, b.controllers == kSystemd);
  });
  return lines;
}

bool CgroupMount::shows(const CgroupLine& line) const {
  if (is_v2 || line.hierarchy == 0) return is_v2 && line.hierarchy == 0;
  std::string_view controllers = line.controllers;
  return has_option(options, next_field(controllers, ','));
}

std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  while (const auto mount = next_mount(mountinfo)) {
    const bool is_v2 = mount->type == "cgroup2";
    if (!is_v2 && mount->type != "cgroup") continue;
    CgroupMount found{unescape_mount_field(mount->mount_point), unescape_mount_field(mount->root),
                      is_v2, is_v2 ? std::string() : std::string(mount->super_options)};
    const auto known = std::find_if(mounts.begin(), mounts.end(), [&](const CgroupMount& each) {
      return each.is_v2 == is_v2 && each.options == found.options;
    });
    if (known == mounts.end()) {
      mounts.push_back(std::move(found));
    } else if (found.root.size() < known->root.size()) {
      *known = std::move(found);
    }
  }
  std::stable_sort(mounts.begin(), mounts.end(), [](const CgroupMount& a, const CgroupMount& b) {
    return rank(a.is_v2, has_option(a.options, kSystemd)) <
           rank(b.is_v2, has_option(b.options, kSystemd));
  });
  return mounts;
}

std::optional<bool> may_have_children(int directory, const char* name) {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return status.st_nlink != 2;  // itself, its parent, and one for each
}

bool is_marked_delegated(int directory) {
  // systemd uses trusted.delegate for its user managers, and on v1, which does not support user.*
  // attributes.
  for (const char* name : {"user.delegate", "trusted.delegate"}) {
    std::array<char, 8> value{};
    const ssize_t n = ::fgetxattr(directory, name, value.data(), value.size());
    if (n == 1 && value[0] == '1') return true;
  }
  return false;
}

Result<std::vector<pid_t>> cgroup_pids(int directory) {
  auto text = read_file_at(directory, "cgroup.procs");
  // In a threaded cgroup, cgroup.procs fails with EOPNOTSUPP.
  if (!text && text.error().code == EOPNOTSUPP) text = read_file_at(directory, "cgroup.threads");
  if (!text) return error_of(text);
  std::vector<pid_t> pids;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto pid = parse_number<pid_t>(next_field(rest, '\n'));
    if (pid && *pid > 0) pids.push_back(*pid);
  }
  return pids;
}

}  // namespace nsx

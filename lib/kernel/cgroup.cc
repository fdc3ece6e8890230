#include "kernel/cgroup.hh"

#include <algorithm>

#include <nsx/mountinfo.hh>

#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

constexpr std::string_view kSystemd = "name=systemd";

/// Whether the options of a v1 mount hold this one.
bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    if (next_field(options, ',') == wanted) return true;
  }
  return false;
}

/// Of two mounts of one hierarchy the better: the one nearer to the root, else the earlier.
void keep_better(std::optional<CgroupMount>& kept, const MountInfo& mount, bool is_v2) {
  CgroupMount found{unescape_mount_field(mount.mount_point), unescape_mount_field(mount.root),
                    is_v2};
  if (!kept || found.root.size() < kept->root.size()) kept = std::move(found);
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

std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo) {
  std::optional<CgroupMount> unified;
  std::optional<CgroupMount> systemd;
  while (const auto mount = next_mount(mountinfo)) {
    if (mount->type == "cgroup2") keep_better(unified, *mount, true);
    if (mount->type == "cgroup" && has_option(mount->super_options, kSystemd)) {
      keep_better(systemd, *mount, false);
    }
  }
  std::vector<CgroupMount> mounts;
  for (auto* found : {&unified, &systemd}) {
    if (*found) mounts.push_back(std::move(**found));
  }
  return mounts;
}

Result<std::vector<pid_t>> cgroup_pids(int directory) {
  auto text = read_file_at(directory, "cgroup.procs");
  // Of a threaded cgroup, this file lists nothing and says so.
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

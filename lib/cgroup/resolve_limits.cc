// From what a limit's text tells to what is to be written here.

#include <algorithm>

#include <nsx/cgroup_limits.hh>

#include "cgroup/name.hh"
#include "cgroup/parse.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

/// The machine's memory or swap in bytes: a line of /proc/meminfo.
Result<std::uint64_t> machine_total(const Kernel& kernel, std::string_view key) {
  auto text = read_file_at(kernel.proc(), "meminfo");
  if (!text) return error_of(text);
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = next_field(rest, '\n');
    if (next_field(line, ':') != key) continue;
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto kilobytes = parse_number<std::uint64_t>(next_field(line, ' '));
    constexpr std::uint64_t kUnit = 1024;
    if (kilobytes) return *kilobytes * kUnit;
  }
  return refuse("find out", "how much memory there is", "/proc/meminfo does not say");
}

/// What the machine has, or less, where a cgroup above this path is limited to that.
Result<std::uint64_t> there_is(const CgroupTree& tree, std::string path, bool is_swap) {
  auto most = machine_total(tree.kernel(), is_swap ? "SwapTotal" : "MemTotal");
  if (!most) return most;
  const char* file = is_swap ? "memory.swap.max" : "memory.max";
  while (path != "/") {
    path = path_above(path);
    const auto above = tree.open_cgroup(path);
    if (!above) continue;
    const auto text = above->read(file);
    const auto limit = text ? parse_cgroup_number(*text) : std::nullopt;
    if (limit) *most = std::min(*most, *limit);
  }
  return most;
}

}  // namespace

Result<std::vector<CgroupSetting>> resolve_cgroup_limits(const CgroupTree& tree,
                                                         const std::string& path,
                                                         std::span<const CgroupLimit> limits) {
  std::vector<CgroupSetting> settings;
  for (const CgroupLimit& limit : limits) {
    CgroupSetting setting{limit.file, limit.value};
    if (limit.share) {
      const bool is_swap = limit.file.find("swap") != std::string::npos;
      auto total = there_is(tree, path, is_swap);
      if (!total) return error_of(total);
      const double bytes = *limit.share * static_cast<double>(*total);
      setting.value = std::to_string(static_cast<std::uint64_t>(bytes));
    }
    if (!limit.disk.empty()) {
      auto disk = disk_of(limit.disk);
      if (!disk) return error_of(disk);
      setting.value = *disk + ' ' + limit.value;
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace nsx

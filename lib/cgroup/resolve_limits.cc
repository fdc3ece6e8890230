// SPDX-License-Identifier: MIT
// Converts parsed limits to the values to write: bytes, and the number of the disk that a path is
// on.

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cgroup/files.hh"
#include "cgroup/plan.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Returns the machine's memory or swap in bytes, from a line of /proc/meminfo.
Result<std::uint64_t> machine_total(const Kernel& kernel, std::string_view key) {
  auto text = TRY(read_file_at(kernel.proc(), "meminfo"));
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = next_field(rest, '\n');
    if (next_field(line, ':') != key) continue;
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto kilobytes = parse_number<std::uint64_t>(next_field(line, ' '));
    constexpr std::uint64_t kUnit = 1024;
    if (kilobytes) return *kilobytes * kUnit;
  }
  return refuse("find {} in /proc/meminfo", key, "");
}

/// Returns what the machine has, or the lowest limit of an ancestor of this path.
Result<std::uint64_t> there_is(const CgroupTree& tree, std::string path, bool is_swap) {
  auto most = TRY(machine_total(tree.kernel(), is_swap ? "SwapTotal" : "MemTotal"));
  const char* file = is_swap ? "memory.swap.max" : "memory.max";
  while (path != "/") {
    path = path_above(path);
    const auto above = tree.open_cgroup(path);
    if (!above) continue;
    const auto text = above->read(file);
    const auto limit = text ? parse_cgroup_number(*text) : std::nullopt;
    if (limit) most = std::min(most, *limit);
  }
  return most;
}

/// Whether a share refers to swap rather than memory.
bool is_of_swap(const CgroupLimit& limit) {
  return limit.file.find("swap") != std::string::npos;
}

/// Rounds a size up to whole pages. Sizes close to the maximum are left as they are.
void round_up(CgroupSetting& setting, std::uint64_t page) {
  const auto bytes = parse_number<std::uint64_t>(setting.value);
  if (!bytes || *bytes % page == 0 || *bytes > UINT64_MAX - page) return;
  setting.value = std::to_string((*bytes / page + 1) * page);
  setting.rounded_from = *bytes;
}

constexpr const char* kFind = "find the disk of";

std::string numbers(dev_t device) {
  return std::to_string(major(device)) + ':' + std::to_string(minor(device));
}

/// Whether this is MAJOR:MINOR.
bool is_numbers(std::string_view text) {
  const auto first = parse_number<unsigned>(next_field(text, ':'));
  return first && parse_number<unsigned>(text);
}

/// Returns the whole disk of a block device. In sysfs, the directory of a partition is in that of
/// its disk.
Result<std::string> whole_disk(const std::string& device, const std::string& path) {
  const std::string directory = "/sys/dev/block/" + device;
  auto opened = open_at(AT_FDCWD, directory.c_str(), O_PATH | O_DIRECTORY);
  if (!opened) {
    return refuse(kFind, path, "there is no block device " + device,
                  "give the block device itself, such as /dev/sda");
  }
  if (::faccessat(opened->get(), "partition", F_OK, 0) != 0) return device;
  auto disk = read_file_at(opened->get(), "../dev");
  if (!disk) return fail(kFind, path, disk.error().code);
  if (disk->ends_with('\n')) disk->pop_back();
  return disk;
}

}  // namespace

LimitFacts read_limit_facts(const CgroupTree& tree, const std::string& path,
                            std::span<const CgroupLimit> limits) {
  LimitFacts facts;
  facts.page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  bool has_memory = false;
  bool has_swap = false;
  for (const CgroupLimit& limit : limits) {
    if (limit.share) (is_of_swap(limit) ? has_swap : has_memory) = true;
    if (!limit.disk.empty()) facts.disks.emplace(limit.disk, disk_of(limit.disk));
  }
  if (has_memory) facts.memory = there_is(tree, path, false);
  if (has_swap) facts.swap = there_is(tree, path, true);
  return facts;
}

Result<std::vector<CgroupSetting>> resolve_limits(std::span<const CgroupLimit> limits,
                                                  const LimitFacts& facts) {
  std::vector<CgroupSetting> settings;
  for (const CgroupLimit& limit : limits) {
    CgroupSetting setting{limit.file, limit.value};
    if (limit.share) {
      const auto total = TRY(Result<std::uint64_t>(is_of_swap(limit) ? facts.swap : facts.memory));
      const double bytes = *limit.share * static_cast<double>(total);
      setting.value = std::to_string(static_cast<std::uint64_t>(bytes));
    }
    if (!limit.disk.empty()) {
      const auto disk = TRY(Result<std::string>(facts.disks.at(limit.disk)));
      setting.value = disk + ' ' + limit.value;
    }
    if (is_memory_size(setting.file)) round_up(setting, facts.page_size);
    if (limit.share) setting.rounded_from.reset();
    settings.push_back(std::move(setting));
  }
  return settings;
}

Result<std::vector<CgroupSetting>> resolve_cgroup_limits(const CgroupTree& tree,
                                                         const std::string& path,
                                                         std::span<const CgroupLimit> limits) {
  return resolve_limits(limits, read_limit_facts(tree, path, limits));
}

Result<std::string> disk_of(const std::string& path) {
  if (is_numbers(path)) return whole_disk(path, path);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail(kFind, path);
  if (S_ISBLK(status.st_mode)) return whole_disk(numbers(status.st_rdev), path);
  // For a file system without a device, the kernel makes up a number with the major 0.
  if (major(status.st_dev) == 0) {
    return refuse(kFind, path, "its file system has no disk of its own",
                  "give the block device itself, such as /dev/sda");
  }
  return whole_disk(numbers(status.st_dev), path);
}

std::string disk_name(const std::string& numbers) {
  if (!is_numbers(numbers)) return {};
  const auto text = read_file_at(AT_FDCWD, ("/sys/dev/block/" + numbers + "/uevent").c_str());
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    std::string_view line = next_field(rest, '\n');
    if (next_field(line, '=') == "DEVNAME") return std::string(line);
  }
  return {};
}

}  // namespace nsx

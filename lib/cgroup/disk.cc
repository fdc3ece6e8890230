// Which disk a path is on.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <nsx/cgroup_limits.hh>

#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

constexpr const char* kFind = "find the disk of";

std::string numbers(dev_t device) {
  return std::to_string(major(device)) + ':' + std::to_string(minor(device));
}

/// Whether this is MAJOR:MINOR.
bool is_numbers(std::string_view text) {
  const auto first = parse_number<unsigned>(next_field(text, ':'));
  return first && parse_number<unsigned>(text);
}

/// The whole disk of a block device: sysfs has a partition's directory in that of its disk.
Result<std::string> whole_disk(const std::string& device, const std::string& path) {
  const std::string directory = "/sys/dev/block/" + device;
  auto opened = open_at(AT_FDCWD, directory.c_str(), O_PATH | O_DIRECTORY);
  if (!opened) {
    return refuse(kFind, path, "the kernel has no block device " + device,
                  "of a file system over others (btrfs, overlay), name the device itself");
  }
  if (::faccessat(opened->get(), "partition", F_OK, 0) != 0) return device;
  auto disk = read_file_at(opened->get(), "../dev");
  if (!disk) return fail(kFind, path, disk.error().code);
  if (disk->ends_with('\n')) disk->pop_back();
  return disk;
}

}  // namespace

Result<std::string> disk_of(const std::string& path) {
  if (is_numbers(path)) return whole_disk(path, path);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail(kFind, path);
  if (S_ISBLK(status.st_mode)) return whole_disk(numbers(status.st_rdev), path);
  // Where there is no device below, the kernel makes the number up, with 0 before the colon.
  if (major(status.st_dev) == 0) {
    return refuse(kFind, path, "its file system has no disk of its own", "name the device itself");
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

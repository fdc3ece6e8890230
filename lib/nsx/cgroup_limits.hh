#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/cgroup.hh>

namespace nsx {

// What a person says of a cgroup's limits, and what the kernel wants to have written for it. A
// limit is KEY=VALUE:
//
//   memory=512M  memory=50%  memory=max   memory.max; a share is one of the memory that there is:
//                                         the machine's, or the lowest limit above the cgroup
//   memory.high= memory.low= memory.min=  the same values
//   swap=0                                memory.swap.max
//   cpu=1.5  cpu=150%  cpu=50ms/100ms     cpu.max: CPUs, or time in each period
//   cpu.weight=200                        1 to 10000, where others have 100
//   cpus=0-3,8  mems=0                    cpuset.cpus, cpuset.mems
//   pids=100                              pids.max: processes and threads
//   io=/dev/sda:w=10M/s,riops=500         io.max; r and w are bytes, riops and wiops operations a
//                                         second. A path stands for the disk that it is on.
//   io.weight=200  io.weight=/dev/sda:50  1 to 10000
//   io.latency=/dev/sda:10ms              io.latency
//   net.in=10M/s  net.out=1M/s            bytes a second, from and to the network: BPF programs on
//                                         the cgroup (cgroup_net.hh); 0 lets nothing pass
//   KEY=VALUE                             any other file of the kernel's, as it is
//
// Sizes end with K, M, G, T, P or E (1024 and so on; KiB is the same, KB is 1000), times with us,
// ms or s. The rate of a size may end with "/s".

/// A limit, as the text alone tells it.
struct CgroupLimit {
  std::string text;   ///< as it was given
  std::string file;   ///< the kernel's file: "memory.max"
  std::string value;  ///< what is to be written, but for what stands before or in place of it
  std::optional<double> share;  ///< 0 to 1: of the memory there is, in place of `value`
  std::string disk;             ///< a path, or MAJOR:MINOR, whose number goes before `value`

  bool operator==(const CgroupLimit&) const = default;
};

/// Reads one limit. Errors: no "=", an unknown key without a dot, a value that makes no sense.
NSX_API Result<CgroupLimit> parse_cgroup_limit(std::string_view text);

/// Reads limits with blanks between.
NSX_API Result<std::vector<CgroupLimit>> parse_cgroup_limits(std::string_view text);

/// The file that a key of a limit means: "memory.max" of "memory". Any other is its own.
NSX_API std::string cgroup_file_of(std::string_view key);

/// The short keys, and the files of the others that are read in human units: for completion.
NSX_API std::vector<std::string> cgroup_limit_keys();

/// A size in bytes: "512M", "1.5G", "4096".
NSX_API Result<std::uint64_t> parse_size(std::string_view text);

/// "512M" where that is exact, else the number of bytes.
NSX_API std::string format_size(std::uint64_t bytes);

/// A number to write to a file of a cgroup.
struct CgroupSetting {
  std::string file;
  std::string value;

  bool operator==(const CgroupSetting&) const = default;
};

/// What to write for limits of the cgroup at `path`, which may still have to be made: shares of
/// memory become bytes, paths become the numbers of disks. Errors: a path that is on no disk, a
/// file that has a command of its own (cgroup.procs).
NSX_API Result<std::vector<CgroupSetting>> resolve_cgroup_limits(
    const CgroupTree& tree, const std::string& path, std::span<const CgroupLimit> limits);

/// The disk, MAJOR:MINOR, that a file or a device is on: of a partition the whole one, as io.max
/// wants it. Errors: a file system without a disk of its own (tmpfs, btrfs, overlay).
NSX_API Result<std::string> disk_of(const std::string& path);

/// What the kernel calls the disk MAJOR:MINOR: "sda". Empty: there is none.
NSX_API std::string disk_name(const std::string& numbers);

}  // namespace nsx

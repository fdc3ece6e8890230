// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <nsx/cgroup_change.hh>

#include "kernel/files.hh"
#include "quantity.hh"
#include "support.hh"

namespace nsx {
namespace {

/// The value to write: "FILE VALUE", preceded by the disk and the share if there are any.
std::string read(std::string_view text) {
  const auto limit = parse_cgroup_limit(text);
  if (!limit) return failure(limit);
  std::string shown = limit->file + ' ';
  if (!limit->disk.empty()) shown += '[' + limit->disk + "] ";
  if (limit->share) shown += std::to_string(*limit->share).substr(0, 4);
  return shown + limit->value;
}

TEST(Size, IsShownWithAUnitWhereThatIsExact) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1023), "1023");
  EXPECT_EQ(format_size(512U << 20), "512M");
  EXPECT_EQ(format_size((std::uint64_t{1} << 40) + 1024), "1073741825K");
  for (const std::uint64_t bytes : {std::uint64_t{1}, std::uint64_t{4096}, std::uint64_t{3} << 33})
    EXPECT_EQ(read_size(format_size(bytes)), bytes);
}

TEST(Limit, OfTheNetworkIsARate) {
  EXPECT_EQ(read("net.in=10M/s"), "net.in 10485760");
  EXPECT_EQ(read("net.out=500K"), "net.out 512000");
  EXPECT_EQ(read("net.out=max"), "net.out max");
  EXPECT_EQ(read("net.in=0"), "net.in 0");
  for (const char* rate : {"fast", "1M/m", "-1", "50%"}) {
    const std::string text = std::string("net.in=") + rate;
    EXPECT_EQ(read(text),
              "invalid limit '" + text + "': expected a rate in bytes like 10M/s, or max");
  }
}

TEST(Limit, OfMemoryIsASize) {
  EXPECT_EQ(read("memory=512M"), "memory.max 536870912");
  EXPECT_EQ(read("memory=max"), "memory.max max");
  EXPECT_EQ(read("memory=50%"), "memory.max 0.50");
  EXPECT_EQ(read("memory.high=1.5G"), "memory.high 1610612736");
  EXPECT_EQ(read("swap=0"), "memory.swap.max 0");
  EXPECT_EQ(read("memory=101%"), "invalid limit 'memory=101%': a share cannot exceed 100%");
  EXPECT_EQ(read("memory=a lot"),
            "invalid limit 'memory=a lot': expected a size like 512M, 1.5G, 50% or max");
}

TEST(Limit, OfCpuIsCpusOrTime) {
  EXPECT_EQ(read("cpu=1.5"), "cpu.max 150000 100000");
  EXPECT_EQ(read("cpu=150%"), "cpu.max 150000 100000");
  EXPECT_EQ(read("cpu=50ms/100ms"), "cpu.max 50000 100000");
  EXPECT_EQ(read("cpu=max"), "cpu.max max 100000");
  EXPECT_EQ(read("cpu.max=max 50000"), "cpu.max max 50000");
  EXPECT_EQ(read("cpu.max=20000 50000"), "cpu.max 20000 50000");
  // The kernel rejects a quota below 1 ms.
  EXPECT_EQ(read("cpu=0.005"), "cpu.max 5000 1000000");
  EXPECT_EQ(read("cpu.weight=200"), "cpu.weight 200");
  EXPECT_EQ(read("cpu.max.burst=10ms"), "cpu.max.burst 10000");
  for (const char* text : {"cpu=0", "cpu=-1", "cpu=fast", "cpu=50ms/0", "cpu=0ms/100ms", "cpu=1/",
                           "cpu.weight=0", "cpu.weight=10001", "cpu.weight=1.5", "cpu="}) {
    EXPECT_FALSE(parse_cgroup_limit(text)) << text;
  }
}

TEST(Limit, OfCpusAndPidsIsAsItIs) {
  EXPECT_EQ(read("cpus=0-3,8"), "cpuset.cpus 0-3,8");
  EXPECT_EQ(read("cpus="), "cpuset.cpus ");
  EXPECT_EQ(read("mems=0"), "cpuset.mems 0");
  EXPECT_EQ(read("pids=100"), "pids.max 100");
  EXPECT_EQ(read("pids=max"), "pids.max max");
  EXPECT_EQ(read("pids=10M"), "invalid limit 'pids=10M': expected a number or max");
}

TEST(Limit, OfADiskNamesIt) {
  EXPECT_EQ(read("io=/dev/sda:w=10M/s,riops=500"), "io.max [/dev/sda] wbps=10485760 riops=500");
  EXPECT_EQ(read("io=/dev/sda:riops=500/s"), "io.max [/dev/sda] riops=500");
  EXPECT_EQ(read("io=8:16:r=1M"), "io.max [8:16] rbps=1048576");
  EXPECT_EQ(read("io=/mnt/a:b:wiops=max"), "io.max [/mnt/a:b] wiops=max");
  EXPECT_EQ(read("io=/dev/sda:max"), "io.max [/dev/sda] rbps=max wbps=max riops=max wiops=max");
  EXPECT_EQ(read("io.max=8:0 rbps=1 wbps=2"), "io.max [8:0] rbps=1 wbps=2");
  EXPECT_EQ(read("io.weight=200"), "io.weight default 200");
  EXPECT_EQ(read("io.weight=/dev/sda:50"), "io.weight [/dev/sda] 50");
  EXPECT_EQ(read("io.weight=/dev/sda:default"), "io.weight [/dev/sda] default");
  EXPECT_EQ(read("io.latency=/dev/sda:10ms"), "io.latency [/dev/sda] target=10000");
  for (const char* text : {"io=/dev/sda", "io=10M", "io=/dev/sda:", "io=/dev/sda:q=1",
                           "io=/dev/sda:w=0", "io=/dev/sda:w=10M,", "io=:w=1", "io.weight=0",
                           "io.latency=10ms", "io=/dev/sda:wiops=1M"}) {
    EXPECT_FALSE(parse_cgroup_limit(text)) << text;
  }
}

TEST(Limit, MayBeAnyFileOfTheKernels) {
  // As "get" prints it: everything that the parent cgroup has.
  EXPECT_EQ(read("cpuset.cpus="), "cpuset.cpus ");
  EXPECT_EQ(read("cpus="), "cpuset.cpus ");
  EXPECT_EQ(read("memory.oom.group=1"), "memory.oom.group 1");
  EXPECT_EQ(read("hugetlb.2MB.max=1G"), "hugetlb.2MB.max 1G");
  EXPECT_EQ(read("misc.max=res_a 1"), "misc.max res_a 1");
}

TEST(Limit, IsAKeyAndAValue) {
  for (const char* text : {"", "=", "memory", "=512M", "memry=1M", "../x.y=1", ".x=1", "x.=1",
                           "a/b.c=1", "memory.high=", "cgroup.procs=1", "cgroup.kill=1",
                           "memory.reclaim=1M", "memory.oom.group=1\n2"}) {
    EXPECT_FALSE(parse_cgroup_limit(text)) << text;
  }
  EXPECT_EQ(read("memory"), "invalid limit 'memory': expected KEY=VALUE like memory=512M");
  EXPECT_EQ(
      read("cgroup.freeze=1"),
      "invalid limit 'cgroup.freeze=1': cgroup.freeze is not a limit\nhint: use 'nsx-cg freeze'");
}

TEST(Limits, HaveBlanksBetween) {
  const auto limits = must(parse_cgroup_limits("memory=1M  pids=5 "));
  ASSERT_EQ(limits.size(), 2U);
  EXPECT_EQ(limits[1].file, "pids.max");
  EXPECT_FALSE(parse_cgroup_limits(""));
  EXPECT_FALSE(parse_cgroup_limits("memory=1M,pids=5"));
}

TEST(Limits, EachKeyHasAFile) {
  EXPECT_EQ(cgroup_file_of("memory"), "memory.max");
  EXPECT_EQ(cgroup_file_of("cpus"), "cpuset.cpus");
  EXPECT_EQ(cgroup_file_of("memory.stat"), "memory.stat");
  for (const std::string& key : cgroup_limit_keys())
    EXPECT_NE(cgroup_file_of(key).find('.'), std::string::npos) << key;
}

TEST(DiskName, IsNoneWhereThereIsNoDisk) {
  for (const char* text : {"", "0:0", "254", "../../sda", "8:0/.."})
    EXPECT_EQ(disk_name(text), "") << text;
}

TEST(DiskName, IsWhatDevCallsIt) {
  for (const std::string& numbers : must(list_names_at(AT_FDCWD, "/sys/dev/block"))) {
    const std::string name = disk_name(numbers);
    ASSERT_NE(name, "") << numbers;
    struct stat status {};
    if (::stat(("/dev/" + name).c_str(), &status) != 0) continue;  // in a container, say
    EXPECT_EQ(numbers,
              std::to_string(major(status.st_rdev)) + ':' + std::to_string(minor(status.st_rdev)));
  }
}

}  // namespace
}  // namespace nsx

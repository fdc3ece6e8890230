// SPDX-License-Identifier: MIT
#include <nsx/cgroup.hh>

#include "cgroup/files.hh"
#include "support.hh"

namespace nsx {
namespace {

std::string normal(const std::string& path) {
  return must(normal_cgroup_path(path, "/sys/fs/cgroup"));
}

TEST(CgroupPath, BeginsAtTheTop) {
  EXPECT_EQ(normal("/a/b"), "/a/b");
  EXPECT_EQ(normal("a//b/"), "/a/b");
  EXPECT_EQ(normal("./a/./b"), "/a/b");
  EXPECT_EQ(normal("/"), "/");
  EXPECT_EQ(normal("/..a/b.."), "/..a/b..");
}

TEST(CgroupPath, MayBeThatOfTheDirectory) {
  EXPECT_EQ(normal("/sys/fs/cgroup"), "/");
  EXPECT_EQ(normal("/sys/fs/cgroup/a"), "/a");
  EXPECT_EQ(normal("/sys/fs/cgroups/a"), "/sys/fs/cgroups/a");
}

TEST(CgroupPath, DoesNotGoUpNorHoldALineFeed) {
  for (const char* path : {"", "..", "/..", "a/..", "/a/../b", "a\nb"})
    EXPECT_FALSE(normal_cgroup_path(path, "/sys/fs/cgroup")) << path;
  EXPECT_EQ(failure(normal_cgroup_path("/a/../b", "")),
            "invalid cgroup path '/a/../b': '..' is not allowed");
}

TEST(CgroupPath, HasALastNameAndAPathAbove) {
  EXPECT_EQ(last_name("/a/b"), "b");
  EXPECT_EQ(path_above("/a/b"), "/a");
  EXPECT_EQ(path_above("/a"), "/");
}

TEST(Controllers, AreParted) {
  EXPECT_EQ(split_controllers("cpu io  memory\n"),
            (std::vector<std::string>{"cpu", "io", "memory"}));
  EXPECT_TRUE(split_controllers("\n").empty());
}

}  // namespace
}  // namespace nsx

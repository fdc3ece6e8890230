// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "kernel/nsfs.hh"

namespace nsx {
namespace {

constexpr std::string_view kText =
    "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "2 1 0:25 / /run rw shared:5 - tmpfs run rw\n"
    "3 2 0:25 /netns /run/netns rw shared:6 - tmpfs run rw\n"
    "4 3 0:4 net:[1] /run/netns/blue rw - nsfs nsfs rw\n"
    "5 4 0:4 net:[2] /run/netns/blue rw - nsfs nsfs rw\n"
    "6 1 0:25 /a\\040b /mnt rw - tmpfs run rw\n"
    "7 6 0:4 net:[3] /mnt/c\\040d rw - nsfs nsfs rw\n"
    "8 99 0:4 net:[4] /lost rw - nsfs nsfs rw\n"
    "9 1 0:4 net:[5] /file rw - nsfs nsfs rw\n";

std::string on(std::uint64_t id) {
  const MountTable table(kText);
  for (std::string_view rest = kText; const auto mount = next_mount(rest);) {
    if (mount->mount_id != id) continue;
    const auto file = table.mounted_on(*mount);
    return file ? file->device + ' ' + file->path : "none";
  }
  return "no mount";
}

TEST(MountTable, TellsTheFileBelowAMount) {
  EXPECT_EQ(on(4), "0:25 /netns/blue");
  EXPECT_EQ(on(9), "8:1 /file");
}

TEST(MountTable, TellsTheFileBelowAStack) {
  EXPECT_EQ(on(5), "0:25 /netns/blue");
}

TEST(MountTable, UnescapesPaths) {
  EXPECT_EQ(on(7), "0:25 /a b/c d");
}

TEST(MountTable, TellsNothingOfWhatLiesOutside) {
  EXPECT_EQ(on(8), "none");
  EXPECT_EQ(on(1), "none");
}

TEST(MountTable, EndsInAStackOfAnyHeight) {
  std::string text = "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
  for (int i = 2; i < 500; ++i) {
    text += std::to_string(i) + ' ' + std::to_string(i - 1) + " 0:4 net:[1] /x rw - nsfs nsfs rw\n";
  }
  text += "500 500 0:4 net:[1] /y rw - nsfs nsfs rw\n";
  const MountTable table(text);
  for (std::string_view rest = text; const auto mount = next_mount(rest);) {
    const auto file = table.mounted_on(*mount);
    EXPECT_EQ(file.has_value(), mount->mount_id > 1 && mount->mount_id <= 101) << mount->mount_id;
  }
}

TEST(MountTable, TellsThePlaceOfAPath) {
  const MountTable table(kText);
  EXPECT_EQ(table.place(3, "/run/netns"), (FilePlace{"0:25", "/netns"}));
  EXPECT_EQ(table.place(3, "/run/netns/x"), (FilePlace{"0:25", "/netns/x"}));
  EXPECT_EQ(table.place(2, "/run"), (FilePlace{"0:25", "/"}));
  EXPECT_EQ(table.place(1, "/"), (FilePlace{"8:1", "/"}));
  EXPECT_EQ(table.place(3, "/run/netnsx"), std::nullopt);
  EXPECT_EQ(table.place(77, "/run"), std::nullopt);
}

TEST(MountTable, TellsWhetherAFileIsShown) {
  const MountTable table(kText);
  EXPECT_TRUE(table.shows({"0:25", "/netns/blue"}));
  EXPECT_TRUE(table.shows({"8:1", "/any"}));
  EXPECT_FALSE(table.shows({"0:26", "/netns/blue"}));
  const MountTable part("3 2 0:25 /netns /run/netns rw - tmpfs run rw\n");
  EXPECT_TRUE(part.shows({"0:25", "/netns/blue"}));
  EXPECT_FALSE(part.shows({"0:25", "/netnsx/blue"}));
}

}  // namespace
}  // namespace nsx

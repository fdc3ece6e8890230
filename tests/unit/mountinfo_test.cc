// SPDX-License-Identifier: MIT
#include <nsx/inside.hh>

#include "support.hh"

namespace nsx {
namespace {

TEST(ParseMountinfoLine, TakesALineApart) {
  const auto mount = parse_mountinfo_line(
      "64 62 0:4 net:[4026532281] /run/netns/blue rw shared:217 master:3 - nsfs src rw,x");
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->mount_id, 64U);
  EXPECT_EQ(mount->parent_id, 62U);
  EXPECT_EQ(mount->device, "0:4");
  EXPECT_EQ(mount->root, "net:[4026532281]");
  EXPECT_EQ(mount->mount_point, "/run/netns/blue");
  EXPECT_EQ(mount->options, "rw");
  EXPECT_EQ(mount->optional_fields, "shared:217 master:3");
  EXPECT_EQ(mount->type, "nsfs");
  EXPECT_EQ(mount->source, "src");
  EXPECT_EQ(mount->super_options, "rw,x");
}

TEST(ParseMountinfoLine, RefusesWhatMakesNoSense) {
  for (const char* line : {
           "",
           "garbage",
           "64",
           "64 62 0:4 / /mnt rw",
           "64 62 0:4 / /mnt rw shared:1 tmpfs tmpfs rw",
           "x 62 0:4 / /mnt rw - tmpfs tmpfs rw",
           "64 -1 0:4 / /mnt rw - tmpfs tmpfs rw",
           "64 62 0:4 /  rw - tmpfs tmpfs rw",
           "64 62 0:4 / /mnt rw - ",
           "99999999999999999999 62 0:4 / /mnt rw - tmpfs tmpfs rw",
       }) {
    EXPECT_FALSE(parse_mountinfo_line(line)) << line;
  }
}

TEST(NextMount, GoesThroughARecordedFile) {
  const struct {
    std::uint64_t id;
    const char *root, *mount_point, *optional_fields, *type, *source;
  } expected[] = {
      {22, "/", "/proc", "shared:12", "proc", "proc"},
      {27, "/", "/", "shared:1", "ext4", "/dev/vda1"},
      {31, "/", "/run", "shared:5", "tmpfs", "tmpfs"},
      {62, "/netns", "/run/netns", "shared:5 master:1 propagate_from:2", "tmpfs", "tmpfs"},
      {64, "net:[4026532281]", "/run/netns/blue", "shared:217", "nsfs", "nsfs"},
      {65, "/", "/tmp/a b", "unbindable", "tmpfs", "tmp\\fs"},
      {66, "mnt:[4026532401]", "/tmp/a b/pin\tned", "", "nsfs", "nsfs"},
      {67, "/merged", "/var/lib/docker/overlay2/6e1d/merged", "", "overlay", "overlay"},
      {68, "/", "/mnt/empty", "", "fuse.sshfs", ""},
  };
  const std::string text = test_data("mountinfo");
  std::string_view rest = text;
  for (const auto& e : expected) {
    const auto mount = next_mount(rest);
    ASSERT_TRUE(mount) << e.mount_point;
    EXPECT_EQ(mount->mount_id, e.id);
    EXPECT_EQ(mount->root, e.root);
    EXPECT_EQ(unescape_mount_field(mount->mount_point), e.mount_point);
    EXPECT_EQ(mount->optional_fields, e.optional_fields);
    EXPECT_EQ(mount->type, e.type);
    EXPECT_EQ(unescape_mount_field(mount->source), e.source);
  }
  EXPECT_FALSE(next_mount(rest));
}

TEST(NextMount, PassesOverLinesThatMakeNoSense) {
  std::string_view rest = "garbage\n\n1 0 0:1 / / rw - tmpfs tmpfs rw\nmore garbage";
  const auto mount = next_mount(rest);
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->mount_id, 1U);
  EXPECT_FALSE(next_mount(rest));
}

TEST(UnescapeMountField, TurnsOctalBackAndNothingElse) {
  const struct {
    const char *field, *text;
  } cases[] = {
      {"", ""},
      {"/plain", "/plain"},
      {"a\\040b", "a b"},
      {"\\011\\012\\134\\043", "\t\n\\#"},
      {"\\134040", "\\040"},
      {"\\377", "\xff"},
      {"\\400", "\\400"},
      {"\\048", "\\048"},
      {"\\04", "\\04"},
      {"\\", "\\"},
      {"\\\\040", "\\ "},
  };
  for (const auto& c : cases)
    EXPECT_EQ(unescape_mount_field(c.field), c.text) << c.field;
}

}  // namespace
}  // namespace nsx

// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "support.hh"

namespace nsx {
namespace {

constexpr uid_t kOther = 65533;

/// A tree of files with owners of a test's choice, below a directory of root in a sticky one
/// (/tmp).
class TrustedPath : public testing::Test {
 protected:
  void SetUp() override { NSX_NEEDS_ROOT(); }

  std::string directory(const std::string& name, mode_t mode = 0755, uid_t owner = 0) {
    const std::string path = root_ / name;
    EXPECT_EQ(::mkdir(path.c_str(), 0755), 0) << path;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(::lchown(path.c_str(), owner, owner), 0);
    return path;
  }
  std::string link(const std::string& name, const std::string& target, uid_t owner = 0) {
    const std::string path = root_ / name;
    EXPECT_EQ(::symlink(target.c_str(), path.c_str()), 0) << path;
    EXPECT_EQ(::lchown(path.c_str(), owner, owner), 0);
    return path;
  }
  static std::string why(const std::string& path) {
    const auto opened = open_trusted(path);
    return opened                     ? ""
           : opened.error().code != 0 ? ::strerror(opened.error().code)
                                      : opened.error().reason();
  }
  /// Whether two paths lead to the same file.
  static bool leads_to(const std::string& path, const std::string& other) {
    const auto opened = open_trusted(path);
    struct stat a {};
    struct stat b {};
    return opened && ::fstat(opened->get(), &a) == 0 && ::stat(other.c_str(), &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
  }

  TemporaryDirectory root_;
};

TEST_F(TrustedPath, LeadsWhereThePathLeads) {
  const std::string a = directory("a");
  directory("a/b");
  write_file(root_ / "a/file", "x");
  link("a/relative", "b");
  link("a/up", "../a/b/");
  link("absolute", a + "/b");
  link("chain", "absolute/../relative");
  link("to-file", "a/file");
  for (const char* path : {"a/b", "a/b/", "a//./b", "a/b/.", "a/b/../b", "a/relative",
                           "a/relative/", "a/up", "absolute", "absolute/../b", "chain", "chain/"})
    EXPECT_TRUE(leads_to(root_ / path, a + "/b")) << path;
  EXPECT_TRUE(leads_to(root_ / "to-file", a + "/file"));
  EXPECT_TRUE(leads_to("/", "/"));
  EXPECT_TRUE(leads_to("/..", "/"));
  const OwnedFd before(::open(".", O_PATH | O_CLOEXEC));
  ASSERT_EQ(::chdir(a.c_str()), 0);
  for (const char* path : {"b", "./b", "../a/b", "relative"})
    EXPECT_TRUE(leads_to(path, a + "/b")) << path;
  EXPECT_TRUE(leads_to(".", a));
  ASSERT_EQ(::fchdir(before.get()), 0);
}

TEST_F(TrustedPath, FailsAsTheKernelDoes) {
  directory("a");
  write_file(root_ / "file", "x");
  link("loop", "loop");
  link("dangling", "nowhere");
  EXPECT_EQ(why(root_ / "nowhere"), ::strerror(ENOENT));
  EXPECT_EQ(why(root_ / "nowhere/below"), ::strerror(ENOENT));
  EXPECT_EQ(why(root_ / "dangling"), ::strerror(ENOENT));
  EXPECT_EQ(why(root_ / "file/below"), ::strerror(ENOTDIR));
  EXPECT_EQ(why(root_ / "file/"), ::strerror(ENOTDIR));
  EXPECT_EQ(why(root_ / "loop"), ::strerror(ELOOP));
  EXPECT_EQ(why(""), ::strerror(ENOENT));
}

TEST_F(TrustedPath, BelongsToRootOrTheCaller) {
  const std::string theirs = directory("theirs", 0755, kOther);
  directory("theirs/ours");
  directory("ours");
  link("theirs/out", root_ / "ours", kOther);
  const std::string their_link = link("link", root_ / "ours", kOther);
  link("way", "theirs/out");
  const std::string is_theirs = "UID 65533 owns " + theirs + " and could redirect it";
  for (const char* path : {"theirs", "theirs/ours", "theirs/out", "way"})
    EXPECT_EQ(why(root_ / path), is_theirs) << path;
  EXPECT_EQ(why(root_ / "ours/../theirs/../ours"),
            "UID 65533 owns " + root_.path() + "/ours/../theirs and could redirect it");
  EXPECT_EQ(why(root_ / "link"), "UID 65533 owns " + their_link + " and could redirect it");
  EXPECT_EQ(why(root_ / "theirs/missing"), is_theirs) << "nothing below is looked at";
  // The owner may use it.
  const OwnedFd opened = [&] {
    EXPECT_EQ(::chmod(root_.path().c_str(), 0755), 0);
    EXPECT_EQ(::seteuid(kOther), 0);
    auto fd = open_trusted(root_ / "theirs/ours");
    EXPECT_EQ(::seteuid(0), 0);
    return fd ? std::move(*fd) : OwnedFd();
  }();
  EXPECT_TRUE(opened);
}

TEST_F(TrustedPath, IsNotWritableToOthersUnlessSticky) {
  const struct {
    const char* name;
    mode_t mode;
    bool is_fine;
  } cases[] = {
      {"closed", 0755, true},        {"others", 0757, false},       {"group", 0775, false},
      {"sticky", 01777, true},       {"sticky-group", 01770, true}, {"setgid", 02775, false},
      {"without-anything", 0, true},
  };
  for (const auto& c : cases) {
    const std::string path = directory(c.name, c.mode);
    directory(std::string(c.name) + "/below");
    const std::string said = c.is_fine ? "" : path + " is writable by other users";
    EXPECT_EQ(why(path), said);
    EXPECT_EQ(why(path + "/below"), said);
    EXPECT_EQ(why(path + "/below/.."), said);
  }
  directory("sticky/theirs", 0755, kOther);
  link("sticky/link", "below", kOther);
  EXPECT_NE(why(root_ / "sticky/theirs"), "");
  EXPECT_NE(why(root_ / "sticky/link"), "");
  // Another user's sticky directory: its owner may rename everything.
  directory("their-sticky", 01777, kOther);
  directory("their-sticky/ours");
  EXPECT_NE(why(root_ / "their-sticky/ours"), "");
}

TEST(TrustedOwner, IsRootOrTheCaller) {
  EXPECT_TRUE(is_trusted_owner(0));
  EXPECT_TRUE(is_trusted_owner(::geteuid()));
  EXPECT_FALSE(is_trusted_owner(kOther));
}

}  // namespace
}  // namespace nsx

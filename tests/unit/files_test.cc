// SPDX-License-Identifier: MIT
#include "kernel/files.hh"

#include <array>
#include <fcntl.h>
#include <sys/stat.h>

#include "support.hh"

namespace nsx {
namespace {

TEST(OpenAt, IsCloseOnExec) {
  const auto fd = must(open_at(AT_FDCWD, "/dev/null", O_RDONLY));
  EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST(ReadFileAt, TakesTheWholeOfAFile) {
  const TemporaryDirectory directory;
  for (const std::size_t size : {0U, 1U, 3072U, 4096U, 100'000U}) {
    std::string text(size, 'x');
    if (size > 0) text.back() = '\0';
    write_file(directory / "file", text);
    EXPECT_EQ(must(read_file_at(AT_FDCWD, (directory / "file").c_str())), text);
  }
}

TEST(ReadFileAt, RefusesMoreThanItsLimit) {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  constexpr std::size_t kLimit = std::size_t{1} << 20;
  write_file(path, std::string(kLimit, 'x'));
  EXPECT_EQ(must(read_file_at(AT_FDCWD, path.c_str(), kLimit)).size(), kLimit);
  write_file(path, std::string(kLimit + 1, 'x'));
  EXPECT_EQ(failure(read_file_at(AT_FDCWD, path.c_str(), kLimit)),
            "cannot read " + path + ": File too large\nhint: at most 1 MiB of it is read");
}

TEST(ReadStartAt, ReadsNoMoreThanItsLimit) {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  write_file(path, "abcdef");
  for (const std::size_t limit : {0U, 1U, 5U}) {
    const FileStart start = must(read_start_at(AT_FDCWD, path.c_str(), limit));
    EXPECT_EQ(start.text, std::string("abcdef").substr(0, limit));
    EXPECT_TRUE(start.is_cut);
  }
  for (const std::size_t limit : {6U, 100U}) {
    const FileStart start = must(read_start_at(AT_FDCWD, path.c_str(), limit));
    EXPECT_EQ(start.text, "abcdef");
    EXPECT_FALSE(start.is_cut);
  }
  const FileStart endless = must(read_start_at(AT_FDCWD, "/dev/zero", 10'000));
  EXPECT_EQ(endless.text, std::string(10'000, '\0'));
  EXPECT_TRUE(endless.is_cut);
}

TEST(ReadOnceAt, ReadsWhatFits) {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  write_file(path, "12345");
  std::array<char, 8> large{};
  std::array<char, 3> small{};
  EXPECT_EQ(must(read_once_at(AT_FDCWD, path.c_str(), large)), 5U);
  EXPECT_STREQ(large.data(), "12345");
  EXPECT_EQ(must(read_once_at(AT_FDCWD, path.c_str(), small)), 3U);
  EXPECT_EQ(small.back(), '3');
  EXPECT_FALSE(read_once_at(AT_FDCWD, (path + "x").c_str(), large));
}

TEST(ReadFileAt, TellsWhyNot) {
  EXPECT_EQ(failure(read_file_at(AT_FDCWD, "/proc/self/nothing")),
            "cannot open /proc/self/nothing: No such file or directory");
  EXPECT_EQ(failure(read_file_at(AT_FDCWD, "/")), "cannot read /: Is a directory");
}

TEST(WriteFileAt, WritesButDoesNotCreate) {
  const TemporaryDirectory directory;
  write_file(directory / "file", "");
  must(write_file_at(AT_FDCWD, (directory / "file").c_str(), "deny"));
  EXPECT_EQ(must(read_file_at(AT_FDCWD, (directory / "file").c_str())), "deny");
  EXPECT_EQ(failure_code(write_file_at(AT_FDCWD, (directory / "new").c_str(), "deny")), ENOENT);
  EXPECT_EQ(failure(write_file_at(AT_FDCWD, "/dev/full", "deny")),
            "cannot write /dev/full: No space left on device");
}

TEST(ReadLinkAt, SaysWhereALinkLeads) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::symlink("net:[4026531840]", (directory / "net").c_str()), 0);
  const auto at = must(open_at(AT_FDCWD, directory.path().c_str(), O_PATH));
  EXPECT_EQ(must(read_link_at(at.get(), "net")), "net:[4026531840]");
  EXPECT_EQ(failure_code(read_link_at(at.get(), "mnt")), ENOENT);
}

}  // namespace
}  // namespace nsx

// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/files.hh"
#include "support.hh"

namespace nsx {
namespace {

struct stat status_of(int fd) {
  struct stat st {};
  EXPECT_EQ(::fstat(fd, &st), 0);
  return st;
}

TEST(OpenAnswering, OpensWhatIsInTheCacheAndWhatIsNot) {
  const TemporaryDirectory directory;
  write_file(directory / "file", "");
  struct stat wanted {};
  ASSERT_EQ(::stat((directory / "file").c_str(), &wanted), 0);
  const auto at = must(open_at(AT_FDCWD, directory.path().c_str(), O_PATH));
  for (const PathFrom from : {PathFrom::user, PathFrom::search}) {
    EXPECT_EQ(status_of(must(open_answering(at.get(), "file", O_PATH, from)).get()).st_ino,
              wanted.st_ino);
  }
  // A link of proc(5) is never cached: the child opens it, here its own.
  const auto self = must(open_answering(AT_FDCWD, "/proc/self/ns/net", O_PATH, PathFrom::search));
  struct stat ns {};
  ASSERT_EQ(::stat("/proc/self/ns/net", &ns), 0);
  EXPECT_EQ(status_of(self.get()).st_ino, ns.st_ino);
  EXPECT_EQ(::fcntl(self.get(), F_GETFD), FD_CLOEXEC);
}

TEST(OpenAnswering, TakesPathsRelativeToTheWorkingDirectory) {
  const auto here = must(open_answering(AT_FDCWD, ".", O_PATH, PathFrom::user));
  struct stat wanted {};
  ASSERT_EQ(::stat(".", &wanted), 0);
  EXPECT_EQ(status_of(here.get()).st_ino, wanted.st_ino);
  // As above, through a child.
  const TemporaryDirectory directory;
  ASSERT_EQ(::symlink("/proc/self/ns/net", (directory / "net").c_str()), 0);
  const OwnedFd before(::open(".", O_PATH | O_CLOEXEC));
  ASSERT_EQ(::chdir(directory.path().c_str()), 0);
  EXPECT_TRUE(open_answering(AT_FDCWD, "net", O_PATH, PathFrom::user).has_value());
  ASSERT_EQ(::fchdir(before.get()), 0);
}

TEST(OpenAnswering, TellsWhyNot) {
  EXPECT_EQ(failure(open_answering(AT_FDCWD, "/nowhere", O_PATH, PathFrom::user)),
            "cannot open /nowhere: No such file or directory");
  EXPECT_EQ(failure(open_answering(AT_FDCWD, "/proc/self/nothing", O_PATH, PathFrom::search)),
            "cannot open /proc/self/nothing: No such file or directory");
}

TEST(CheckThatItAnswers, TakesDirectoriesAlone) {
  must(check_that_it_answers("/"));
  EXPECT_EQ(failure_code(check_that_it_answers("/nowhere")), ENOENT);
  EXPECT_EQ(failure_code(check_that_it_answers("/dev/null")), ENOTDIR);
}

TEST(TextInTime, IsWhatTheWorkReturns) {
  for (const std::size_t size : {0U, 1U, 1'000'000U}) {
    EXPECT_EQ(text_in_time([&] { return std::string(size, 'x'); }), std::string(size, 'x'));
  }
  EXPECT_EQ(text_in_time([]() -> std::string {
              for (;;)
                ::pause();
            }),
            std::nullopt);
}

}  // namespace
}  // namespace nsx

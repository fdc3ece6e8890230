// SPDX-License-Identifier: MIT
#include "common/report.hh"

#include <cstdlib>
#include <fcntl.h>

#include "nsx-ls/request.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

const Tool& tool() {
  return ls_tool::kTool;
}

TEST(ParsePid, TakesNumbersAboveZero) {
  EXPECT_EQ(must(parse_pid("1")), 1);
  EXPECT_EQ(must(parse_pid("4194304")), 4194304);
  for (const char* text : {"", "0", "-1", "1x", " 1", "+1", "99999999999", "self"}) {
    EXPECT_FALSE(parse_pid(text)) << text;
  }
  EXPECT_EQ(failure(parse_pid("x")), "invalid PID 'x': expected a number above 0");
}

TEST(VersionText, NamesToolAndSuite) {
  EXPECT_EQ(version_text(tool()), "nsx-ls (nsx) " NSX_VERSION "\n");
}

TEST(OpenKernel, TakesFeaturesAwayByTheEnvironment) {
  const auto with = [](const char* list) {
    Child child([&] {
      ::setenv("NSX_KERNEL_FEATURES", list, 1);
      const auto kernel = open_kernel();
      std::printf("%s\n", kernel ? kernel->has(Feature::pidfd_namespaces) ? "yes" : "no"
                                 : kernel.error().message().c_str());
      return 0;
    });
    return child.read_line();
  };
  EXPECT_EQ(with("-pidfd-ns"), "no");
  EXPECT_EQ(with(""), newest_kernel().has(Feature::pidfd_namespaces) ? "yes" : "no");
  EXPECT_TRUE(with("frob").starts_with("unknown kernel feature 'frob': expected one of "))
      << with("frob");
}

/// The output on stderr.
std::string said(const std::function<int()>& body) {
  Child child([&] {
    ::dup2(STDOUT_FILENO, STDERR_FILENO);
    const int status = body();
    std::fprintf(stderr, "status %d\n", status);
    return 0;
  });
  std::string text;
  for (std::string line = child.read_line(); !line.empty(); line = child.read_line()) {
    text += line + '\n';
  }
  return text;
}

TEST(UsageError, NamesTheHelp) {
  EXPECT_EQ(said([] {
              return usage_error(tool(), Error{"cannot use", "x", 0, "no", {}});
            }),
            "nsx-ls: cannot use x: no\nTry 'nsx-ls --help'.\nstatus 2\n");
}

TEST(Print, FailsWhereStdoutCannotBeWritten) {
  EXPECT_EQ(said([] { return print(tool(), "text\n"); }), "text\nstatus 0\n");
  // Output that fits into stdio's buffer fails when it is flushed, longer output before.
  for (const std::size_t size : {5U, 100'000U}) {
    EXPECT_EQ(said([&] {
                const OwnedFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
                ::dup2(full.get(), STDOUT_FILENO);
                return print(tool(), std::string(size, 'x'));
              }),
              "nsx-ls: cannot write standard output: No space left on device\nstatus 1\n");
  }
}

TEST(GuardedMain, OpensTheStandardStreams) {
  EXPECT_EQ(said([] {
              ::close(STDIN_FILENO);
              ::close(STDOUT_FILENO);
              const auto run = [](int, char**) {
                return OwnedFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get() > 2 ? 0 : 5;
              };
              return guarded_main(tool(), run, 0, nullptr);
            }),
            "status 0\n");
}

TEST(GuardedMain, ReportsABug) {
  const auto run = [](int, char**) -> int { throw std::runtime_error("bug"); };
  EXPECT_EQ(said([&] { return guarded_main(tool(), run, 0, nullptr); }),
            "nsx-ls: cannot continue: bug\nstatus 2\n");
}

}  // namespace
}  // namespace nsx::cli

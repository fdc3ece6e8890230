// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/plan.hh>

#include "support.hh"

namespace nsx {
namespace {

using step::Execute;
using step::PrepareStarter;

/// The output of the program, with its errors, and how the process ended.
std::string started(const std::vector<Step>& steps) {
  Child child([&] {
    ::dup2(STDOUT_FILENO, STDERR_FILENO);
    return carry_out_and_tell(steps);
  });
  std::string said = child.read_all();
  return said + "wait " + std::to_string(child.wait());
}

std::string ends_with(int status) {
  return "wait " + std::to_string(status << 8);
}

std::string make_program(const std::string& path, std::string_view text) {
  write_file(path, text);
  ::chmod(path.c_str(), 0755);
  return path;
}

TEST(SealedStart, RunsTheProgramWithItsArgumentsAndEnvironment) {
  const step::SetEnvironment environment{{"A=1", "PATH=/usr/bin:/bin"}};
  EXPECT_EQ(
      started({PrepareStarter{}, environment,
               Execute{"sh", {"other-name", "-c", "echo $0 $A $1; exit 7", "x", "y"}, "tool"}}),
      "x 1 y\n" + ends_with(7));
}

TEST(SealedStart, IsNoFileOfTheHost) {
  const TemporaryDirectory directory;
  // The kernel gives it to a script that asks for the previously executed file.
  const std::string script = make_program(directory / "script", "#!/proc/self/exe\n");
  EXPECT_EQ(started({PrepareStarter{}, Execute{script, {"script"}, "tool"}}), ends_with(126));
}

TEST(SealedStart, TellsOfAProgramThatIsMissingBeforeItStarts) {
  EXPECT_EQ(started({PrepareStarter{}, Execute{"/nowhere", {"nowhere"}, "tool"}}),
            "step 1: cannot execute /nowhere: No such file or directory\n" + ends_with(98));
  EXPECT_EQ(started({PrepareStarter{}, Execute{"nowhere", {"nowhere"}, "tool"}}),
            "step 1: cannot execute nowhere: No such file or directory\n" + ends_with(98));
  EXPECT_EQ(started({PrepareStarter{}, Execute{"", {""}, "tool"}}),
            "step 1: cannot execute: No such file or directory\n" + ends_with(98));
  EXPECT_EQ(started({PrepareStarter{}, Execute{"/tmp", {"tmp"}, "tool"}}),
            "step 1: cannot execute /tmp: Permission denied\n" + ends_with(98));
}

TEST(SealedStart, ReportsWhatOnlyTheKernelFinds) {
  const TemporaryDirectory directory;
  const std::string script = make_program(directory / "script", "#!/nowhere\n");
  EXPECT_EQ(started({PrepareStarter{}, Execute{script, {"script"}, "tool"}}),
            "tool: cannot execute " + script + ": No such file or directory\n" + ends_with(127));
  const std::string loop = make_program(directory / "loop", "#!" + (directory / "loop") + "\n");
  EXPECT_EQ(
      started({PrepareStarter{}, Execute{loop, {"loop"}, "tool"}}),
      "tool: cannot execute " + loop + ": Too many levels of symbolic links\n" + ends_with(126));
}

TEST(SealedStart, HasTheShellRunAScriptWithoutAFirstLine) {
  const TemporaryDirectory directory;
  const std::string script = make_program(directory / "script", "echo \"$0 $1 $2\"\n");
  EXPECT_EQ(started({PrepareStarter{}, Execute{script, {"name", "a", "b"}, "tool"}}),
            script + " a b\n" + ends_with(0));
}

TEST(SealedStart, TakesTheFirstOfPathThatCanBeExecuted) {
  const TemporaryDirectory directory;
  ::mkdir((directory / "a").c_str(), 0755);
  ::mkdir((directory / "b").c_str(), 0755);
  write_file(directory / "a/program", "#!/bin/sh\necho wrong\n");
  const std::string path = "PATH=/nowhere:" + (directory / "a") + ":" + (directory / "b");
  const Execute program{"program", {"program"}, "tool"};
  EXPECT_EQ(started({PrepareStarter{}, step::SetEnvironment{{path}}, program}),
            "step 2: cannot execute program: Permission denied\n" + ends_with(98));
  make_program(directory / "b/program", "#!/bin/sh\necho right\n");
  EXPECT_EQ(started({PrepareStarter{}, step::SetEnvironment{{path}}, program}),
            "right\n" + ends_with(0));
}

TEST(SealedStart, InheritsNothingOfItsOwn) {
  Child child([] {
    ::close_range(3, ~0U, 0);
    return carry_out_and_tell(
        {PrepareStarter{}, Execute{"sh", {"sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"}, "tool"}});
  });
  // The last is the directory that ls(1) reads.
  EXPECT_EQ(child.read_all(), "0 1 2 3 \n");
}

/// How often the start was reported, and how the program ended.
std::string told(const Execute& program) {
  Child parent([&] {
    ::dup2(STDOUT_FILENO, STDERR_FILENO);
    Plan plan;
    plan.steps = {PrepareStarter{}, step::Fork{}, program};
    int count = 0;
    auto outcome = carry_out(newest_kernel(), plan, [&](const Started&) { ++count; });
    if (!outcome) ::_exit(98);
    std::printf("told %d, exit %d\n", count, outcome->exit_status);
    return 0;
  });
  return parent.read_all();
}

TEST(SealedStart, TellsTheParentWhetherTheProgramRuns) {
  const TemporaryDirectory directory;
  const std::string script = make_program(directory / "script", "#!/nowhere\n");
  EXPECT_EQ(told({"sh", {"sh", "-c", "exit 4"}, "tool"}), "told 1, exit 4\n");
  EXPECT_EQ(told({script, {"script"}, "tool"}),
            "tool: cannot execute " + script + ": No such file or directory\ntold 0, exit 127\n");
}

TEST(SealedStart, DoesNotRunAProgramWithoutTheContextThatItIsToHave) {
  // Without SELinux, the kernel accepts none; another security module could.
  const std::string said =
      started({PrepareStarter{}, step::SetSecurityContext{"no:such:context"}, shell("echo wrong")});
  EXPECT_TRUE(said.find(": cannot set the security context no:such:context: ") != std::string::npos)
      << said;
  EXPECT_TRUE(said.ends_with(ends_with(1))) << said;
}

TEST(SealedStart, DoesNotRunAProgramWithoutTheAppArmorProfileThatItIsToHave) {
  // Without AppArmor the file is missing; with it, the profile is.
  const step::SetSecurityContext profile{"nsx-no-such-profile", true};
  const std::string said = started({PrepareStarter{}, profile, shell("echo wrong")});
  EXPECT_TRUE(
      said.ends_with(": cannot set the security context exec nsx-no-such-profile: No such "
                     "file or directory\n" +
                     ends_with(1)))
      << said;
}

}  // namespace
}  // namespace nsx

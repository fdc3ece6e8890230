// SPDX-License-Identifier: MIT
#include "common/runner.hh"

#include <csignal>
#include <cstdlib>
#include <pwd.h>

#include "nsx-unshare/options.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

const Tool& tool() {
  return unshare_tool::kTool;
}

/// "FILE: ARGUMENTS" of the program, chosen with this $SHELL.
std::string chosen(const char* shell, std::vector<std::string> words = {}) {
  Child child([&] {
    shell != nullptr ? ::setenv("SHELL", shell, 1) : ::unsetenv("SHELL");
    std::vector<char*> operands;
    for (std::string& word : words)
      operands.push_back(word.data());
    const Program program = choose_program(operands);
    std::printf("%s:", program.file.c_str());
    for (const std::string& argument : program.arguments)
      std::printf(" %s", argument.c_str());
    std::printf("\n");
    return 0;
  });
  return child.read_line();
}

TEST(ChooseProgram, TakesTheOperandsElseALoginShell) {
  EXPECT_EQ(chosen("/bin/zsh", {"id", "-u"}), "id: id -u");
  EXPECT_EQ(chosen("/bin/zsh"), "/bin/zsh: -zsh");
  EXPECT_EQ(chosen("fish"), "fish: -fish");
  const passwd* user = ::getpwuid(::getuid());
  const std::string shell = user != nullptr && *user->pw_shell != '\0' ? user->pw_shell : "/bin/sh";
  const std::string expected = shell + ": -" + shell.substr(shell.rfind('/') + 1);
  EXPECT_EQ(chosen(nullptr), expected);
  EXPECT_EQ(chosen(""), expected);
}

Plan plan_of(std::vector<Step> steps) {
  Plan plan;
  plan.steps = std::move(steps);
  return plan;
}

TEST(PrintPlan, NumbersTheSteps) {
  Child child([] {
    return run_or_print(tool(), newest_kernel(),
                        plan_of({step::Fork{}, step::Execute{"id", {"id"}}}), {.plan = true});
  });
  EXPECT_EQ(child.read_all(), "1. fork; the parent waits\n2. run id\n");
}

/// The status of wait(2) for a tool that runs this plan.
int status_of(const std::vector<Step>& steps) {
  Child child([&] {
    ::dup2(STDOUT_FILENO, STDERR_FILENO);
    return run_or_print(tool(), newest_kernel(), plan_of(steps), {});
  });
  return child.wait();
}

TEST(RunPlan, EndsAsItsProgramDid) {
  const TemporaryDirectory directory;
  write_file(directory / "data", "no program");
  const auto exited = [](int status) { return status << 8; };
  const struct {
    std::vector<Step> steps;
    int status;
  } cases[] = {
      {{step::Fork{}, shell("exit 7")}, exited(7)},
      {{step::Fork{}, shell("kill -TERM $$")}, SIGTERM},
      {{step::Fork{}, shell("kill -KILL $$")}, SIGKILL},
      {{step::Execute{"/nowhere", {"nowhere"}}}, exited(127)},
      {{step::Execute{directory / "data", {"data"}}}, exited(126)},
      {{step::Fork{}, step::Execute{"/nowhere", {"nowhere"}}}, exited(127)},
      {{step::ChangeDirectory{-1, "/nowhere"}, shell("exit 0")}, exited(1)},
      {{step::Fork{}, step::ChangeDirectory{-1, "/nowhere"}, shell("exit 0")}, exited(1)},
  };
  for (const auto& c : cases)
    EXPECT_EQ(status_of(c.steps), c.status);
}

TEST(RunPlan, DiesOfASignalThatItsCallerIgnores) {
  Child child([] {
    ::signal(SIGUSR1, SIG_IGN);
    return run_or_print(tool(), newest_kernel(), plan_of({step::Fork{}, shell("kill -USR2 $$")}),
                        {});
  });
  EXPECT_EQ(child.wait(), SIGUSR2);
}

}  // namespace
}  // namespace nsx::cli

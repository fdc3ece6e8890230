// SPDX-License-Identifier: MIT
#include "common/commands.hh"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "nsx-cg/commands.hh"
#include "nsx-pin/commands.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

constexpr Option kOptions[] = {kHelp, kVersion};

/// options_test.cc has a struct of this name with other members: effects must not be mixed up.
struct Request {
  std::array<char, 64> other{};
  bool quick = false;
};

constexpr Option kAddOptions[] = {
    flag('q', "quick", "be quick", set_flag<&Request::quick>),
    kHelp,
};
constexpr Operands kOne{.least = 1, .most = 1, .runs = Operands::Runs::after_dashes};
constexpr Tool kAdd{"suite add", "[options] name", "Adds.", kAddOptions, kOne, 2, nullptr};
constexpr Tool kRemove{"suite rm", "[options]", "Removes.", kOptions, Operands::none, 2, nullptr};

int add(const CommandLine& line) {
  Request request;
  if (!apply<kAddOptions>(line, request)) return 1;
  std::printf("add %s%s%s\n", line.operands[0], request.quick ? " quickly" : "",
              line.program.empty() ? "" : line.program[0]);
  return 10;
}

int remove(const CommandLine&) {
  std::puts("rm");
  return 11;
}

constexpr Command kCommands[] = {{&kAdd, add}, {&kRemove, remove, "del delete", true}};
constexpr Suite kSuite{{"suite", "command", "Does it.", kOptions, Operands::program, 2, nullptr},
                       kCommands};

struct Answer {
  int status;
  std::string text;  ///< of stdout and stderr
};

/// The outcome of the suite, run in a child.
Answer answer(std::vector<std::string> words) {
  Child child([&] {
    ::dup2(1, 2);
    words.insert(words.begin(), "suite");
    std::vector<char*> argv;
    for (std::string& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    const int status = run_command(kSuite, static_cast<int>(words.size()), argv.data());
    std::fflush(stdout);
    std::printf("status %d\n", status);
    return 0;
  });
  Answer found{-1, {}};
  for (int lines = 0; lines < 100; ++lines) {
    const std::string line = child.read_line();
    if (line.starts_with("status ")) {
      found.status = std::atoi(line.c_str() + std::strlen("status "));
      break;
    }
    found.text += line + '\n';
  }
  return found;
}

void expect(const std::vector<std::string>& words, int status, const std::string& text) {
  const Answer found = answer(words);
  std::string spelled;
  for (const std::string& word : words)
    spelled += word + ' ';
  EXPECT_EQ(found.status, status) << spelled;
  EXPECT_EQ(found.text, text) << spelled;
}

TEST(RunCommand, RunsTheCommandWithItsOwnLine) {
  expect({"add", "blue"}, 10, "add blue\n");
  expect({"add", "blue", "-q"}, 10, "add blue quickly\n");
  expect({"add", "-q", "blue", "--", "!"}, 10, "add blue quickly!\n");
  expect({"rm"}, 11, "rm\n");
  expect({"--", "rm"}, 11, "rm\n");
}

TEST(RunCommand, KnowsOtherNames) {
  expect({"del"}, 11, "rm\n");
  expect({"delete"}, 11, "rm\n");
}

TEST(RunCommand, ReportsUsageErrorsAsTheCommand) {
  expect({"add", "-x", "blue"}, 2, "suite add: unknown option '-x'\nTry 'suite add --help'.\n");
  expect({"del", "blue"}, 2, "suite rm: unexpected argument 'blue'\nTry 'suite rm --help'.\n");
}

TEST(RunCommand, RefusesWhatIsNoCommand) {
  const std::string end = "Try 'suite --help'.\n";
  expect({}, 2, "suite: missing command\n" + end);
  expect({"helpp"}, 2, "suite: unknown command 'helpp' (did you mean 'help'?)\n" + end);
  expect({"ad"}, 2, "suite: unknown command 'ad' (did you mean 'add'?)\n" + end);
  expect({"dele"}, 2, "suite: unknown command 'dele'\n" + end);
  expect({"elephant"}, 2, "suite: unknown command 'elephant'\n" + end);
  expect({""}, 2, "suite: unknown command ''\n" + end);
  expect({"de\nl"}, 2, "suite: unknown command 'de\\x0al'\n" + end);
  expect({"-x"}, 2, "suite: unknown option '-x'\n" + end);
}

TEST(RunCommand, PrintsHelp) {
  expect({"--help"}, 0, help_text(kSuite));
  expect({"help"}, 0, help_text(kSuite));
  expect({"help", "help"}, 0, help_text(kSuite));
  expect({"add", "--help"}, 0, help_text(kAdd));
  expect({"help", "add"}, 0, help_text(kAdd));
  expect({"help", "del"}, 0, help_text(kRemove));
  expect({"help", "dell"}, 2,
         "suite: unknown command 'dell'\n"
         "Try 'suite --help'.\n");
  expect({"help", "add", "rm"}, 2, "suite: unexpected argument 'rm'\nTry 'suite --help'.\n");
  expect({"--version"}, 0, std::string("suite (nsx) ") + NSX_VERSION + '\n');
}

TEST(SuiteHelpText, ListsTheCommands) {
  EXPECT_EQ(help_text(kSuite),
            "Usage: suite command\n"
            "\n"
            "Does it.\n"
            "\n"
            "Commands:\n"
            "  add                        Adds.\n"
            "  rm, del, delete            Removes.\n"
            "  help [COMMAND]             Print this help, or that of a command\n"
            "\n"
            "Options:\n"
            "  -h, --help                 print this help\n"
            "  -V, --version              print the version\n"
            "\n"
            "More: man suite\n");
}

class Suites : public testing::TestWithParam<const Suite*> {};

TEST_P(Suites, HaveEachNameOnce) {
  const Suite& suite = *GetParam();
  EXPECT_EQ(find_command(suite, "help"), nullptr);
  for (const Command& command : suite.commands) {
    EXPECT_EQ(command.table->name,
              std::string(suite.tool.name) + ' ' + std::string(command.name()));
    EXPECT_EQ(find_command(suite, command.name()), &command);
    std::string aliases = command.aliases != nullptr ? command.aliases : "";
    for (const char* alias = std::strtok(aliases.data(), " "); alias != nullptr;
         alias = std::strtok(nullptr, " ")) {
      EXPECT_EQ(find_command(suite, alias), &command) << alias;
    }
  }
}

TEST_P(Suites, HaveOneUsageStatus) {
  const Suite& suite = *GetParam();
  for (const Command& command : suite.commands)
    EXPECT_EQ(command.table->usage_status, suite.tool.usage_status) << command.table->name;
}

INSTANTIATE_TEST_SUITE_P(Commands, Suites, testing::Values(&pin_tool::kSuite, &cg_tool::kSuite));

}  // namespace
}  // namespace nsx::cli

// SPDX-License-Identifier: MIT
#include "common/options.hh"

#include <algorithm>
#include <cstring>
#include <set>
#include <sstream>

#include <nsx/text.hh>

#include "nsx-cg/commands.hh"
#include "nsx-enter/options.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/request.hh"
#include "nsx-pin/commands.hh"
#include "nsx-unshare/options.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

struct Request {
  bool quick = false;
  bool loud = true;
  std::optional<int> number;
  std::string file;
  std::vector<std::string> filters;
};

struct Plan {
  int count = 0;
};

Result<int> parse_digit(const char* text) {
  if (text[0] >= '0' && text[0] <= '9' && text[1] == '\0') return text[0] - '0';
  return refuse("use", text, "no digit");
}

constexpr char kUsualFile[] = "/usual";

constexpr Option kTestOptions[] = {
    flag('q', "quick", "be quick", set_flag<&Request::quick>),
    value('n', "number", {"N"}, "a number", parse_into<parse_digit, &Request::number>),
    optional_value('f', "file", {"FILE", Completes::file}, "a file",
                   set_text_or<&Request::file, kUsualFile>),
    value(kNoLetter, "filter", {"EXPRESSION"}, "a filter", append_text<&Request::filters>),
    flag(kNoLetter, "plan", "print a plan", [](Plan& plan) { ++plan.count; }),
};
constexpr Tool kRunner{"runner", "[options] [program]", "Runs.", kTestOptions, Operands::program, 1,
                       nullptr};
constexpr Tool kLister{"lister", "[options]", "Lists.", kTestOptions, Operands::none, 2, nullptr};

constexpr Tool kAsker{"asker", "[options] [target...]", "Asks.", kTestOptions, Operands::targets, 2,
                      nullptr};

constexpr Operands kNames{.least = 1, .most = 2, .runs = Operands::Runs::after_dashes};
constexpr Tool kNamer{
    "suite name", "[options] name [other] [-- program]", "Names.", kTestOptions, kNames, 2,
    nullptr};

/// "quick; number=5; operands: a b; program: c d", or the error with its hint.
std::string spelled(const Result<CommandLine>& line) {
  if (!line) return failure(line);
  std::string text;
  for (const Given& given : line->options) {
    text += given.option->name;
    if (given.argument != nullptr) text += std::string("=") + given.argument;
    text += "; ";
  }
  text += "operands:";
  for (const char* operand : line->operands)
    text += std::string(" ") + operand;
  if (!line->program.empty()) text += "; program:";
  for (const char* word : line->program)
    text += std::string(" ") + word;
  return text;
}

/// In a child, as getopt_long(3) keeps a state that is not reset: a tool parses once.
std::string parsed(const Tool& tool, std::vector<std::string> words) {
  Child child([&] {
    words.insert(words.begin(), tool.name);
    std::vector<char*> argv;
    for (std::string& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    std::fputs(spelled(parse(tool, static_cast<int>(words.size()), argv.data())).c_str(), stdout);
    return 0;
  });
  std::string text = child.read_all();
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

struct ParseCase {
  std::vector<std::string> words;
  const char* expected;
};

TEST(Parse, TakesOptionsInEverySpelling) {
  const ParseCase cases[] = {
      {{}, "operands:"},
      {{"-q"}, "quick; operands:"},
      {{"--quick"}, "quick; operands:"},
      {{"-n5"}, "number=5; operands:"},
      {{"-n", "5"}, "number=5; operands:"},
      {{"--number=5"}, "number=5; operands:"},
      {{"--number", "5"}, "number=5; operands:"},
      {{"--number="}, "number=; operands:"},
      {{"-qn5"}, "quick; number=5; operands:"},
      {{"-q", "-n5", "-q"}, "quick; number=5; quick; operands:"},
      {{"-q", "--"}, "quick; operands:"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parsed(kRunner, c.words), c.expected);
}

TEST(Parse, TakesAbbreviations) {
  const ParseCase cases[] = {
      {{"--qu"}, "quick; operands:"},
      {{"--num", "5"}, "number=5; operands:"},
      {{"--filt=a"}, "filter=a; operands:"},
      {{"--fil=a"}, "ambiguous option '--fil': could be --file, --filter"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parsed(kRunner, c.words), c.expected);
}

TEST(Parse, TakesOptionalArgumentsFromTheSameWordOnly) {
  const ParseCase cases[] = {
      {{"-f"}, "file; operands:"},
      {{"-f/x"}, "file=/x; operands:"},
      {{"-f=/x"}, "file=/x; operands:"},  // as nsenter(1)
      {{"-f==x"}, "file==x; operands:"},
      {{"-qf=/x"}, "quick; file=/x; operands:"},
      {{"--file"}, "file; operands:"},
      {{"--file=/x"}, "file=/x; operands:"},
      {{"--file==x"}, "file==x; operands:"},
      {{"-f", "/x"}, "file; operands:; program: /x"},
      {{"--file", "/x"}, "file; operands:; program: /x"},
      {{"-n=5"}, "number==5; operands:"},  // a required one is taken as it is
  };
  for (const auto& c : cases)
    EXPECT_EQ(parsed(kRunner, c.words), c.expected);
}

TEST(Parse, LeavesTheProgramItsOptions) {
  const ParseCase cases[] = {
      {{"id", "-q"}, "operands:; program: id -q"},
      {{"-q", "id", "-q", "--", "x"}, "quick; operands:; program: id -q -- x"},
      {{"--", "-q"}, "operands:; program: -q"},
      {{"-q", "-"}, "quick; operands:; program: -"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parsed(kRunner, c.words), c.expected);
}

TEST(Parse, RefusesOperandsThatNoOneExpects) {
  EXPECT_EQ(parsed(kLister, {"x"}), "unexpected argument 'x'");
  EXPECT_EQ(parsed(kLister, {"x", "-q"}), "unexpected argument 'x'");
  EXPECT_EQ(parsed(kLister, {"--", "-q"}), "unexpected argument '-q'");
}

TEST(Parse, TakesTargetsAnywhere) {
  EXPECT_EQ(parsed(kAsker, {"x", "-q", "y"}), "quick; operands: x y");
  EXPECT_EQ(parsed(kAsker, {"-q", "x", "--", "-n"}), "quick; operands: x -n");
}

TEST(Parse, TakesTheProgramFromBehindDashes) {
  const ParseCase cases[] = {
      {{"a"}, "operands: a"},
      {{"a", "--", "id", "-q"}, "operands: a; program: id -q"},
      {{"-q", "a", "-n", "5", "--", "id"}, "quick; number=5; operands: a; program: id"},
      {{"a", "-n", "--", "b", "--", "id", "--"}, "number=--; operands: a b; program: id --"},
      {{"a", "-n", "--"}, "number=--; operands: a"},
      {{"a", "--"}, "operands: a"},
      {{"a", "-"}, "operands: a -"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parsed(kNamer, c.words), c.expected);
}

TEST(Parse, TakesTheProgramFromBehindTheFirstOperandWithoutDashes) {
  Operands operands = kNames;
  operands.or_after_first = true;
  const Tool tool{"suite name", "name", "Names.", kTestOptions, operands, 2, nullptr};
  const ParseCase cases[] = {
      {{"a"}, "operands: a"},
      {{"-q", "a", "id", "-q", "--plan"}, "quick; operands: a; program: id -q --plan"},
      {{"a", "-q"}, "operands: a; program: -q"},
      {{"a", "-q", "b", "--", "id", "-q"}, "quick; operands: a b; program: id -q"},
      {{"a", "id", "--", "x"}, "operands: a id; program: x"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parsed(tool, c.words), c.expected);
}

TEST(Parse, CountsOperands) {
  const std::string usage = "\nhint: suite name [options] name [other] [-- program]";
  const ParseCase cases[] = {
      {{}, "missing argument NAME"},
      {{"-q", "--", "id"}, "missing argument NAME"},
      {{"a", "b", "c"}, "unexpected argument 'c'"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parsed(kNamer, c.words), c.expected + usage);
}

TEST(Parse, MissesNoOperandWhereHelpIsAskedFor) {
  constexpr Option options[] = {kHelp};
  const Tool tool{"suite name", "name", "Names.", options, kNames, 2, nullptr};
  EXPECT_EQ(parsed(tool, {"--help"}), "help; operands:");
}

TEST(Parse, SaysWhatIsWrong) {
  const ParseCase cases[] = {
      {{"-x"}, "unknown option '-x'"},
      {{"-qx"}, "unknown option '-x'"},
      {{"--qiuck"}, "unknown option '--qiuck' (did you mean '--quick'?)"},
      {{"--nubmer=5"}, "unknown option '--nubmer' (did you mean '--number'?)"},
      {{"--elephant"}, "unknown option '--elephant'"},
      {{"-n"}, "--number needs an argument: --number=N"},
      {{"--number"}, "--number needs an argument: --number=N"},
      {{"--filter"}, "--filter needs an argument: --filter=EXPRESSION"},
      {{"--quick=x"}, "option '--quick' takes no argument"},
      {{"--plan=x"}, "option '--plan' takes no argument"},
      {{"-q", "--plan=x"}, "option '--plan' takes no argument"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parsed(kRunner, c.words), c.expected);
}

/// "quick 5 /file [a b] 1 plan", as the options have changed it, or the error's message.
std::string applied(std::vector<std::string> words) {
  Child child([&] {
    words.insert(words.begin(), "lister");
    std::vector<char*> argv;
    for (std::string& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto line = parse(kLister, static_cast<int>(words.size()), argv.data());
    Request request;
    Plan plan;
    const auto done = apply<kTestOptions>(*line, request, plan);
    std::string text = request.quick ? "quick " : "";
    if (request.number) text += std::to_string(*request.number) + ' ';
    text += request.file + '[';
    for (const std::string& filter : request.filters)
      text += filter + ' ';
    text += ']' + std::to_string(plan.count);
    std::puts(done ? text.c_str() : done.error().message().c_str());
    return 0;
  });
  return child.read_line();
}

TEST(Apply, ChangesThePartThatARowIsAbout) {
  EXPECT_EQ(applied({}), "[]0");
  EXPECT_EQ(applied({"-q", "-n5", "--filter=a", "--plan"}), "quick 5 [a ]1");
  EXPECT_EQ(applied({"-f"}), "/usual[]0");
}

TEST(Apply, LetsTheLastOneCount) {
  EXPECT_EQ(applied({"-n5", "-n6", "-f", "-f/x"}), "6 /x[]0");
  EXPECT_EQ(applied({"-f/x", "-f", "--filter=a", "--filter=b", "--plan", "--plan"}),
            "/usual[a b ]2");
}

TEST(Apply, ReportsTheFirstArgumentThatMakesNoSense) {
  EXPECT_EQ(applied({"-nx", "-ny"}), "cannot use x: no digit");
}

TEST(SplitList, TakesEveryCommaForOne) {
  using Words = std::vector<std::string_view>;
  EXPECT_EQ(split_list("a"), (Words{"a"}));
  EXPECT_EQ(split_list("a,b"), (Words{"a", "b"}));
  EXPECT_EQ(split_list("a,,b,"), (Words{"a", "", "b", ""}));
  EXPECT_EQ(split_list(""), (Words{""}));
}

TEST(Nearest, IsNoneForWordsThatResembleNothing) {
  const auto name_of = [](std::string_view word) {
    return std::string(nearest(kRunner, word).value_or("none"));
  };
  EXPECT_EQ(name_of("quick"), "quick");
  EXPECT_EQ(name_of("quik"), "quick");
  EXPECT_EQ(name_of("plane"), "plan");
  EXPECT_EQ(name_of("filer"), "file");  // one edit, to --filter too: the first one wins
  EXPECT_EQ(name_of("zzzzz"), "none");
  EXPECT_EQ(name_of("x"), "none");
  const std::array<std::string_view, 2> commands{"top", "list"};
  EXPECT_EQ(nsx::nearest(commands, "foo"), std::nullopt);
  EXPECT_EQ(nsx::nearest(commands, "tip"), "top");
  EXPECT_EQ(nsx::nearest(commands, "lsit"), "list");
  EXPECT_EQ(nsx::nearest(commands, "otp"), "top");
  EXPECT_EQ(nsx::nearest(commands, "stop"), std::nullopt);
  const std::array<std::string_view, 2> others{"set", "exec"};
  EXPECT_EQ(nsx::nearest(others, "net"), std::nullopt);
  EXPECT_EQ(nsx::nearest(others, "stat"), std::nullopt);
  EXPECT_EQ(nsx::nearest(others, "exce"), "exec");
}

// --- The tools' own tables -----------------------------------------------------------------------

class Tables : public testing::TestWithParam<const Tool*> {
 protected:
  const Tool& tool() const { return *GetParam(); }
};

TEST_P(Tables, HaveEachLetterAndNameOnce) {
  std::set<char> letters;
  std::set<std::string> names;
  for (const Option& option : tool().options) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    if (option.letter == '\0') continue;
    EXPECT_TRUE(letters.insert(option.letter).second) << option.name;
    EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(option.letter))) << option.name;
  }
}

TEST_P(Tables, NameEveryArgumentAndNoOther) {
  for (const Option& option : tool().options) {
    const bool takes = option.argument != Argument::none;
    EXPECT_EQ(option.metavar != nullptr, takes) << option.name;
    EXPECT_TRUE(takes || option.completes == Completes::nothing) << option.name;
    const bool has_choices =
        option.completes == Completes::words || option.completes == Completes::list;
    EXPECT_EQ(option.words != nullptr, has_choices) << option.name;
  }
}

/// A heading: starts with a capital and has no full stop.
void expect_heading(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  EXPECT_TRUE(std::isupper(static_cast<unsigned char>(text.front()))) << text;
  EXPECT_NE(text.back(), '.') << text;
  EXPECT_LE(text.size(), kLongest) << text;
}

TEST_P(Tables, HelpInOnePhraseEach) {
  expect_heading(tool().purpose);
  for (const Option& option : tool().options) {
    const std::string_view help = option.help;
    ASSERT_FALSE(help.empty()) << option.name;
    EXPECT_NE(help.back(), '.') << option.name;
    EXPECT_FALSE(std::isupper(static_cast<unsigned char>(help.front()))) << help;
    if (option.heading != nullptr) expect_heading(option.heading);
  }
}

TEST_P(Tables, HaveAHeadingForAllOptionsOrForNone) {
  const auto headings = std::ranges::count_if(
      tool().options, [](const Option& option) { return option.heading != nullptr; });
  EXPECT_TRUE(headings == 0 || tool().options.front().heading != nullptr);
  EXPECT_NE(headings, 1);
}

/// The words of a command line as a shell splits them, up to the end of the first command.
std::vector<std::string> shell_words(const std::string& command) {
  const std::string script = "set -f; printf '%s\\n' " + command;
  FILE* shell = ::popen(script.c_str(), "r");
  std::vector<std::string> words;
  std::array<char, 256> line{};
  while (std::fgets(line.data(), line.size(), shell) != nullptr)
    words.emplace_back(line.data(), std::strcspn(line.data(), "\n"));
  EXPECT_EQ(::pclose(shell), 0) << command;
  return words;
}

/// The table for a command line; the words after the command are left.
const Tool* table_of(std::vector<std::string>& words) {
  for (const Tool* table : {&unshare_tool::kTool, &enter_tool::kTool, &ls_tool::kTool}) {
    if (words.front() == table->name) return table;
  }
  for (const Suite* suite : {&pin_tool::kSuite, &cg_tool::kSuite}) {
    if (words.front() != suite->tool.name || words.size() < 2) continue;
    words.erase(words.begin());
    const Command* command = find_command(*suite, words.front());
    return command != nullptr ? command->table : nullptr;
  }
  return nullptr;
}

TEST_P(Tables, HaveExamplesThatAreCommandLines) {
  for (const Example& example : tool().examples) {
    ASSERT_NE(example.command, nullptr);
    EXPECT_STRNE(example.purpose, "") << example.command;
    const std::string command = example.command;
    std::vector<std::string> words = shell_words(command.substr(0, command.find(" | ")));
    ASSERT_FALSE(words.empty()) << command;
    const Tool* table = table_of(words);
    ASSERT_NE(table, nullptr) << command;
    std::vector<char*> argv;
    for (std::string& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto line = parse(*table, static_cast<int>(words.size()), argv.data());
    EXPECT_TRUE(line.has_value()) << command << ": " << failure(line);
  }
}

TEST_P(Tables, OfferHelpAndVersion) {
  const auto name_of = [&](char letter) {
    const auto option = std::find_if(tool().options.begin(), tool().options.end(),
                                     [&](const Option& o) { return o.letter == letter; });
    return option != tool().options.end() ? std::string(option->name) : "none";
  };
  EXPECT_EQ(name_of('h'), "help");
  // A command has none of its own.
  const bool is_command = std::strchr(tool().name, ' ') != nullptr;
  EXPECT_EQ(name_of('V'), is_command ? "none" : "version");
}

std::string spelled_operands(std::size_t count) {
  std::string text = "; operands:";
  for (std::size_t i = 0; i < count; ++i)
    text += " o";
  return text;
}

TEST_P(Tables, AreParsed) {
  for (const Option& option : tool().options) {
    const std::string argument = option.argument == Argument::none ? "" : "=x";
    const auto with_operands = [&](const std::string& word) {
      std::vector<std::string> words(tool().operands.least, "o");
      words.insert(words.begin(), word);
      return words;
    };
    const std::string operands = spelled_operands(tool().operands.least);
    EXPECT_EQ(parsed(tool(), with_operands(std::string("--") + option.name + argument)),
              option.name + argument + operands);
    if (option.letter == '\0') continue;
    const bool bare =
        option.argument == Argument::none || option.argument == Argument::optional_if_long;
    EXPECT_EQ(parsed(tool(), with_operands(std::string("-") + option.letter + (bare ? "" : "x"))),
              option.name + std::string(bare ? "" : "=x") + operands);
  }
}

TEST_P(Tables, MakeAHelpTextThatFitsATerminal) {
  const std::string text = help_text(tool());
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 80U) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
  EXPECT_TRUE(text.starts_with(std::string("Usage: ") + tool().name + ' '));
  const std::string_view name = tool().name;
  EXPECT_TRUE(text.ends_with("\nMore: man " + std::string(name.substr(0, name.find(' '))) + '\n'));
}

TEST_P(Tables, AreWholeInTheHelpText) {
  std::string text = help_text(tool());
  const auto squeeze = [](std::string s) {
    std::istringstream words(s);
    std::string out;
    for (std::string word; words >> word;)
      out += word + ' ';
    return out;
  };
  text = squeeze(text);
  for (const Option& option : tool().options) {
    std::string line = option.letter != '\0' ? std::string{'-', option.letter, ',', ' '} : "";
    line += std::string("--") + option.name;
    if (option.argument == Argument::required) line += std::string("=") + option.metavar;
    if (option.argument == Argument::optional || option.argument == Argument::optional_if_long) {
      line += std::string("[=") + option.metavar + ']';
    }
    EXPECT_NE(text.find(squeeze(line + ' ' + option.help)), std::string::npos) << line;
  }
  if (tool().epilogue != nullptr) {
    EXPECT_NE(text.find(squeeze(tool().epilogue)), std::string::npos);
  }
}

TEST_P(Tables, SayWhatOperandsAre) {
  const Operands& operands = tool().operands;
  EXPECT_LE(operands.least, operands.most);
  const bool has_choices = operands.first == Completes::words || operands.rest == Completes::words;
  EXPECT_EQ(operands.words != nullptr, has_choices);
  EXPECT_TRUE(operands.most > 0 || operands.first == Completes::nothing);
  EXPECT_TRUE(operands.most > 1 || operands.rest == Completes::nothing);
  EXPECT_TRUE(operands.runs != Operands::Runs::first_operand || operands.most == 0);
}

std::vector<const Tool*> all_tables() {
  std::vector<const Tool*> tables{&unshare_tool::kTool, &enter_tool::kTool, &ls_tool::kTool};
  for (const Suite* suite : {&pin_tool::kSuite, &cg_tool::kSuite}) {
    tables.push_back(&suite->tool);
    for (const Command& command : suite->commands)
      tables.push_back(command.table);
  }
  return tables;
}

INSTANTIATE_TEST_SUITE_P(Options, Tables, testing::ValuesIn(all_tables()), [](const auto& test) {
  std::string name = test.param->name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

const Option& option_of(const Tool& tool, std::string_view name) {
  for (const Option& option : tool.options) {
    if (option.name == name) return option;
  }
  throw std::runtime_error("no such option");
}

TEST(LsTable, OffersEveryColumn) {
  std::string words;
  for (const auto& column : ls_tool::kColumns) {
    words += std::string(words.empty() ? "" : " ") + column.table.name;
  }
  EXPECT_EQ(option_of(ls_tool::kTool, "output").words, words);
}

TEST(LsTable, OffersEveryKind) {
  std::string words;
  for (const KindInfo& kind : kKinds)
    words += std::string(words.empty() ? "" : " ") + kind.name;
  EXPECT_EQ(option_of(ls_tool::kTool, "type").words, words);
}

TEST(HelpText, WrapsLongLines) {
  const Option options[] = {
      under("First", flag('a', "a-name-that-is-too-long-for-its-column", "short")),
      under("Second",
            flag('b', "b", "words and words and words and words and words and words and words")),
  };
  const Tool tool{
      "tool",         "[options]",
      "Do it",        options,
      Operands::none, 1,
      "The end.\n",   {{{"tool -a", "do it"}, {"tool -b", "do more of it, and more and more"}}}};
  EXPECT_EQ(help_text(tool),
            "Usage: tool [options]\n"
            "\n"
            "Do it\n"
            "\n"
            "First:\n"
            "  -a, --a-name-that-is-too-long-for-its-column\n"
            "                             short\n"
            "\n"
            "Second:\n"
            "  -b, --b                    words and words and words and words and words and\n"
            "                             words and words\n"
            "\n"
            "The end.\n"
            "\n"
            "Examples:\n"
            "  tool -a                                   do it\n"
            "  tool -b                                   do more of it, and more and more\n"
            "\n"
            "More: man tool\n");
}

}  // namespace
}  // namespace nsx::cli

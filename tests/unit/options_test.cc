#include "common/options.hh"

#include <algorithm>
#include <cstring>
#include <set>
#include <sstream>

#include "nsx-enter/options.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/options.hh"
#include "nsx-pin/commands.hh"
#include "nsx-unshare/options.hh"
#include "support.hh"

namespace nsx::cli {
namespace {

constexpr Option kTestOptions[] = {
    {'q', "quick", Argument::none, nullptr, Completes::nothing, nullptr, "be quick"},
    {'n', "number", Argument::required, "N", Completes::nothing, nullptr, "a number"},
    {'f', "file", Argument::optional, "FILE", Completes::file, nullptr, "a file"},
    {256, "filter", Argument::required, "EXPRESSION", Completes::nothing, nullptr, "a filter"},
    {257, "plan", Argument::none, nullptr, Completes::nothing, nullptr, "print a plan"},
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

/// "quick; number=5; operands: a b; program: c d", or the error's message.
std::string spelled(const Result<CommandLine>& line) {
  if (!line) return line.error().message();
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

/// In a child, as getopt_long(3) keeps a state that it is not told to forget: a tool parses once.
std::string parsed(const Tool& tool, std::vector<std::string> words) {
  Child child([&] {
    words.insert(words.begin(), tool.name);
    std::vector<char*> argv;
    for (std::string& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    std::puts(spelled(parse(tool, static_cast<int>(words.size()), argv.data())).c_str());
    return 0;
  });
  return child.read_line();
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
      {{"--fil=a"}, "cannot understand --fil: several options start so (--file, --filter)"},
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
  EXPECT_EQ(parsed(kLister, {"x"}), "cannot use x: no operand is expected");
  EXPECT_EQ(parsed(kLister, {"x", "-q"}), "cannot use x: no operand is expected");
  EXPECT_EQ(parsed(kLister, {"--", "-q"}), "cannot use -q: no operand is expected");
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

TEST(Parse, CountsOperands) {
  const std::string usage = " (usage: suite name [options] name [other] [-- program])";
  const ParseCase cases[] = {
      {{}, "cannot start: an operand is missing"},
      {{"-q", "--", "id"}, "cannot start: an operand is missing"},
      {{"a", "b", "c"}, "cannot use c: that is an operand too many"},
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
      {{"-x"}, "cannot understand -x: no such option"},
      {{"-qx"}, "cannot understand -x: no such option"},
      {{"--qiuck"}, "cannot understand --qiuck: no such option (did you mean --quick?)"},
      {{"--nubmer=5"}, "cannot understand --nubmer: no such option (did you mean --number?)"},
      {{"--elephant"}, "cannot understand --elephant: no such option"},
      {{"-n"}, "cannot use --number: it needs an argument (N)"},
      {{"--number"}, "cannot use --number: it needs an argument (N)"},
      {{"--filter"}, "cannot use --filter: it needs an argument (EXPRESSION)"},
      {{"--quick=x"}, "cannot use --quick: it takes no argument (--quick=x)"},
      {{"--plan=x"}, "cannot use --plan: it takes no argument (--plan=x)"},
      {{"-q", "--plan=x"}, "cannot use --plan: it takes no argument (--plan=x)"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parsed(kRunner, c.words), c.expected);
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
  EXPECT_EQ(nearest(commands, "foo"), std::nullopt);
  EXPECT_EQ(nearest(commands, "tip"), "top");
  EXPECT_EQ(nearest(commands, "lsit"), "list");
}

// --- The tools' own tables -----------------------------------------------------------------------

class Tables : public testing::TestWithParam<const Tool*> {
 protected:
  const Tool& tool() const { return *GetParam(); }
};

TEST_P(Tables, HaveEachIdAndNameOnce) {
  std::set<int> ids;
  std::set<std::string> names;
  for (const Option& option : tool().options) {
    EXPECT_TRUE(ids.insert(option.id).second) << option.name;
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_TRUE(option.id > 255 || std::isalnum(option.id)) << option.name;
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

TEST_P(Tables, HelpInOnePhraseEach) {
  EXPECT_STREQ(tool().purpose + std::strlen(tool().purpose) - 1, ".");
  for (const Option& option : tool().options) {
    const std::string_view help = option.help;
    ASSERT_FALSE(help.empty()) << option.name;
    EXPECT_NE(help.back(), '.') << option.name;
    EXPECT_FALSE(std::isupper(static_cast<unsigned char>(help.front()))) << help;
  }
}

TEST_P(Tables, OfferHelpAndVersion) {
  const auto name_of = [&](int id) {
    const auto option = std::find_if(tool().options.begin(), tool().options.end(),
                                     [&](const Option& o) { return o.id == id; });
    return option != tool().options.end() ? std::string(option->name) : "none";
  };
  EXPECT_EQ(name_of(kHelp.id), "help");
  // A command has none of its own.
  const bool is_command = std::strchr(tool().name, ' ') != nullptr;
  EXPECT_EQ(name_of(kVersion.id), is_command ? "none" : "version");
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
    if (option.letter() == '\0') continue;
    const bool bare =
        option.argument == Argument::none || option.argument == Argument::optional_if_long;
    EXPECT_EQ(parsed(tool(), with_operands(std::string("-") + option.letter() + (bare ? "" : "x"))),
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
    std::string line = option.letter() != '\0' ? std::string{'-', option.letter(), ',', ' '} : "";
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
  for (const Suite* suite : {&pin_tool::kSuite}) {
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
    words += std::string(words.empty() ? "" : " ") + column.name;
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
      {'a', "a-name-that-is-too-long-for-its-column", Argument::none, nullptr, Completes::nothing,
       nullptr, "short"},
      {'b', "b", Argument::none, nullptr, Completes::nothing, nullptr,
       "words and words and words and words and words and words and words"},
  };
  const Tool tool{"tool", "[options]", "Does it.", options, Operands::none, 1, "The end.\n"};
  EXPECT_EQ(help_text(tool),
            "Usage: tool [options]\n"
            "\n"
            "Does it.\n"
            "\n"
            "Options:\n"
            "  -a, --a-name-that-is-too-long-for-its-column\n"
            "                             short\n"
            "  -b, --b                    words and words and words and words and words and\n"
            "                             words and words\n"
            "\n"
            "The end.\n"
            "\n"
            "More: man tool\n");
}

}  // namespace
}  // namespace nsx::cli

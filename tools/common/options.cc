// SPDX-License-Identifier: MIT
#include "common/options.hh"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <getopt.h>

#include <nsx/text.hh>

#include "common/report.hh"
#include "try.hh"

namespace nsx::cli {

namespace {

/// The value that getopt_long(3) returns for an operand.
constexpr int kOperand = 1;

/// getopt_long(3) returns this plus the index of the row for an option without a letter.
constexpr int kFirstRow = 256;

int returned_for(const Tool& tool, const Option& option) {
  if (option.letter != kNoLetter) return option.letter;
  return kFirstRow + static_cast<int>(&option - tool.options.data());
}

const Option* find(const Tool& tool, int returned) {
  for (const Option& option : tool.options) {
    if (returned_for(tool, option) == returned) return &option;
  }
  return nullptr;
}

int getopt_argument(Argument argument) {
  switch (argument) {
    case Argument::none:
      return no_argument;
    case Argument::required:
      return required_argument;
    case Argument::optional:
    case Argument::optional_if_long:
      break;
  }
  return optional_argument;
}

bool is_optional(Argument argument) {
  return argument == Argument::optional || argument == Argument::optional_if_long;
}

std::vector<option> long_options(const Tool& tool) {
  std::vector<option> options;
  for (const Option& o : tool.options) {
    options.push_back({o.name, getopt_argument(o.argument), nullptr, returned_for(tool, o)});
  }
  options.push_back({});
  return options;
}

std::string short_options(const Tool& tool, bool ends_at_operand) {
  // "+": stop at the first operand. "-": return each operand as the argument of kOperand, which
  // distinguishes those before "--" from those after it. ":": distinguish a missing argument from
  // an unknown option.
  std::string text = ends_at_operand ? "+:" : "-:";
  for (const Option& o : tool.options) {
    if (o.letter == kNoLetter) continue;
    text += o.letter;
    if (o.argument == Argument::required) text += ':';
    if (o.argument == Argument::optional) text += "::";
  }
  return text;
}

/// Returns the error for the long option `word`, which getopt_long(3) rejected.
tl::unexpected<Error> refuse_long(const Tool& tool, std::string_view word) {
  const std::string_view bare = word.substr(2, word.find('=') - 2);
  std::string candidates;
  std::size_t count = 0;
  for (const Option& option : tool.options) {
    if (!std::string_view(option.name).starts_with(bare)) continue;
    candidates += std::string(count++ == 0 ? "" : ", ") + "--" + option.name;
  }
  const std::string shown = "--" + std::string(bare);
  if (count > 1) return problem("ambiguous option '{}'", shown, "could be " + candidates);
  // The name of an option with something appended, like --network for --net.
  std::string_view shorter;
  for (const Option& option : tool.options) {
    constexpr std::size_t kLeast = 3;
    const std::string_view name = option.name;
    if (name.size() >= std::max(kLeast, shorter.size()) && bare.starts_with(name)) shorter = name;
  }
  const auto near = shorter.empty() ? nearest(tool, bare) : shorter;
  if (!near) return problem("unknown option '{}'", shown);
  return problem("unknown option '{}' (did you mean '--" + std::string(*near) + "'?)", shown);
}

std::string spelling(const Option& option) {
  return std::string("--") + option.name;
}

/// Returns the name of the operand with this index in the synopsis: "NAME"; empty if it has none.
std::string operand_name(const Tool& tool, std::size_t index) {
  for (std::string_view rest = tool.synopsis; !rest.empty();) {
    std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    if (word.starts_with('[') || word.starts_with('-')) continue;
    if (index-- > 0) continue;
    if (word.ends_with("...")) word.remove_suffix(3);
    std::string name(word);
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return name;
  }
  return {};
}

/// Checks the number of operands.
Status check_operands(const Tool& tool, const CommandLine& line) {
  const auto [least, most] = std::pair(tool.operands.least, tool.operands.most);
  const std::size_t count = line.operands.size();
  const std::string usage = std::string(tool.name) + ' ' + tool.synopsis;
  if (count > most) {
    return problem("unexpected argument '{}'", line.operands[most], {}, most == 0 ? "" : usage);
  }
  if (count >= least || line.has(kHelp.name) || line.has(kVersion.name)) return {};
  return problem("missing argument", operand_name(tool, count), {}, usage);
}

constexpr std::size_t kWidth = 80;
constexpr std::size_t kExampleColumn = 44;

/// Appends `text` in lines of at most kWidth columns. The first line starts at column `at`, the
/// others at `column`.
void append_wrapped(std::string& out, std::string_view text, std::size_t column, std::size_t at) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (at + end > kWidth) {
      out.back() = '\n';
      out.append(column, ' ');
      at = column;
    }
    out.append(text.substr(0, end));
    out += ' ';
    at += end + 1;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out.back() = '\n';
}

/// Returns the left column of an option's row in --help: "  -t, --target=PID".
std::string left_of(const Option& option) {
  std::string left = "  ";
  left += option.letter != kNoLetter ? std::string{'-', option.letter, ',', ' '} : "    ";
  left += spelling(option);
  if (option.argument == Argument::required) left += std::string("=") + option.metavar;
  if (is_optional(option.argument)) left += std::string("[=") + option.metavar + ']';
  return left;
}

/// Returns whether the argument names an existing object. An empty one is then an error, most
/// likely an unset variable of a script.
bool names_something(const Option& option) {
  switch (option.completes) {
    case Completes::target:
    case Completes::container:
    case Completes::pin:
    case Completes::cgroup:
    case Completes::user:
    case Completes::directory:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<std::string_view> nearest(const Tool& tool, std::string_view mistyped) {
  std::vector<std::string_view> names;
  for (const Option& option : tool.options)
    names.emplace_back(option.name);
  return nsx::nearest(names, mistyped);
}

bool CommandLine::has(std::string_view name) const {
  return std::any_of(options.begin(), options.end(),
                     [&](const Given& given) { return given.option->name == name; });
}

std::vector<std::string_view> split_list(std::string_view list) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t comma = list.find(',');
    words.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return words;
    list.remove_prefix(comma + 1);
  }
}

Status apply_to(std::span<const Part> parts, const CommandLine& line) {
  for (const Given& given : line.options) {
    const Effect& effect = given.option->effect;
    for (const Part& part : parts) {
      if (part.id == effect.part) TRY(effect.apply(part.object, given.argument));
    }
  }
  return {};
}

Result<CommandLine> parse(const Tool& tool, int argc, char** argv) {
  const std::vector<option> longs = long_options(tool);
  CommandLine line;
  line.ended_by_first = tool.operands.or_after_first &&
                        std::none_of(argv, argv + argc,
                                     [](const char* word) { return std::strcmp(word, "--") == 0; });
  const std::string shorts = short_options(
      tool, line.ended_by_first || tool.operands.runs == Operands::Runs::first_operand);
  ::opterr = 0;
  ::optind = 0;  // makes glibc reset the state of earlier calls
  for (;;) {
    const int here = std::max(::optind, 1);
    const int id = ::getopt_long(argc, argv, shorts.c_str(), longs.data(), nullptr);
    if (id == -1) break;
    if (id == kOperand) {
      line.operands.push_back(::optarg);
      continue;
    }
    if (id == ':') {
      const Option* option = find(tool, ::optopt);
      if (option == nullptr) return problem("{} needs an argument", argv[::optind - 1]);
      return problem("{} needs an argument", spelling(*option),
                     spelling(*option) + '=' + option->metavar);
    }
    if (id == '?') {
      if (::optopt == 0) return refuse_long(tool, argv[::optind - 1]);
      if (const Option* option = find(tool, ::optopt)) {
        return problem("option '{}' takes no argument", spelling(*option));
      }
      return problem("unknown option '{}'", std::string("-") + static_cast<char>(::optopt));
    }
    const Option* option = find(tool, id);
    const char* argument = ::optarg;
    const bool is_short = std::strncmp(argv[here], "--", 2) != 0;
    if (is_short && argument != nullptr && option->argument == Argument::optional &&
        argument[0] == '=') {
      ++argument;
    }
    if (argument != nullptr && *argument == '\0' && names_something(*option)) {
      return problem("empty argument for {}", spelling(*option),
                     std::string("expected ") + option->metavar);
    }
    line.options.push_back({option, argument});
  }
  if (line.ended_by_first && ::optind < argc) line.operands.push_back(argv[::optind++]);
  auto& rest = tool.operands.runs == Operands::Runs::nothing ? line.operands : line.program;
  rest.insert(rest.end(), argv + ::optind, argv + argc);
  TRY(check_operands(tool, line));
  return line;
}

std::string help_row(std::string left, std::string_view text, std::size_t column) {
  std::string row;
  if (left.size() + 2 > column) {
    row = left + '\n';
    left.clear();
  }
  left.resize(column, ' ');
  row += left;
  append_wrapped(row, text, column, column);
  return row;
}

std::string help_text(const Tool& tool, const std::string& commands) {
  std::string text = "Usage: " + std::string(tool.name) + ' ' + tool.synopsis + "\n\n";
  append_wrapped(text, tool.purpose, 0, 0);
  if (!commands.empty()) text += "\nCommands:\n" + commands;
  if (!tool.options.empty() && tool.options.front().heading == nullptr) text += "\nOptions:\n";
  for (const Option& option : tool.options) {
    if (option.heading != nullptr) text += std::string("\n") + option.heading + ":\n";
    text += help_row(left_of(option), option.help, kHelpColumn);
  }
  if (tool.epilogue != nullptr) text += std::string("\n") + tool.epilogue;
  if (tool.examples.front().command != nullptr) text += "\nExamples:\n";
  for (const Example& example : tool.examples) {
    if (example.command == nullptr) break;
    text += help_row(std::string("  ") + example.command, example.purpose, kExampleColumn);
  }
  // A command is documented in the page of its tool.
  const std::string_view name = tool.name;
  return text.append("\nMore: man ").append(name.substr(0, name.find(' '))).append("\n");
}

}  // namespace nsx::cli

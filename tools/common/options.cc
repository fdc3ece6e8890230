#include "common/options.hh"

#include <algorithm>
#include <cstring>
#include <getopt.h>
#include <numeric>

namespace nsx::cli {

namespace {

/// What getopt_long(3) returns for an operand.
constexpr int kOperand = 1;

const Option* find(const Tool& tool, int id) {
  for (const Option& option : tool.options) {
    if (option.id == id) return &option;
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
    options.push_back({o.name, getopt_argument(o.argument), nullptr, o.id});
  }
  options.push_back({});
  return options;
}

std::string short_options(const Tool& tool) {
  // "+": stop at the first operand. "-": give each of them as the argument of kOperand, so that
  // those before "--" are told from those behind. ":": tell a missing argument from an unknown
  // option.
  std::string text = tool.operands.runs == Operands::Runs::first_operand ? "+:" : "-:";
  for (const Option& o : tool.options) {
    if (o.letter() == '\0') continue;
    text += o.letter();
    if (o.argument == Argument::required) text += ':';
    if (o.argument == Argument::optional) text += "::";
  }
  return text;
}

/// The number of edits that turn `a` into `b` (Levenshtein's distance).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, replaced});
    }
  }
  return row.back();
}

/// What is wrong with the long option `word`, which getopt_long(3) did not take.
tl::unexpected<Error> refuse_long(const Tool& tool, std::string_view word) {
  const std::string_view bare = word.substr(2, word.find('=') - 2);
  std::string candidates;
  std::size_t count = 0;
  for (const Option& option : tool.options) {
    if (!std::string_view(option.name).starts_with(bare)) continue;
    candidates += std::string(count++ == 0 ? "" : ", ") + "--" + option.name;
  }
  const std::string shown = "--" + std::string(bare);
  if (count > 1) return refuse("understand", shown, "several options start so", candidates);
  if (const auto near = nearest(tool, bare)) {
    return refuse("understand", shown, "no such option",
                  "did you mean --" + std::string(*near) + "?");
  }
  return refuse("understand", shown, "no such option");
}

std::string spelling(const Option& option) {
  return std::string("--") + option.name;
}

/// Whether there are as many operands as the table says.
Status check_operands(const Tool& tool, const CommandLine& line) {
  const auto [least, most] = std::pair(tool.operands.least, tool.operands.most);
  if (line.operands.size() > most) {
    return most == 0 ? refuse("use", line.operands[0], "no operand is expected")
                     : refuse("use", line.operands[most], "that is an operand too many",
                              std::string("usage: ") + tool.name + ' ' + tool.synopsis);
  }
  if (line.operands.size() >= least || line.has(kHelp.id) || line.has(kVersion.id)) return {};
  return refuse("start", {}, "an operand is missing",
                std::string("usage: ") + tool.name + ' ' + tool.synopsis);
}

constexpr std::size_t kWidth = 80;
constexpr std::size_t kHelpColumn = 29;

/// Appends `text` in lines up to kWidth, all but the first indented to `column`.
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

}  // namespace

std::optional<std::string_view> nearest(std::span<const std::string_view> words,
                                        std::string_view mistyped) {
  std::optional<std::string_view> best;
  // Of a short word at least half is to be right.
  std::size_t best_distance = std::min(mistyped.size() / 3 + 1, mistyped.size() / 2);
  for (const std::string_view word : words) {
    const std::size_t d = distance(mistyped, word);
    if (d <= best_distance && (!best || d < best_distance)) {
      best = word;
      best_distance = d;
    }
  }
  return best;
}

std::optional<std::string_view> nearest(const Tool& tool, std::string_view mistyped) {
  std::vector<std::string_view> names;
  for (const Option& option : tool.options)
    names.emplace_back(option.name);
  return nearest(names, mistyped);
}

bool CommandLine::has(int id) const {
  return std::any_of(options.begin(), options.end(),
                     [&](const Given& given) { return given.option->id == id; });
}

Result<CommandLine> parse(const Tool& tool, int argc, char** argv) {
  const std::vector<option> longs = long_options(tool);
  const std::string shorts = short_options(tool);
  CommandLine line;
  ::opterr = 0;
  ::optind = 0;  // glibc: forget an earlier call
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
      return refuse("use", option != nullptr ? spelling(*option) : argv[::optind - 1],
                    "it needs an argument",
                    option != nullptr ? std::string(option->metavar) : std::string());
    }
    if (id == '?') {
      if (::optopt == 0) return refuse_long(tool, argv[::optind - 1]);
      if (const Option* option = find(tool, ::optopt)) {
        return refuse("use", spelling(*option), "it takes no argument", argv[here]);
      }
      return refuse("understand", std::string("-") + static_cast<char>(::optopt), "no such option");
    }
    const Option* option = find(tool, id);
    const char* argument = ::optarg;
    const bool is_short = std::strncmp(argv[here], "--", 2) != 0;
    if (is_short && argument != nullptr && option->argument == Argument::optional &&
        argument[0] == '=') {
      ++argument;
    }
    line.options.push_back({option, argument});
  }
  auto& rest = tool.operands.runs == Operands::Runs::nothing ? line.operands : line.program;
  rest.insert(rest.end(), argv + ::optind, argv + argc);
  if (auto ok = check_operands(tool, line); !ok) return error_of(ok);
  return line;
}

std::string help_row(std::string left, std::string_view text) {
  std::string row;
  if (left.size() + 2 > kHelpColumn) {
    row = left + '\n';
    left.clear();
  }
  left.resize(kHelpColumn, ' ');
  row += left;
  append_wrapped(row, text, kHelpColumn, kHelpColumn);
  return row;
}

std::string help_text(const Tool& tool, const std::string& commands) {
  std::string text = "Usage: " + std::string(tool.name) + ' ' + tool.synopsis + "\n\n";
  append_wrapped(text, tool.purpose, 0, 0);
  if (!commands.empty()) text += "\nCommands:\n" + commands;
  text += "\nOptions:\n";
  for (const Option& option : tool.options) {
    std::string left = "  ";
    left += option.letter() != '\0' ? std::string{'-', option.letter(), ',', ' '} : "    ";
    left += spelling(option);
    if (option.argument == Argument::required) left += std::string("=") + option.metavar;
    if (is_optional(option.argument)) left += std::string("[=") + option.metavar + ']';
    text += help_row(std::move(left), option.help);
  }
  if (tool.epilogue != nullptr) text += std::string("\n") + tool.epilogue;
  // A command has no page of its own.
  const std::string_view name = tool.name;
  return text.append("\nMore: man ").append(name.substr(0, name.find(' '))).append("\n");
}

}  // namespace nsx::cli

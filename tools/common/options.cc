#include "common/options.hh"

#include <algorithm>
#include <cstring>
#include <getopt.h>
#include <numeric>

namespace nsx::cli {

namespace {

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
  // "+": stop at the first operand. ":": tell a missing argument from an unknown option.
  std::string text = tool.operands == Operands::program ? "+:" : ":";
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
  if (const Option* near = nearest(tool, bare)) {
    return refuse("understand", shown, "no such option",
                  std::string("did you mean --") + near->name + "?");
  }
  return refuse("understand", shown, "no such option");
}

std::string spelling(const Option& option) {
  return std::string("--") + option.name;
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

const Option* nearest(const Tool& tool, std::string_view mistyped) {
  const Option* best = nullptr;
  std::size_t best_distance = mistyped.size() / 3 + 1;
  for (const Option& option : tool.options) {
    const std::size_t d = distance(mistyped, option.name);
    if (d <= best_distance && (best == nullptr || d < best_distance)) {
      best = &option;
      best_distance = d;
    }
  }
  return best;
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
  line.operands.assign(argv + ::optind, argv + argc);
  if (tool.operands == Operands::none && !line.operands.empty()) {
    return refuse("use", line.operands.front(), "no operand is expected");
  }
  return line;
}

std::string help_text(const Tool& tool) {
  std::string text = "Usage: " + std::string(tool.name) + ' ' + tool.synopsis + "\n\n";
  append_wrapped(text, tool.purpose, 0, 0);
  text += "\nOptions:\n";
  for (const Option& option : tool.options) {
    std::string left = "  ";
    left += option.letter() != '\0' ? std::string{'-', option.letter(), ',', ' '} : "    ";
    left += spelling(option);
    if (option.argument == Argument::required) left += std::string("=") + option.metavar;
    if (is_optional(option.argument)) left += std::string("[=") + option.metavar + ']';
    if (left.size() + 2 > kHelpColumn) {
      text += left + '\n';
      left.clear();
    }
    left.resize(kHelpColumn, ' ');
    text += left;
    append_wrapped(text, option.help, kHelpColumn, kHelpColumn);
  }
  if (tool.epilogue != nullptr) text += std::string("\n") + tool.epilogue;
  text += std::string("\nMore: man ") + tool.name + '\n';
  return text;
}

}  // namespace nsx::cli

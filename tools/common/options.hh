// SPDX-License-Identifier: MIT
#pragma once
// One table a tool: it drives parsing, --help, the completions and the check of the man page.

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

#include "common/effect.hh"

namespace nsx::cli {

enum class Argument {
  none,
  required,
  optional,
  optional_if_long,  ///< the short option takes none
};

/// What the argument of an option, or an operand, is, for completion.
enum class Completes {
  nothing,
  pid,
  target,
  container,
  pin,
  cgroup,
  user,
  file,
  directory,
  words,
  list
};

/// A row of a table: all that there is to say of an option.
struct Option {
  char letter;       ///< of the short option, or kNoLetter
  const char* name;  ///< of the long option
  Argument argument;
  const char* metavar;  ///< what --help calls the argument; null without one
  Completes completes;
  const char* words;  ///< for words and list (with commas): the choices, with blanks between;
                      ///< one that ends in "=" wants more behind it
  const char* help;
  Effect effect = {};
  const char* heading = nullptr;  ///< of the group of options that begins here; null: none begins
};

/// In place of the letter of an option that has none.
inline constexpr char kNoLetter = '\0';

/// An option without an argument.
constexpr Option flag(char letter, const char* name, const char* help, Effect effect = {}) {
  return {letter, name, Argument::none, nullptr, Completes::nothing, nullptr, help, effect};
}

/// What the argument of an option is: DIR, and what completes it.
struct Metavar {
  const char* name;
  Completes completes = Completes::nothing;
  const char* words = nullptr;  ///< of Option
};

/// An option with an argument.
constexpr Option value(char letter, const char* name, Metavar argument, const char* help,
                       Effect effect = {}) {
  return {letter, name,  Argument::required, argument.name, argument.completes, argument.words,
          help,   effect};
}

/// An option whose argument may be left out.
constexpr Option optional_value(char letter, const char* name, Metavar argument, const char* help,
                                Effect effect = {}) {
  return {letter, name,  Argument::optional, argument.name, argument.completes, argument.words,
          help,   effect};
}

/// Begins a group of options with its first.
constexpr Option under(const char* heading, Option first) {
  first.heading = heading;
  return first;
}

/// The options that every tool has: answer_help() handles them.
inline constexpr Option kHelp = flag('h', "help", "print this help");
inline constexpr Option kVersion = flag('V', "version", "print the version");

/// A command line that --help shows.
struct Example {
  const char* command;
  const char* purpose;  ///< a phrase: "list the sockets of the container web"
};

using Examples = std::array<Example, 3>;

/// What may stand beside the options.
struct Operands {
  static constexpr std::size_t kAnyNumber = ~std::size_t{0};

  /// Where the program to run is.
  enum class Runs {
    nothing,
    first_operand,  ///< it is the operands, of which the first ends the options: env(1)
    after_dashes,   ///< it is what stands behind "--"
  };

  std::size_t least = 0;
  std::size_t most = 0;  ///< without a program
  Completes first = Completes::nothing;
  Completes rest = Completes::nothing;
  const char* words = nullptr;  ///< the choices, if `first` or `rest` is words
  Runs runs = Runs::nothing;
  /// Where there is no "--", the program follows the first operand, which ends the options.
  bool or_after_first = false;

  static const Operands none, program, targets;
};

inline constexpr Operands Operands::none{};
inline constexpr Operands Operands::program{.runs = Runs::first_operand};
inline constexpr Operands Operands::targets{
    .most = kAnyNumber, .first = Completes::target, .rest = Completes::target};

/// A tool, or a command of one that has commands (commands.hh).
struct Tool {
  const char* name;      ///< "nsx-ls", "nsx-pin add"
  const char* synopsis;  ///< behind the name: "[options] [program [argument...]]"
  const char* purpose;   ///< one sentence
  std::span<const Option> options;
  Operands operands;
  int usage_status;      ///< the exit status of a usage error
  const char* epilogue;  ///< after the options in --help; null: nothing
  Examples examples = {};
};

/// An option as it was given.
struct Given {
  const Option* option;
  const char* argument;  ///< null: none was given
};

struct CommandLine {
  std::vector<Given> options;   ///< in their order
  std::vector<char*> operands;  ///< in their order, without the program
  std::vector<char*> program;   ///< its argv, without a last null; empty: none was given
  bool ended_by_first = false;  ///< by Operands::or_after_first

  /// Whether the option with this long name was given.
  bool has(std::string_view name) const;
};

/// Parses with getopt_long(3). Operands stand before, behind and between the options, unless the
/// first of them is a program, which ends the options, as "--" does. Too many of them, or too few,
/// are an error; with --help or --version, these are not missed. An optional argument of a short
/// option may start with "=".
Result<CommandLine> parse(const Tool& tool, int argc, char** argv);

/// Lets each option that was given change the part of the request that its row is about, in their
/// order. Errors: those of the first argument that makes no sense.
Status apply_to(std::span<const Part> parts, const CommandLine& line);

/// The same, where each row of the table has its part: apply<kOptions>(line, request, run).
template <const auto& options, class... Parts>
Status apply(const CommandLine& line, Parts&... parts) {
  constexpr bool is_complete = [] {
    for (const Option& option : options) {
      const void* its = option.effect.part;
      if (its != nullptr && ((its != part_id<Parts>)&&...)) return false;
    }
    return true;
  }();
  static_assert(is_complete, "a row of the table changes something that is not given here");
  const std::array<Part, sizeof...(Parts)> all{Part{part_id<Parts>, &parts}...};
  return apply_to(all, line);
}

/// The words of an argument that is a list with commas between; one, which is empty, of an empty
/// text.
std::vector<std::string_view> split_list(std::string_view list);

/// The text of --help, with the rows of its commands, if it has some.
std::string help_text(const Tool& tool, const std::string& commands = {});

/// Where the texts of options and commands begin in --help.
inline constexpr std::size_t kHelpColumn = 29;

/// A row of --help: `left`, and `text` wrapped in the column that begins at `column`.
std::string help_row(std::string left, std::string_view text, std::size_t column = kHelpColumn);

/// The option of a tool whose name is nearest to a mistyped one, if one is near.
std::optional<std::string_view> nearest(const Tool& tool, std::string_view mistyped);

}  // namespace nsx::cli

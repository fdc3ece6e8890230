#pragma once
// One table a tool: it drives parsing, --help, the completions and the check of the man page.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

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

struct Option {
  int id;            ///< the short option's letter, or a number above 255
  const char* name;  ///< of the long option
  Argument argument;
  const char* metavar;  ///< what --help calls the argument; null without one
  Completes completes;
  const char* words;  ///< for words and list (with commas): the choices, with blanks between;
                      ///< one that ends in "=" wants more behind it
  const char* help;

  char letter() const { return id < 256 ? static_cast<char>(id) : '\0'; }
};

/// The options that every tool has.
inline constexpr Option kHelp{
    'h', "help", Argument::none, nullptr, Completes::nothing, nullptr, "print this help"};
inline constexpr Option kVersion{
    'V', "version", Argument::none, nullptr, Completes::nothing, nullptr, "print the version"};

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

  /// Whether the option with this id was given.
  bool has(int id) const;
};

/// Parses with getopt_long(3). Operands stand before, behind and between the options, unless the
/// first of them is a program, which ends the options, as "--" does. Too many of them, or too few,
/// are an error; with --help or --version, these are not missed. An optional argument of a short
/// option may start with "=".
Result<CommandLine> parse(const Tool& tool, int argc, char** argv);

/// The text of --help, with the rows of its commands, if it has some.
std::string help_text(const Tool& tool, const std::string& commands = {});

/// A row of --help: a text in its column behind what it is about, wrapped.
std::string help_row(std::string left, std::string_view text);

/// The word that is nearest to a mistyped one, if one is near.
std::optional<std::string_view> nearest(std::span<const std::string_view> words,
                                        std::string_view mistyped);

/// The same for the long options.
std::optional<std::string_view> nearest(const Tool& tool, std::string_view mistyped);

}  // namespace nsx::cli

#pragma once
// One table a tool: it drives parsing, --help, the completions and the check of the man page.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/result.hh>

namespace nsx::cli {

enum class Argument {
  none,
  required,
  optional,
  optional_if_long,  ///< the short option takes none
};

/// What the argument of an option is, for completion.
enum class Completes { nothing, pid, target, file, directory, words, list };

struct Option {
  int id;            ///< the short option's letter, or a number above 255
  const char* name;  ///< of the long option
  Argument argument;
  const char* metavar;  ///< what --help calls the argument; null without one
  Completes completes;
  const char* words;  ///< for words and list (with commas): the choices, with blanks between
  const char* help;

  char letter() const { return id < 256 ? static_cast<char>(id) : '\0'; }
};

/// The options that every tool has.
inline constexpr Option kHelp{
    'h', "help", Argument::none, nullptr, Completes::nothing, nullptr, "print this help"};
inline constexpr Option kVersion{
    'V', "version", Argument::none, nullptr, Completes::nothing, nullptr, "print the version"};

/// What follows the options.
enum class Operands { none, program, targets };

struct Tool {
  const char* name;
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
  std::vector<char*> operands;  ///< what is left, as a program's argv without a last null

  /// Whether the option with this id was given.
  bool has(int id) const;
};

/// Parses with getopt_long(3). An operand ends the options where a program is run; targets stand
/// before, behind and between them; elsewhere an operand is an error. An optional argument of a
/// short option may start with "=".
Result<CommandLine> parse(const Tool& tool, int argc, char** argv);

/// The text of --help.
std::string help_text(const Tool& tool);

/// The option of this name that is nearest to a mistyped one, or null if none is near.
const Option* nearest(const Tool& tool, std::string_view mistyped);

}  // namespace nsx::cli

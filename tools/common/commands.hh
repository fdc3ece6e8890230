#pragma once
// Tools with commands, such as "nsx-pin add NAME": each command has a table of its own, which is
// used as that of a tool.

#include <algorithm>

#include "common/options.hh"

namespace nsx::cli {

struct Command {
  const Tool* table;    ///< its name has the tool's in front: "nsx-pin add"
  const char* aliases;  ///< other names, with blanks between; null: none

  /// The name alone: "add".
  constexpr std::string_view name() const {
    const std::string_view whole = table->name;
    return whole.substr(whole.find(' ') + 1);
  }
};

/// The options and the purpose of the tool itself, and its commands in the order of --help. The
/// command "help", which all have, is not among them.
struct Suite {
  Tool tool;  ///< its operands are Operands::program: the command and all that belongs to it
  std::span<const Command> commands;
};

/// What carries a command out: takes what was parsed by its table, and returns the exit status.
/// Tables are apart from it, so that the completions are made without the code.
struct CommandCode {
  const Tool* table;
  int (*run)(const CommandLine&);
};

/// Whether there is code for each command and for nothing else, in the same order.
constexpr bool is_complete(const Suite& suite, std::span<const CommandCode> code) {
  return std::equal(
      suite.commands.begin(), suite.commands.end(), code.begin(), code.end(),
      [](const Command& command, const CommandCode& its) { return command.table == its.table; });
}

/// The command with this name or alias, or null.
const Command* find_command(const Suite& suite, std::string_view name);

/// The text of --help of the tool itself.
std::string help_text(const Suite& suite);

/// What the tool does: `TOOL COMMAND ...` parses by the command's table and runs its code;
/// `TOOL --help`, `TOOL help`, `TOOL COMMAND --help` and `TOOL help COMMAND` print help. Returns
/// the exit status.
int run_command(const Suite& suite, std::span<const CommandCode> code, int argc, char** argv);

}  // namespace nsx::cli

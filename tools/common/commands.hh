// SPDX-License-Identifier: MIT
#pragma once
// Tools with commands, such as "nsx-pin add NAME": each command has a table of its own, which is
// used as that of a tool.

#include "common/options.hh"

namespace nsx::cli {

struct Command {
  const Tool* table;               ///< its name has the tool's in front: "nsx-pin add"
  int (*run)(const CommandLine&);  ///< takes what was parsed by the table; returns the exit status
  const char* aliases = nullptr;   ///< other names, with blanks between; null: none
  /// It removes or stops something: what is mistyped never leads to it.
  bool destroys = false;

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

/// The command with this name or alias, or null.
const Command* find_command(const Suite& suite, std::string_view name);

/// The text of --help of the tool itself.
std::string help_text(const Suite& suite);

/// What the tool does: `TOOL COMMAND ...` parses by the command's table and runs it;
/// `TOOL --help`, `TOOL help`, `TOOL COMMAND --help` and `TOOL help COMMAND` print help. Returns
/// the exit status.
int run_command(const Suite& suite, int argc, char** argv);

}  // namespace nsx::cli

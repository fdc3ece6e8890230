// SPDX-License-Identifier: MIT
#pragma once
// Tools with commands, such as "nsx-pin add NAME". Each command has its own table of options, which
// is used like that of a tool.

#include "common/options.hh"

namespace nsx::cli {

struct Command {
  const Tool* table;               ///< its name includes the tool's: "nsx-pin add"
  int (*run)(const CommandLine&);  ///< takes the parsed command line; returns the exit status
  const char* aliases = nullptr;   ///< other names, separated by spaces; null: none
  /// It removes or stops something, so it is never suggested for a mistyped command.
  bool destroys = false;

  /// The name without the tool's: "add".
  constexpr std::string_view name() const {
    const std::string_view whole = table->name;
    return whole.substr(whole.find(' ') + 1);
  }
};

/// A tool with commands: the options and the purpose of the tool itself, and its commands in the
/// order of --help. The command "help", which every tool has, is not listed.
struct Suite {
  Tool tool;  ///< its operands are Operands::program: the command and everything after it
  std::span<const Command> commands;
};

/// Returns the command with this name or alias, or null.
const Command* find_command(const Suite& suite, std::string_view name);

/// Returns the --help text of the tool itself.
std::string help_text(const Suite& suite);

/// Runs the tool and returns its exit status. `TOOL COMMAND ...` parses with the command's table
/// and runs the command; `TOOL --help`, `TOOL help`, `TOOL COMMAND --help` and `TOOL help COMMAND`
/// print help.
int run_command(const Suite& suite, int argc, char** argv);

}  // namespace nsx::cli

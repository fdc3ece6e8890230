// SPDX-License-Identifier: MIT
#pragma once
// The completion script of each shell, made from a tool's tables.

#include <string>
#include <string_view>

#include "common/commands.hh"

namespace nsx::completions {

// A tool without commands is a suite of none.
std::string bash(const cli::Suite& suite);
std::string zsh(const cli::Suite& suite);
std::string fish(const cli::Suite& suite);

/// "none", "required" or "optional".
const char* name(cli::Argument argument);

/// What an argument or an operand is, for the scripts and their tests: "pid", "words" (one of
/// them), "list" (several, with commas between) ... Empty: nothing is known of it.
const char* name(cli::Completes completes);

/// Where the program is: "nothing", "first-operand" or "after-dashes".
const char* name(cli::Operands::Runs runs);

/// How many operands there may be: "2", or "-1" for any number.
std::string most(const cli::Operands& operands);

/// Whether a tool, or a command of it, takes something of this kind.
bool takes(const cli::Suite& suite, cli::Completes completes);

/// "nsx_enter": the tool's name as a part of the names of shell functions.
std::string identifier(const cli::Tool& tool);

/// The names of a command: "rm del delete".
std::string all_names(const cli::Command& command);

/// The names of all commands, without aliases and "help", with blanks between.
std::string names_of_commands(const cli::Suite& suite);

/// `text` with `replacement` in place of each `wanted`.
std::string replaced(std::string text, std::string_view wanted, std::string_view replacement);

}  // namespace nsx::completions

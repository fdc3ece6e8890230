// SPDX-License-Identifier: MIT
#pragma once
// Generates the completion scripts of each shell from the tables of a tool.

#include <string>
#include <string_view>

#include "common/commands.hh"

namespace nsx::completions {

// Return the completion script of a tool. A tool without commands is a suite with no commands.
std::string bash(const cli::Suite& suite);
std::string zsh(const cli::Suite& suite);
std::string fish(const cli::Suite& suite);

/// Returns "none", "required", "optional" or "optional-if-long".
const char* name(cli::Argument argument);

/// Returns the kind of an argument or operand, for the scripts and their tests: "pid", "words" (one
/// of them), "list" (comma-separated) and so on; empty if there is no completion.
const char* name(cli::Completes completes);

/// Returns the position of the program: "nothing", "first-operand" or "after-dashes".
const char* name(cli::Operands::Runs runs);

/// Returns the maximum number of operands: "2", or "-1" for any number.
std::string most(const cli::Operands& operands);

/// Returns whether a tool or any of its commands has arguments or operands of this kind.
bool takes(const cli::Suite& suite, cli::Completes completes);

/// Returns the tool's name for use in names of shell functions: "nsx_enter".
std::string identifier(const cli::Tool& tool);

/// Returns the name and the aliases of a command: "rm del delete".
std::string all_names(const cli::Command& command);

/// Returns the names of all commands, separated by spaces, without aliases and "help".
std::string names_of_commands(const cli::Suite& suite);

/// Returns `text` with every `wanted` replaced by `replacement`.
std::string replaced(std::string text, std::string_view wanted, std::string_view replacement);

}  // namespace nsx::completions

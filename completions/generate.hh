#pragma once
// The completion script of each shell, made from a tool's table of options.

#include <string>
#include <string_view>

#include "common/options.hh"

namespace nsx::completions {

std::string bash(const cli::Tool& tool);
std::string zsh(const cli::Tool& tool);
std::string fish(const cli::Tool& tool);

/// "none", "required" or "optional".
const char* name(cli::Argument argument);

/// What the argument is, for the scripts and their tests: "pid", "words" (one of them), "list"
/// (several, with commas between) ... Empty: nothing is known of it.
const char* completes(const cli::Option& option);

/// "nsx_enter": the tool's name as a part of the names of shell functions.
std::string identifier(const cli::Tool& tool);

/// `text` with `replacement` in place of each `wanted`.
std::string replaced(std::string text, std::string_view wanted, std::string_view replacement);

}  // namespace nsx::completions

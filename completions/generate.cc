// SPDX-License-Identifier: MIT
// The generator of the completion scripts. It runs during the build and is not installed.
//   generate bash|zsh|fish TOOL   prints a completion script
// For the tests, it prints tables with tab-separated columns:
//   generate --table              the options of all tools and commands ("nsx-pin add"): tool,
//                                 letter, long name, argument, metavar, completion, words
//   generate --operands           their operands: tool, maximum number, completion of the first and
//                                 of the others, words, position of the program
//   generate --commands           the commands: tool, name, aliases

#include "generate.hh"

#include <algorithm>
#include <array>
#include <cstdio>

#include "nsx-cg/commands.hh"
#include "nsx-enter/options.hh"
#include "nsx-ls/request.hh"
#include "nsx-pin/commands.hh"
#include "nsx-unshare/options.hh"

namespace nsx::completions {

const char* name(cli::Argument argument) {
  switch (argument) {
    case cli::Argument::none:
      return "none";
    case cli::Argument::required:
      return "required";
    case cli::Argument::optional_if_long:
      return "optional-if-long";
    case cli::Argument::optional:
      break;
  }
  return "optional";
}

const char* name(cli::Completes completes) {
  switch (completes) {
    case cli::Completes::nothing:
      return "";
    case cli::Completes::pid:
      return "pid";
    case cli::Completes::target:
      return "target";
    case cli::Completes::container:
      return "container";
    case cli::Completes::pin:
      return "pin";
    case cli::Completes::cgroup:
      return "cgroup";
    case cli::Completes::user:
      return "user";
    case cli::Completes::file:
      return "file";
    case cli::Completes::directory:
      return "directory";
    case cli::Completes::words:
      return "words";
    case cli::Completes::list:
      break;
  }
  return "list";
}

const char* name(cli::Operands::Runs runs) {
  switch (runs) {
    case cli::Operands::Runs::first_operand:
      return "first-operand";
    case cli::Operands::Runs::after_dashes:
      return "after-dashes";
    case cli::Operands::Runs::nothing:
      break;
  }
  return "nothing";
}

std::string most(const cli::Operands& operands) {
  return operands.most == cli::Operands::kAnyNumber ? "-1" : std::to_string(operands.most);
}

bool takes(const cli::Suite& suite, cli::Completes completes) {
  const auto does = [&](const cli::Tool& tool) {
    return tool.operands.first == completes || tool.operands.rest == completes ||
           std::any_of(tool.options.begin(), tool.options.end(),
                       [&](const cli::Option& option) { return option.completes == completes; });
  };
  return does(suite.tool) ||
         std::any_of(suite.commands.begin(), suite.commands.end(),
                     [&](const cli::Command& command) { return does(*command.table); });
}

std::string identifier(const cli::Tool& tool) {
  return replaced(tool.name, "-", "_");
}

std::string all_names(const cli::Command& command) {
  std::string names(command.name());
  if (command.aliases != nullptr) names += std::string(" ") + command.aliases;
  return names;
}

std::string names_of_commands(const cli::Suite& suite) {
  std::string names;
  for (const cli::Command& command : suite.commands)
    names.append(names.empty() ? "" : " ").append(command.name());
  return names;
}

std::string replaced(std::string text, std::string_view wanted, std::string_view replacement) {
  std::size_t at = 0;
  while ((at = text.find(wanted, at)) != std::string::npos) {
    text.replace(at, wanted.size(), replacement);
    at += replacement.size();
  }
  return text;
}

namespace {

const std::array kTools{
    cli::Suite{unshare_tool::kTool, {}},
    cli::Suite{enter_tool::kTool, {}},
    cli::Suite{ls_tool::kTool, {}},
    pin_tool::kSuite,
    cg_tool::kSuite,
};

/// Returns the concatenated results of `of` for all tools and commands.
std::string of_all_tables(std::string (*of)(const cli::Tool&)) {
  std::string text;
  for (const cli::Suite& suite : kTools) {
    text += of(suite.tool);
    for (const cli::Command& command : suite.commands)
      text += of(*command.table);
  }
  return text;
}

std::string or_empty(const char* text) {
  return text != nullptr ? text : "";
}

std::string table(const cli::Tool& tool) {
  std::string text;
  for (const cli::Option& option : tool.options) {
    text += std::string(tool.name) + '\t';
    if (option.letter != '\0') text += option.letter;
    text += std::string("\t") + option.name + '\t' + name(option.argument) + '\t' +
            or_empty(option.metavar) + '\t' + name(option.completes) + '\t' +
            or_empty(option.words) + '\n';
  }
  return text;
}

std::string operands(const cli::Tool& tool) {
  const cli::Operands& its = tool.operands;
  return std::string(tool.name) + '\t' + most(its) + '\t' + name(its.first) + '\t' +
         name(its.rest) + '\t' + or_empty(its.words) + '\t' + name(its.runs) + '\n';
}

std::string commands() {
  std::string text;
  for (const cli::Suite& suite : kTools) {
    for (const cli::Command& command : suite.commands) {
      text += std::string(suite.tool.name) + '\t' + std::string(command.name()) + '\t' +
              or_empty(command.aliases) + '\n';
    }
  }
  return text;
}

/// Returns the requested text; empty if the arguments are invalid.
std::string make(std::string_view what, std::string_view tool_name) {
  if (what == "--table") return of_all_tables(table);
  if (what == "--operands") return of_all_tables(operands);
  if (what == "--commands") return commands();
  const auto* const found = std::find_if(kTools.begin(), kTools.end(), [&](const auto& suite) {
    return suite.tool.name == tool_name;
  });
  if (found == kTools.end()) return {};
  if (what == "bash") return bash(*found);
  if (what == "zsh") return zsh(*found);
  if (what == "fish") return fish(*found);
  return {};
}

}  // namespace

}  // namespace nsx::completions

int main(int argc, char** argv) {
  const std::string text = nsx::completions::make(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "");
  if (text.empty()) {
    std::fputs("usage: generate bash|zsh|fish TOOL | --table | --operands | --commands\n", stderr);
    return 2;
  }
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

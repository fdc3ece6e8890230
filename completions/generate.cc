// Runs while nsx is built, and is not installed:
//   generate bash|zsh|fish TOOL   a completion script
//   generate --table              the options of all tools, for the tests: tool, letter, long name,
//                                 argument, metavar, what completes it, words; tabs between
//   generate --columns            the columns of nsx-ls, one a line

#include "generate.hh"

#include <algorithm>
#include <array>
#include <cstdio>

#include "nsx-enter/options.hh"
#include "nsx-ls/columns.hh"
#include "nsx-ls/options.hh"
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

const char* completes(const cli::Option& option) {
  switch (option.completes) {
    case cli::Completes::nothing:
      return "";
    case cli::Completes::pid:
      return "pid";
    case cli::Completes::target:
      return "target";
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

std::string identifier(const cli::Tool& tool) {
  return replaced(tool.name, "-", "_");
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

constexpr std::array kTools{&unshare_tool::kTool, &enter_tool::kTool, &ls_tool::kTool};

std::string table() {
  const auto or_empty = [](const char* text) { return std::string(text != nullptr ? text : ""); };
  std::string text;
  for (const cli::Tool* tool : kTools) {
    for (const cli::Option& option : tool->options) {
      text += std::string(tool->name) + '\t';
      if (option.letter() != '\0') text += option.letter();
      text += std::string("\t") + option.name + '\t' + name(option.argument) + '\t' +
              or_empty(option.metavar) + '\t' + completes(option) + '\t' + or_empty(option.words) +
              '\n';
    }
  }
  return text;
}

std::string columns() {
  std::string text;
  for (const ls_tool::ColumnInfo& column : ls_tool::kColumns) {
    text += std::string(column.name) + '\n';
  }
  return text;
}

/// The text that was asked for; empty if that made no sense.
std::string make(std::string_view what, std::string_view tool_name) {
  if (what == "--table") return table();
  if (what == "--columns") return columns();
  const auto* const found = std::find_if(kTools.begin(), kTools.end(),
                                         [&](const auto* tool) { return tool->name == tool_name; });
  if (found == kTools.end()) return {};
  if (what == "bash") return bash(**found);
  if (what == "zsh") return zsh(**found);
  if (what == "fish") return fish(**found);
  return {};
}

}  // namespace

}  // namespace nsx::completions

int main(int argc, char** argv) {
  const std::string text = nsx::completions::make(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "");
  if (text.empty()) {
    std::fputs("usage: generate bash|zsh|fish TOOL | --table | --columns\n", stderr);
    return 2;
  }
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

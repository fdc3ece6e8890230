// For zsh's completion system, compinit. zshcompsys(1) explains the specifications of _arguments.

#include "generate.hh"

namespace nsx::completions {

namespace {

constexpr const char* kStart = R"(#compdef @TOOL@
# zsh completion for @TOOL@, made from the table of its options.

(( $+functions[_nsx_pids] )) ||
_nsx_pids() {
  local -a processes
  local pid command
  for pid in /proc/<->(Nn:t); do
    command=
    { read -r command </proc/$pid/comm } 2>/dev/null
    processes+=("$pid:${(V)command}")
  done
  _describe -V -t processes process processes
}

_arguments -s -S)";

/// `text` as it stands in single quotes, with backslashes before what is special to _arguments.
std::string escaped(std::string text) {
  for (const char* special : {"\\", "[", "]", ":"}) {
    text = replaced(std::move(text), special, std::string("\\") + special);
  }
  return replaced(std::move(text), "'", "'\\''");
}

/// What completes the argument.
std::string action(const cli::Option& option) {
  const std::string_view what = completes(option);
  if (what == "pid") return "_nsx_pids";
  if (what == "file") return "_files";
  if (what == "directory") return "_directories";
  if (what == "words") return std::string("(") + option.words + ')';
  if (what == "list") {
    return std::string("{ compset -P +; _sequence compadd - ") + option.words + " }";
  }
  return {};
}

/// An argument to _arguments. "*": an option may be given again.
std::string specification(const cli::Option& option) {
  // Behind a name: how the argument follows it. In the same word, or else in the next ("+", "="),
  // or in the same word only ("-").
  std::string letter = option.letter() != '\0' ? std::string{'-', option.letter()} : "";
  std::string name = std::string("--") + option.name;
  std::string argument;
  if (option.argument != cli::Argument::none) {
    const bool required = option.argument == cli::Argument::required;
    letter += required ? "+" : "-";
    name += required ? "=" : "=-";
    argument = std::string(required ? ":" : "::") + option.metavar + ':' + action(option);
  }
  const std::string names =
      option.letter() != '\0' ? "'*'{" + letter + ',' + name + '}' : "'*'" + name;
  return names + "'[" + escaped(option.help) + ']' + argument + '\'';
}

}  // namespace

std::string zsh(const cli::Tool& tool) {
  std::string text = replaced(kStart, "@TOOL@", tool.name);
  for (const cli::Option& option : tool.options)
    text += " \\\n  " + specification(option);
  if (tool.operands == cli::Operands::program) {
    text += " \\\n  '(-)1:program:_command_names -e' \\\n  '*::argument:_normal'";
  }
  return text + '\n';
}

}  // namespace nsx::completions

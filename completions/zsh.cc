// For zsh's completion system, compinit. zshcompsys(1) explains the specifications of _arguments.

#include <algorithm>

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

@TARGETS@_arguments -s -S)";

/// What "nsx-enter --target" takes: a PID, or a prefix and a name.
constexpr const char* kTargets = R"((( $+functions[_nsx_targets] )) ||
_nsx_targets() {
  local -a names shown
  local name description
  if [[ $PREFIX != *:* ]]; then
    compadd -S '' cgroup: container: ns: pin: unit:
    _nsx_pids
    return
  fi
  nsx-enter --list-targets 2>/dev/null | while IFS=$'\t' read -r name description; do
    names+=("$name")
    shown+=("${(V)name}${description:+  ($description)}")
  done
  compadd -l -d shown -a names
}

)";

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
  if (what == "target") return "_nsx_targets";
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
    if (option.argument != cli::Argument::optional_if_long) letter += required ? "+" : "-";
    name += required ? "=" : "=-";
    argument = std::string(required ? ":" : "::") + option.metavar + ':' + action(option);
  }
  const std::string help = "'[" + escaped(option.help) + ']';
  if (option.argument == cli::Argument::optional_if_long) {
    return "'*" + letter + help.substr(1) + "' \\\n  '*'" + name + help + argument + '\'';
  }
  const std::string names =
      option.letter() != '\0' ? "'*'{" + letter + ',' + name + '}' : "'*'" + name;
  return names + help + argument + '\'';
}

}  // namespace

std::string zsh(const cli::Tool& tool) {
  const bool has_targets =
      tool.operands == cli::Operands::targets ||
      std::any_of(tool.options.begin(), tool.options.end(), [](const cli::Option& option) {
        return option.completes == cli::Completes::target;
      });
  std::string text = replaced(kStart, "@TOOL@", tool.name);
  text = replaced(std::move(text), "@TARGETS@", has_targets ? kTargets : "");
  for (const cli::Option& option : tool.options)
    text += " \\\n  " + specification(option);
  if (tool.operands == cli::Operands::program) {
    text += " \\\n  '(-)1:program:_command_names -e' \\\n  '*::argument:_normal'";
  }
  if (tool.operands == cli::Operands::targets) text += " \\\n  '*:target:_nsx_targets'";
  return text + '\n';
}

}  // namespace nsx::completions

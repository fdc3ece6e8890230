// SPDX-License-Identifier: MIT
// For zsh's completion system, compinit. zshcompsys(1) explains the specifications of _arguments.

#include <algorithm>

#include "generate.hh"

namespace nsx::completions {

namespace {

constexpr const char* kStart = R"(#compdef @TOOL@
# zsh completion for @TOOL@, generated from its option table.

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

@HELPERS@)";

/// Completes the argument of "nsx-enter --target": a name, a PID after its first digit, or a prefix
/// and a name. Omits names that would mean something else without their prefix.
constexpr const char* kTargets = R"zsh((( $+functions[_nsx_names] )) ||
_nsx_names() {
  # Names of all kinds with their prefixes; or names of the given kinds without prefixes.
  local -a names shown
  local -A seen
  local name description kind
  nsx-enter --list-targets 2>/dev/null | while IFS=$'\t' read -r name description; do
    if (( $# )); then
      kind=${name%%:*} name=${name#*:}
      if (( ! ${@[(Ie)$kind]} )) || [[ $name == (-*|*:*|<->) || -n ${seen[x$name]} ]]; then continue; fi
      seen[x$name]=1
      description=$kind${description:+, $description}
    fi
    names+=("$name")
    shown+=("${(V)name}${description:+  ($description)}")
  done
  compadd -V names -l -d shown -a names
}

(( $+functions[_nsx_targets] )) ||
_nsx_targets() {
  if [[ $PREFIX == *:* ]]; then
    _nsx_names
    return
  fi
  _nsx_names container pin unit
  compadd -V prefixes -S '' cgroup: container: ns: pin: unit:
  if [[ $PREFIX == <->* ]]; then _nsx_pids; fi
}

)zsh";

/// Completes the name of a container.
constexpr const char* kContainers = R"zsh((( $+functions[_nsx_containers] )) ||
_nsx_containers() {
  local -a names
  names=(${${${(M)${(f)"$(nsx-enter --list-targets 2>/dev/null)"}:#container:*}#container:}%%$'\t'*})
  compadd -a - names
}

)zsh";

/// Completes the name of a pin.
constexpr const char* kPins = R"((( $+functions[_nsx_pins] )) ||
_nsx_pins() {
  local -aU names
  local root
  for root in ${NSX_PIN_DIR:-/run} $XDG_RUNTIME_DIR; do
    names+=($root/{cgroup,ipc,mnt,net,pid,time,user,uts}ns/*(N:t))
  done
  compadd -a names
}

)";

/// Completes a cgroup: the name of a container or unit, a path one level at a time, or a prefix and
/// a name.
constexpr const char* kCgroups = R"zsh((( $+functions[_nsx_cgroups] )) ||
_nsx_cgroups() {
  local -a mounts children leaves inner
  local root each name above
  if [[ $PREFIX == *:* ]]; then
    _nsx_names
    return
  fi
  if [[ $PREFIX != /* ]]; then _nsx_names container unit; fi
  mounts=(${(M)${(f)"$(</proc/self/mountinfo)"}:#* - cgroup2 *})
  root=${mounts[1][(w)5]}
  if [[ $PREFIX == */* ]]; then above=${PREFIX%/*}/; fi
  for each in $root/${above#/}*(N/); do
    name=${each#$root}
    if [[ -n $PREFIX && $PREFIX != /* ]]; then name=${name#/}; fi
    children=($each/*(N/))
    if (( $#children )); then inner+=($name/); else leaves+=($name); fi
  done
  if (( $#leaves )); then compadd -V paths -a leaves; fi
  if (( $#inner )); then compadd -V paths -S '' -a inner; fi
  if [[ $PREFIX != */* ]]; then compadd -V prefixes -S '' container: unit:; fi
}

)zsh";

/// Completes the program after "--".
constexpr const char* kProgram = R"((( $+functions[_nsx_program] )) ||
_nsx_program() {
  local at=${words[(i)--]}
  shift $at words
  (( CURRENT -= at ))
  if (( CURRENT == 1 )); then _command_names -e; else _normal; fi
}

)";

/// Escapes `text` for single quotes, with backslashes before the special characters of _arguments.
std::string escaped(std::string text) {
  for (const char* special : {"\\", "[", "]", ":"}) {
    text = replaced(std::move(text), special, std::string("\\") + special);
  }
  return replaced(std::move(text), "'", "'\\''");
}

/// Returns the action of _arguments that completes an argument or operand.
std::string action(cli::Completes completes, const char* words) {
  switch (completes) {
    case cli::Completes::pid:
      return "_nsx_pids";
    case cli::Completes::target:
      return "_nsx_targets";
    case cli::Completes::container:
      return "_nsx_containers";
    case cli::Completes::pin:
      return "_nsx_pins";
    case cli::Completes::cgroup:
      return "_nsx_cgroups";
    case cli::Completes::user:
      return "_users";
    case cli::Completes::file:
      return "_files";
    case cli::Completes::directory:
      return "_directories";
    case cli::Completes::words:
      if (std::string_view(words).find('=') == std::string_view::npos) {
        return std::string("(") + words + ')';
      }
      return std::string("{ compadd -S \"\" - ") + words + " }";
    case cli::Completes::list:
      return std::string("{ compset -P +; _sequence compadd - ") + words + " }";
    case cli::Completes::nothing:
      break;
  }
  return {};
}

/// Returns the specification of an option for _arguments. "*" allows an option to be repeated.
std::string specification(const cli::Option& option) {
  // The suffix of a name says where the argument can be: in the same word or the next ("+", "="),
  // or in the same word only ("-", "=-").
  std::string letter = option.letter != '\0' ? std::string{'-', option.letter} : "";
  std::string name = std::string("--") + option.name;
  std::string argument;
  if (option.argument != cli::Argument::none) {
    const bool required = option.argument == cli::Argument::required;
    if (option.argument != cli::Argument::optional_if_long) letter += required ? "+" : "-";
    name += required ? "=" : "=-";
    argument = std::string(required ? ":" : "::") + escaped(option.metavar) + ':' +
               action(option.completes, option.words);
  }
  const std::string help = "'[" + escaped(option.help) + ']';
  if (option.argument == cli::Argument::optional_if_long) {
    return "'*" + letter + help.substr(1) + "' \\\n  '*'" + name + help + argument + '\'';
  }
  const std::string names =
      option.letter != '\0' ? "'*'{" + letter + ',' + name + '}' : "'*'" + name;
  return names + help + argument + '\'';
}

/// Returns the specifications of the operands for _arguments.
std::string operands(const cli::Operands& operands) {
  if (operands.runs == cli::Operands::Runs::first_operand) {
    return " \\\n  '(-)1:program:_command_names -e' \\\n  '*::argument:_normal'";
  }
  const std::string first = ":operand:" + action(operands.first, operands.words);
  const std::string rest = ":operand:" + action(operands.rest, operands.words);
  const bool any_number = operands.most == cli::Operands::kAnyNumber;
  std::string text;
  if (operands.most > 0) text += " \\\n  '1" + first + '\'';
  if (any_number) text += " \\\n  '*" + rest + '\'';
  for (std::size_t i = 2; !any_number && i <= operands.most; ++i)
    text += " \\\n  '" + std::to_string(i) + rest + '\'';
  return text;
}

/// Returns the call of _arguments for a table.
std::string call(const cli::Tool& tool) {
  std::string text = "_arguments -s -S";
  for (const cli::Option& option : tool.options)
    text += " \\\n  " + specification(option);
  text += operands(tool.operands) + '\n';
  if (tool.operands.runs != cli::Operands::Runs::after_dashes) return text;
  return "if (( ${words[(i)--]} < CURRENT )); then _nsx_program; else\n" + text + "fi\n";
}

/// Returns the code for a tool with commands. The array is not named `commands`, which is zsh's own
/// array of the programs in PATH.
std::string call(const cli::Suite& suite) {
  std::string commands;
  std::string cases;
  for (const cli::Command& command : suite.commands) {
    const std::string purpose = escaped(command.table->purpose);
    commands += "  '" + std::string(command.name()) + ':' + purpose + "'\n";
    cases += '(' + replaced(all_names(command), " ", "|") + ")\n" + call(*command.table) + ";;\n";
  }
  commands += "  'help:Print this help, or that of a command'\n";
  std::string own = call(suite.tool);
  // Remove the completion of a program: the command takes its place.
  own.resize(own.find(" \\\n  '(-)1:"));
  return "local curcontext=$curcontext state line\nlocal -A opt_args\n" +
         replaced(std::move(own), "_arguments", "_arguments -C") +
         " \\\n  '(-)1: :->command' \\\n  '(-)*:: :->argument' && return\n"
         "local -a subcommands=(\n" +
         commands +
         ")\nif [[ $state == command ]]; then\n_describe -t commands command subcommands\n"
         "elif [[ $state == argument ]]; then\ncase $words[1] in\n" +
         cases + "(help)\n_arguments '1:command:(" + names_of_commands(suite) +
         ")'\n;;\nesac\nfi\n";
}

}  // namespace

std::string zsh(const cli::Suite& suite) {
  std::string helpers;
  const bool has_cgroups = takes(suite, cli::Completes::cgroup);
  if (has_cgroups || takes(suite, cli::Completes::target)) helpers += kTargets;
  if (has_cgroups) helpers += kCgroups;
  if (takes(suite, cli::Completes::container)) helpers += kContainers;
  if (takes(suite, cli::Completes::pin)) helpers += kPins;
  if (std::any_of(suite.commands.begin(), suite.commands.end(), [](const auto& command) {
        return command.table->operands.runs == cli::Operands::Runs::after_dashes;
      })) {
    helpers += kProgram;
  }
  std::string text = replaced(kStart, "@TOOL@", suite.tool.name);
  text = replaced(std::move(text), "@HELPERS@", helpers);
  return text + (suite.commands.empty() ? call(suite.tool) : call(suite));
}

}  // namespace nsx::completions

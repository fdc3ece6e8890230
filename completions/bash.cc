// SPDX-License-Identifier: MIT
// For bash 4.4 or later, with or without bash-completion.

#include "generate.hh"

namespace nsx::completions {

namespace {

constexpr const char* kStart = R"(# bash completion for @TOOL@, generated from its option table.
# shellcheck shell=bash

_@ID@() {
  local words=() starts=() command='' first=1
  _nsx_words
  # options: the argument of each option, "none", or "required" or "optional" and its completion.
  # operands: the completions of the operands in order; the last one is for all that follow. most:
  # their maximum number, or -1. runs: the position of the program.
  local -A options=()
  local operands=() most=0 runs=nothing
@TABLE@  _nsx_complete "$2"
}
)";

/// Repeated in the file of each tool, because bash-completion loads only the file of one command.
constexpr const char* kEngine = R"(
# Completes with the caller's table. $1: the text that readline will replace.
_nsx_complete() {
  local takes value attached
  local last=$((${#words[@]} - 1)) awaiting='' plain='' count=0 i
  local cur=${words[last]}
  for ((i = first; i < last; i++)); do
    if [[ $awaiting ]]; then
      awaiting=
    elif [[ $plain ]]; then
      count=$((count + 1))
    elif [[ ${words[i]} == -- ]]; then
      if [[ $runs != nothing ]]; then
        _nsx_program $((i + 1))
        return
      fi
      plain=1
    elif [[ ${words[i]} == -?* ]]; then
      _nsx_parse "${words[i]}"
      if [[ ! $attached && $takes == required* ]]; then awaiting=$takes; fi
    elif [[ $runs == first-operand ]]; then
      _nsx_program "$i"
      return
    else
      count=$((count + 1))
    fi
  done

  if [[ $awaiting ]]; then
    takes=$awaiting value=$cur
    _nsx_value
  elif [[ $cur == -* && ! $plain ]]; then
    _nsx_parse "$cur"
    if [[ $attached ]]; then
      _nsx_value
    else
      mapfile -t COMPREPLY < <(compgen -W "${!options[*]}" -- "$cur")
    fi
  elif [[ $runs == first-operand ]]; then
    _nsx_program "$last"
    return
  elif ((most < 0 || count < most)); then
    if ((count >= ${#operands[@]})); then count=-1; fi
    takes="required ${operands[count]}" value=$cur
    _nsx_value
  fi

  # Readline replaces only what follows the last "=" or ":".
  local replaced=$1
  if [[ $replaced == [=:] ]]; then replaced=; fi
  local kept=${cur%"$replaced"}
  COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}

# Sets command to the tool's command, and first to the index of the word after it, if the cursor is
# beyond the command.
_nsx_command() {
  local i
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    if [[ ${words[i]} != -* ]]; then
      command=${words[i]} first=$((i + 1))
      return
    fi
  done
}

# Sets words to the words up to the cursor, rejoined where COMP_WORDBREAKS has split them, and starts
# to their indexes in COMP_WORDS.
_nsx_words() {
  local rest=${COMP_LINE:0:COMP_POINT} word i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((i == 0)) || [[ $rest == [[:blank:]]* ]]; then
      rest=${rest#"${rest%%[![:blank:]]*}"}
      words+=("")
      starts+=("$i")
    fi
    word=${COMP_WORDS[i]}
    if ((i == COMP_CWORD)); then word=$rest; fi
    words[-1]+=$word
    rest=${rest#"$word"}
  done
}

# Sets takes to the argument of the options in the word $1. If the word contains an argument, sets
# value to it, and attached.
_nsx_parse() {
  local letters
  takes=none value='' attached=''
  case $1 in
    --*=*) takes=${options[${1%%=*}]-none} value=${1#*=} attached=1 ;;
    --*) takes=${options[$1]-none} ;;
    *)
      letters=${1#-}
      while [[ $letters && $takes == none ]]; do
        takes=${options[-${letters:0:1}]-none} letters=${letters:1}
      done
      if [[ $letters ]]; then value=$letters attached=1; fi
      if [[ $takes == optional* ]]; then value=${value#=}; fi
      ;;
  esac
}

# Completes value, the argument of an option or an operand.
_nsx_value() {
  local what words_ listed each
  value=${value#[\"\']}
  read -r _ what words_ <<<"$takes"
  case $what in
    pid) _nsx_pids ;;
    target) _nsx_targets ;;
    container) _nsx_containers ;;
    pin) _nsx_pins ;;
    cgroup) _nsx_cgroups ;;
    user) mapfile -t COMPREPLY < <(compgen -A user -- "$value") ;;
    file | directory)
      mapfile -t COMPREPLY < <(compgen -A "$what" -- "$value")
      compopt -o filenames 2>/dev/null
      ;;
    words)
      mapfile -t COMPREPLY < <(compgen -W "$words_" -- "$value")
      _nsx_no_space_behind =
      ;;
    list)
      listed=${value%"${value##*[+,]}"}
      for each in $words_; do
        if [[ $listed$each == "$value"* && ,${listed#+} != *,$each,* ]]; then
          COMPREPLY+=("$listed$each")
        fi
      done
      compopt -o nospace 2>/dev/null
      ;;
  esac
  if ((${#COMPREPLY[@]} > 0)); then COMPREPLY=("${COMPREPLY[@]/#/"${cur%"$value"}"}"); fi
}

# Completes a PID. If several match, the list shows their commands as well: readline inserts only the
# common prefix of all entries, which are digits. Menu completion (37, 42) inserts whole entries.
_nsx_pids() {
  local i command
  mapfile -t COMPREPLY < <(
    cd /proc && for i in [0-9]*; do if [[ $i == "$value"* ]]; then echo "$i"; fi; done | sort -n
  )
  compopt -o nosort 2>/dev/null
  if ((${#COMPREPLY[@]} < 2 || COMP_TYPE == 37 || COMP_TYPE == 42)); then return; fi
  for i in "${!COMPREPLY[@]}"; do
    command=
    { read -r command <"/proc/${COMPREPLY[i]}/comm"; } 2>/dev/null
    COMPREPLY[i]+="  ${command//[^[:print:]]/?}"
  done
}

# Sets COMPREPLY to the names of targets that start with $1. Names that a shell would interpret are
# omitted: anyone can create a cgroup whose name is a command.
_nsx_names() {
  local each
  mapfile -t COMPREPLY < <(
    nsx-enter --list-targets 2>/dev/null | while IFS=$'\t' read -r each _; do
      if [[ $each == "$1"* ]] && _nsx_is_plain "$each"; then echo "$each"; fi
    done
  )
}

# Prints the names, without prefixes, of targets of the given kinds that start with value. Omits names that
# would mean something else without their prefix.
_nsx_bare_names() {
  local each name
  local -A seen=()
  nsx-enter --list-targets 2>/dev/null | while IFS=$'\t' read -r each _; do
    name=${each#*:}
    if [[ " $* " != *" ${each%%:*} "* || $name != "$value"* || $name == @(-*|*:*) ]] ||
      [[ $name != *[!0-9]* || ${seen[x$name]-} ]] || ! _nsx_is_plain "$name"; then
      continue
    fi
    seen[x$name]=1
    echo "$name"
  done
}

# Completes the argument of "nsx-enter --target": a name, a PID after its first digit, or a prefix and a name.
_nsx_targets() {
  local each names=()
  if [[ $value == *:* ]]; then
    _nsx_names "$value"
    return
  fi
  mapfile -t names < <(_nsx_bare_names container pin unit)
  if [[ $value == [0-9]* ]]; then _nsx_pids; fi
  COMPREPLY=("${names[@]}" "${COMPREPLY[@]}")
  compopt -o nosort 2>/dev/null
  for each in cgroup: container: ns: pin: unit:; do
    if [[ $each == "$value"* ]]; then
      COMPREPLY+=("$each")
      compopt -o nospace 2>/dev/null
    fi
  done
}

# Completes the name of a container.
_nsx_containers() {
  _nsx_names "container:$value"
  COMPREPLY=("${COMPREPLY[@]#container:}")
}

# Appends no space to a single candidate that ends in $1: more text has to follow.
_nsx_no_space_behind() {
  if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *"$1" ]]; then
    compopt -o nospace 2>/dev/null
  fi
}

# Succeeds if a shell takes a name literally.
_nsx_is_plain() {
  [[ $1 != *[^[:alnum:]._@:/+,=%-]* ]]
}

# Completes the name of a pin.
_nsx_pins() {
  local root kind each
  local -A found=()
  if [[ $value == */* ]]; then return; fi
  for root in "${NSX_PIN_DIR:-/run}" "${XDG_RUNTIME_DIR:-/nonexistent}"; do
    for kind in cgroup ipc mnt net pid time user uts; do
      for each in "$root/${kind}ns/$value"*; do
        if [[ -e $each ]] && _nsx_is_plain "${each##*/}"; then found[${each##*/}]=1; fi
      done
    done
  done
  COMPREPLY=("${!found[@]}")
}

# Prints the paths of cgroups, relative to the root cgroup, that start with value, one level at a time.
_nsx_cgroup_paths() {
  local fields root='' each name child
  while read -r -a fields; do
    if [[ "${fields[*]}" == *" - cgroup2 "* ]]; then root=${fields[4]} && break; fi
  done </proc/self/mountinfo
  if [[ ! $root || /$value/ == */../* ]]; then return; fi
  for each in "$root/${value#/}"*/; do
    name=${each#"$root"} name=${name%/}
    if [[ ! -d $each ]] || ! _nsx_is_plain "$name"; then continue; fi
    for child in "$each"*/; do
      if [[ -d $child ]]; then name+=/; fi
      break
    done
    if [[ $value && $value != /* ]]; then name=${name#/}; fi
    echo "$name"
  done
}

# Completes a cgroup: the name of a container or unit, a path, or a prefix and a name.
_nsx_cgroups() {
  local each paths=() names=()
  if [[ $value == *:* ]]; then
    _nsx_targets
    return
  fi
  if [[ $value != /* ]]; then mapfile -t names < <(_nsx_bare_names container unit); fi
  mapfile -t paths < <(_nsx_cgroup_paths)
  mapfile -t COMPREPLY < <(
    for each in "${names[@]}"; do
      # A path takes precedence over an equal name.
      if [[ " ${paths[*]} " != *" $each"?(/)[[:blank:]]* ]]; then echo "$each"; fi
    done
  )
  COMPREPLY+=("${paths[@]}")
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W 'container: unit:' -- "$value")
  compopt -o nosort 2>/dev/null
  _nsx_no_space_behind /
  _nsx_no_space_behind :
}

# Completes the program, which starts at the word $1, or its arguments.
_nsx_program() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "${starts[$1]}"
  elif (($1 == last)); then
    mapfile -t COMPREPLY < <(compgen -A command -- "$cur")
  else
    compopt -o default 2>/dev/null
  fi
}
)";

/// Returns an element of the array of options: "    [--mount]='optional file'\n".
std::string element(const std::string& key, const cli::Option& option) {
  std::string value = name(option.argument);
  for (const char* more : {name(option.completes), option.words}) {
    if (more != nullptr && *more != '\0') value += std::string(" ") + more;
  }
  return std::string("    [").append(key).append("]='").append(value).append("'\n");
}

cli::Option without_argument(cli::Option option) {
  option.argument = cli::Argument::none;
  option.completes = cli::Completes::nothing;
  option.words = nullptr;
  return option;
}

/// Returns the completion of an operand as an element of an array: " 'words auto'".
std::string operand(cli::Completes completes, const char* words) {
  std::string text = name(completes);
  if (completes == cli::Completes::words) text += std::string(" ") + words;
  return " '" + text + '\'';
}

/// Returns the assignments that define a tool's table.
std::string assignments(const cli::Tool& tool) {
  std::string text = "  options=(\n";
  for (const cli::Option& option : tool.options) {
    if (option.letter != '\0') {
      const bool bare = option.argument == cli::Argument::optional_if_long;
      text += element({'-', option.letter}, bare ? without_argument(option) : option);
    }
    text += element(std::string("--") + option.name, option);
  }
  text += "  )\n";
  const cli::Operands& operands = tool.operands;
  if (operands.most > 0) {
    text += "  operands=(" + operand(operands.first, operands.words) +
            operand(operands.rest, operands.words) + " )\n  most=" + most(operands) + '\n';
  }
  if (operands.runs != cli::Operands::Runs::nothing) {
    text += std::string("  runs=") + name(operands.runs) + '\n';
  }
  return text;
}

/// Returns the `case` statement with the tables of a tool's commands.
std::string cases(const cli::Suite& suite) {
  const std::string commands = names_of_commands(suite);
  std::string text = "  _nsx_command\n  case $command in\n";
  for (const cli::Command& command : suite.commands) {
    text += "  " + replaced(all_names(command), " ", " | ") + ")\n" + assignments(*command.table) +
            "  ;;\n";
  }
  text += "  help) operands=('words " + commands + "') most=1 ;;\n";
  cli::Tool tool = suite.tool;
  const std::string first = commands + " help";
  tool.operands = {.most = 1, .first = cli::Completes::words, .words = first.c_str()};
  return text + "  '')\n" + assignments(tool) + "  ;;\n  esac\n";
}

}  // namespace

std::string bash(const cli::Suite& suite) {
  const cli::Tool& tool = suite.tool;
  std::string text = replaced(kStart, "@TOOL@", tool.name);
  text = replaced(text, "@ID@", identifier(tool));
  text = replaced(text, "@TABLE@", suite.commands.empty() ? assignments(tool) : cases(suite));
  return text + kEngine + "\ncomplete -F _" + identifier(tool) + ' ' + tool.name + '\n';
}

}  // namespace nsx::completions

// For bash 4.4 or later, with bash-completion or without.

#include "generate.hh"

namespace nsx::completions {

namespace {

constexpr const char* kStart = R"(# bash completion for @TOOL@, made from the table of its options.
# shellcheck shell=bash

_@ID@() {
  # What each option takes: "none", or "required" or "optional" and what completes it.
  local -A options=(
@OPTIONS@  )
  local operands=@OPERANDS@
  _nsx_complete "$2"
}
)";

/// The same in the file of each tool, as bash-completion loads a command's file alone.
constexpr const char* kEngine = R"(
# Completes by the caller's options. $1: the text that readline will replace.
_nsx_complete() {
  local words=() starts=() takes value attached
  _nsx_words
  local last=$((${#words[@]} - 1)) awaiting='' i
  local cur=${words[last]}
  for ((i = 1; i < last; i++)); do
    if [[ $awaiting ]]; then
      awaiting=
    elif [[ ${words[i]} == -- && $operands != targets ]]; then
      _nsx_operand $((i + 1))
      return
    elif [[ ${words[i]} == -?* ]]; then
      _nsx_parse "${words[i]}"
      if [[ ! $attached && $takes == required* ]]; then awaiting=$takes; fi
    elif [[ $operands != targets ]]; then
      _nsx_operand "$i"
      return
    fi
  done

  if [[ $awaiting ]]; then
    takes=$awaiting value=$cur
    _nsx_value
  elif [[ $cur != -* && $operands == targets ]]; then
    value=$cur
    _nsx_targets
  elif [[ $cur != -* ]]; then
    _nsx_operand "$last"
    return
  else
    _nsx_parse "$cur"
    if [[ $attached ]]; then
      _nsx_value
    else
      mapfile -t COMPREPLY < <(compgen -W "${!options[*]}" -- "$cur")
    fi
  fi

  # Readline replaces only what follows the last "=" or ":".
  local replaced=$1
  if [[ $replaced == [=:] ]]; then replaced=; fi
  local kept=${cur%"$replaced"}
  COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}

# Sets words to those up to the cursor, joined again where COMP_WORDBREAKS has parted them, and
# starts to their places in COMP_WORDS.
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

# Sets takes to what the options in the word $1 take, and value to the argument in that word, if
# there is one: then attached is set.
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

# Completes value, the argument of an option.
_nsx_value() {
  local what words_ listed each
  value=${value#[\"\']}
  read -r _ what words_ <<<"$takes"
  case $what in
    pid) _nsx_pids ;;
    target) _nsx_targets ;;
    file | directory)
      mapfile -t COMPREPLY < <(compgen -A "$what" -- "$value")
      compopt -o filenames 2>/dev/null
      ;;
    words) mapfile -t COMPREPLY < <(compgen -W "$words_" -- "$value") ;;
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

# Completes a PID. Where several match, the list shows their commands too; what readline inserts is
# what all of them have in common, digits alone. Menu completion (37, 42) inserts whole entries.
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

# Completes what "nsx-enter --target" takes: a PID, or a prefix and a name. A name that a shell would
# not take as it is, is left out: anybody can make a cgroup whose name is a command.
_nsx_targets() {
  local each
  if [[ $value == *:* ]]; then
    mapfile -t COMPREPLY < <(
      nsx-enter --list-targets 2>/dev/null | while IFS=$'\t' read -r each _; do
        if [[ $each == "$value"* && $each != *[^[:alnum:]._@:/+,=%-]* ]]; then echo "$each"; fi
      done
    )
    return
  fi
  _nsx_pids
  for each in cgroup: container: ns: pin: unit:; do
    if [[ $each == "$value"* ]]; then
      COMPREPLY+=("$each")
      compopt -o nospace 2>/dev/null
    fi
  done
}

# Completes the program, which is the word $1, or its arguments.
_nsx_operand() {
  if [[ $operands != program ]]; then return; fi
  if declare -F _command_offset >/dev/null; then
    _command_offset "${starts[$1]}"
  elif (($1 == last)); then
    mapfile -t COMPREPLY < <(compgen -A command -- "$cur")
  else
    compopt -o default 2>/dev/null
  fi
}
)";

/// An element of the array: "    [--mount]='optional file'\n".
std::string element(const std::string& key, const cli::Option& option) {
  std::string value = name(option.argument);
  for (const char* more : {completes(option), option.words}) {
    if (more != nullptr && *more != '\0') value += std::string(" ") + more;
  }
  return std::string("    [").append(key).append("]='").append(value).append("'\n");
}

const char* name(cli::Operands operands) {
  switch (operands) {
    case cli::Operands::program:
      return "program";
    case cli::Operands::targets:
      return "targets";
    case cli::Operands::none:
      break;
  }
  return "";
}

cli::Option without_argument(cli::Option option) {
  option.argument = cli::Argument::none;
  option.completes = cli::Completes::nothing;
  option.words = nullptr;
  return option;
}

}  // namespace

std::string bash(const cli::Tool& tool) {
  std::string options;
  for (const cli::Option& option : tool.options) {
    if (option.letter() != '\0') {
      const bool bare = option.argument == cli::Argument::optional_if_long;
      options += element({'-', option.letter()}, bare ? without_argument(option) : option);
    }
    options += element(std::string("--") + option.name, option);
  }
  std::string text = replaced(kStart, "@TOOL@", tool.name);
  text = replaced(text, "@ID@", identifier(tool));
  text = replaced(text, "@OPTIONS@", options);
  text = replaced(text, "@OPERANDS@", name(tool.operands));
  return text + kEngine + "\ncomplete -F _" + identifier(tool) + ' ' + tool.name + '\n';
}

}  // namespace nsx::completions

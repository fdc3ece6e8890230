#!/bin/bash
# SPDX-License-Identifier: MIT
# offer.bash LINE: prints what bash offers for it, one a line. With PLAIN set, without
# bash-completion. Candidates stand as readline gets them: behind the last "=" or ":".

data=$NSX_STAGE/usr/share

# As readline parts a line: "=" and ":" are words of their own.
split_line() {
  local rest=$1
  COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() COMP_TYPE=9
  while [[ $rest ]]; do
    if [[ $rest =~ ^[[:blank:]]+ ]]; then
      :
    elif [[ $rest =~ ^[=:]+ || $rest =~ ^[^[:blank:]=:]+ ]]; then
      COMP_WORDS+=("${BASH_REMATCH[0]}")
    fi
    rest=${rest:${#BASH_REMATCH[0]}}
  done
  if [[ $1 == *[[:blank:]] ]]; then COMP_WORDS+=(""); fi
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
}

tool=${1%% *}
if [[ ${PLAIN-} ]]; then
  # shellcheck disable=SC1090
  . "$data/bash-completion/completions/$tool"
else
  . /usr/share/bash-completion/bash_completion
  # The place from which bash-completion loads a command's file when it is first asked for it.
  export XDG_DATA_DIRS=$data BASH_COMPLETION_USER_DIR=/nonexistent
  _completion_loader "$tool"
fi
specification=$(complete -p "$tool") || exit
function=${specification#*-F }
split_line "$1"
current=${COMP_WORDS[-1]}
COMPREPLY=()
# compopt complains that this is no completion.
"${function%% *}" "$tool" "${current//[=:]/}" "${COMP_WORDS[-2]}" 2>/dev/null
if ((${#COMPREPLY[@]} > 0)); then printf '%s\n' "${COMPREPLY[@]}"; fi

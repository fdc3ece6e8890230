#!/bin/bash
# SPDX-License-Identifier: MIT
# offer.bash LINE: prints what bash offers for it, one a line. With PLAIN set, without bash-completion. Candidates are
# printed as readline gets them: the part after the last "=" or ":".

data=$NSX_STAGE/usr/share

# As readline splits a line: "=" and ":" are words of their own.
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
  # The directory from which bash-completion loads a command's file on demand.
  export XDG_DATA_DIRS=$data BASH_COMPLETION_USER_DIR=/nonexistent
  _completion_loader "$tool"
fi
specification=$(complete -p "$tool") || exit
function=${specification#*-F }
split_line "$1"
current=${COMP_WORDS[-1]}
COMPREPLY=()
# compopt complains outside a completion.
"${function%% *}" "$tool" "${current//[=:]/}" "${COMP_WORDS[-2]}" 2>/dev/null
if ((${#COMPREPLY[@]} > 0)); then printf '%s\n' "${COMPREPLY[@]}"; fi

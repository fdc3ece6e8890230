# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # what bats and the loaded files set
# bats file_tags=rootless
load ../lib/common
load docs

# Turns of phrase that no engineer would write; as Perl's regular expressions, without regard to case.
banned=(
  '\btells? of\b' '\btells that\b' '\bis told\b' '\bdeeds?\b' '\bis looked for\b' '\bare looked for\b'
  '\bis there already\b' '\bis not there\b' '\bare not there\b' '\bthat is there\b' '\bshall be\b'
  '\bhas not got\b' '\bhave not got\b' '\bnothing but\b' '\bthe one that\b' '\bso that none\b' '\bwhat there is\b'
  '\bit comes to\b' '\bsees to it\b' '\bby way of\b' '\bof its own accord\b' '\bwith commas between\b'
  '\bare not to be (seen|had|found|read)\b' '\bis not to be (seen|had|found|read)\b' '\bin front, ' '\bor else\b'
  '(?<!where |thing |body |.one )\belse, ' '\bstands behind\b' '\bfrom behind\b' '\bas [a-z() 0-9-]+ has (it|them)\b' '\bit is one of them\b'
  '\bwho (never|only|has|owns|gets|reads) [^.?]*[,] (the|it|is)\b' '\bcannot (use|understand) as\b'
)

# Where a turn is the right word: a part of the line that prose.pl prints.
allowed='banned\.bats'

# Fails and shows each line of standard input with a banned turn.
has_no_banned_turn() {
  local found
  found=$(grep -oiP "^\S+|.{0,50}($(IFS='|' && echo "${banned[*]}")).{0,50}" |
    awk '/^[^ ]+:[0-9]+:$/ { place = $0; next } { print place, $0 }' | grep -vE "$allowed") || return 0
  echo "$found"
  return 1
}

# The files of the source that match patterns of git: an installation of the tests may be without git.
sources() {
  cd "$NSX_SOURCE" && find . -name 'build*' -prune -o -path ./.git -prune -o -type f "$@" -print | sort
}

prose() {
  local mode=$1
  shift
  cd "$NSX_SOURCE" && sources "$@" | xargs perl tests/docs/prose.pl "$mode"
}

@test "no banned turn of phrase in comments and names of tests" {
  prose comments \( -name '*.cc' -o -name '*.hh' -o -name '*.c' -o -name '*.h' -o -name '*.sh' -o -name '*.bash' -o \
    -name '*.bats' \) ! -name words.bats | has_no_banned_turn
}

@test "no banned turn of phrase in messages and help texts" {
  prose strings \( -name '*.cc' -o -name '*.hh' \) ! -path './tests/*' | has_no_banned_turn
  for tool in "${tables[@]}"; do $tool --help | sed "s/^/${tool/ /-}:0: /"; done | has_no_banned_turn
}

@test "no banned turn of phrase in manuals, README and the other documents" {
  prose text \( -path './man/*.[1-8]' -o -name '*.md' \) | has_no_banned_turn
}

@test "messages begin in lower case, end without a full stop, and put their subject where it belongs" {
  messages=$(prose messages -name '*.cc' \( -path './lib/*' -o -path './tools/*' \))
  [ "$(wc -l <<<"$messages")" -gt 300 ]
  # Names and abbreviations keep their capitals.
  bad=$(grep -E '^[^ ]+ (cannot )?[A-Z][a-z]|[a-z]\.( \||$)|\| [A-Z][a-z]+ [a-z]' <<<"$messages" |
    grep -vE '(^[^ ]+|\|) (cannot )?(Linux|NSX_|Debian|AppArmor|SELinux)') || true
  same "messages against the grammar" "" "$bad"
}

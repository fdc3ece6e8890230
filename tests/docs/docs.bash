# SPDX-License-Identifier: MIT
# Shared by the tests of the documents: the tables of options, and the texts about them.
# shellcheck shell=bash disable=SC2034 # what the tests use

tools=(nsx-unshare nsx-enter nsx-ls nsx-pin nsx-cg)
generate=$NSX_BUILD/completions/generate

# Everything with a table: the tools, and the commands of those that have some, "nsx-pin ls".
mapfile -t tables < <("$generate" --operands | cut -f 1)

# The commands of a tool, one a line, without "help".
commands_of() {
  "$generate" --commands | awk -F'\t' -v tool="$1" '$1 == tool { print $2 }'
}

# The same with aliases: "rm, del, delete".
names_of_commands() {
  "$generate" --commands |
    awk -F'\t' -v tool="$1" '$1 == tool { gsub(" ", ", ", $3); print $2 ($3 != "" ? ", " $3 : "") }'
}

# The table, one option a line: tool, letter, long name, argument, metavar, completes, words, separated by "|". (Bash
# would read several tabs as one.)
table() {
  "$generate" --table | tr '\t' '|'
}

# The columns of a tool or of a listing command, one a line: the words of its --output.
columns_of() {
  table | awk -F'|' -v tool="$1" '$1 == tool && $3 == "output" { print $7 }' | tr ' ' '\n'
}

# Each spelling of each option of a tool by its table, sorted: "-t", "--target".
spellings() {
  table | awk -F'|' -v tool="$1" '$1 == tool { if ($2 != "") print "-" $2; print "--" $3 }' |
    LC_ALL=C sort
}

# The same as a document writes them, with their arguments: "-t PID", "--target=PID", "-n[FILE]",
# "--net[=FILE]".
spellings_with_arguments() {
  table | awk -F'|' -v tool="$1" '
    function print_both(between_short, between_long, end) {
      if ($2 != "") print "-" $2 between_short $5 end
      print "--" $3 between_long $5 end
    }
    $1 != tool { next }
    $4 == "none" { print_both("", "", "") }
    $4 == "required" { print_both(" ", "=", "") }
    $4 == "optional" { print_both("[", "[=", "]") }
    $4 == "optional-if-long" { print "-" $2; print "--" $3 "[=" $5 "]" }' | LC_ALL=C sort
}

# Fails and shows the difference unless two texts are the same: same WHAT EXPECTED FOUND.
same() {
  if [ "$2" = "$3" ]; then return; fi
  echo "$1: (-) expected, (+) found"
  diff <(echo "$2") <(echo "$3") | sed -n 's/^</-/p; s/^>/+/p'
  return 1
}

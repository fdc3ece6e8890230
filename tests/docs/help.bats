# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
# bats file_tags=rootless
load ../lib/common
load docs

@test "--help lists exactly the options of the table" {
  for tool in "${tables[@]}"; do
    # Letters that take no argument, though their long options do.
    long_only=$(table | awk -F'|' -v tool="$tool" '
      $1 == tool && $4 == "optional-if-long" { printf "%s", $2 } END { printf "?" }')
    found=$($tool --help | awk '
      # "  -t, --target=PID   text"
      /^  (-.,|   ) --/ {
        if ($1 ~ /,$/) { letter = substr($1, 1, 2); name = $2 } else { letter = ""; name = $1 }
        argument = ""
        if (match(name, /\[?=.*/)) {
          argument = substr(name, RSTART)
          name = substr(name, 1, RSTART - 1)
        }
        print name argument
        sub(/^=/, " ", argument)
        sub(/^\[=/, "[", argument)
        if (letter != "") print letter argument
      }' | sed -E "s/^(-[$long_only])\[=?.*/\1/" | LC_ALL=C sort)
    same "$tool --help" "$(spellings_with_arguments "$tool")" "$found"
  done
}

@test "--help goes to stdout only, and is at most 80 columns wide" {
  for tool in "${tables[@]}"; do
    run --separate-stderr $tool --help
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ $output == "Usage: $tool "* ]]
    wide=$(awk 'length > 80' <<<"$output")
    [ -z "$wide" ] || {
      echo "$tool --help is too wide: $wide"
      return 1
    }
  done
}

@test "each option has a help text" {
  for tool in "${tables[@]}"; do
    run -0 $tool --help
    # A long option alone on its line has its text on the next line.
    bare=$(awk '
      option != "" && !/^                             [^ ]/ { print option }
      { option = "" }
      /^  (-.,|   ) --[^ ]* *$/ { option = $0 }
      END { if (option != "") print option }' <<<"$output")
    same "$tool: options without a text" "" "$bare"
  done
}

@test "--version names the suite and its version" {
  version=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$NSX_SOURCE/meson.build")
  [ -n "$version" ]
  for tool in "${tools[@]}"; do
    run --separate-stderr "$tool" --version
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "$output" = "$tool (nsx) $version" ]
  done
}

@test "--help lists exactly the commands of the table" {
  for tool in "${tools[@]}"; do
    commands=$(commands_of "$tool")
    if [ -z "$commands" ]; then continue; fi
    # "  rm, del                    text"
    found=$("$tool" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][^ ]*\(, [^ ]*\)*\)  .*/\1/p')
    same "$tool --help" "$(names_of_commands "$tool")" "$found"
    same "$tool help" "$("$tool" --help)" "$("$tool" help)"
    for command in $commands; do
      same "$tool help $command" "$("$tool" "$command" --help)" "$("$tool" help "$command")"
    done
  done
}

@test "an alias of a command is the command" {
  while IFS=$'\t' read -r tool command aliases; do
    for alias in $aliases; do
      same "$tool $alias" "$("$tool" "$command" --help)" "$("$tool" "$alias" --help)"
    done
  done < <("$generate" --commands)
}

@test "an unknown command is a usage error" {
  for tool in "${tools[@]}"; do
    if [ -z "$(commands_of "$tool")" ]; then continue; fi
    run --separate-stderr "$tool"
    [ "$status" -eq 2 ]
    [[ $stderr == "$tool: missing command"$'\n'* ]]
    for wrong in "helpp" "help helpp"; do
      run --separate-stderr "$tool" $wrong
      [ "$status" -eq 2 ]
      [[ $stderr == "$tool: unknown command 'helpp' (did you mean 'help'?)"$'\n'* ]]
      [[ $stderr == *"Try '$tool --help'." ]]
    done
  done
}

@test "the words of nsx-ls -o in the table are the columns that nsx-ls -H lists" {
  same "columns" "$(nsx-ls -H -r | sed '1d; s/ .*//')" "$(columns_of nsx-ls)"
}

@test "nsx-ls takes each of its columns and each kind" {
  for column in $(columns_of nsx-ls); do
    nsx-ls --output "$column" >/dev/null
  done
  for kind in $(table | awk -F'|' '$1 == "nsx-ls" && $3 == "type" { print $7 }'); do
    nsx-ls --type "$kind" >/dev/null
  done
}

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what bats and the loaded files set
load ../lib/common
load docs

pages=(nsx-unshare.1 nsx-enter.1 nsx-ls.1 nsx-pin.1 nsx-cg.1 nsx.7)

setup() {
  spawned=()
  command -v mandoc >/dev/null || cannot "find mandoc"
}

# The source of a page, as installed.
page() {
  gzip -dcf "$NSX_STAGE/usr/share/man/man${1##*.}/$1"*
}

# The text of a page, without bold and underlined letters.
text_of() {
  page "$1" | mandoc -T ascii -O width=200 | sed 's/.\x08//g'
}

# The source of what a page says of a tool or a command, "nsx-pin ls": that of a command is in a
# subsection with its name.
part() {
  local tool=${1%% *} names
  names=$(commands_of "$tool" | tr '\n' ' ')
  page "$tool.1" | awk -v command="${1#"$tool"}" -v names="$names" '
    BEGIN { split(names, list); for (i in list) is_command[list[i]] = 1 }
    /^\.S[hs] / { here = /^\.Ss / && $2 in is_command ? " " $2 : "" }
    here == command'
}

# The commands in the examples of a page, without the prompt.
examples_of() {
  page "$1" | sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE ALSO/p' |
    sed -n '/^\.Bd -literal/,/^\.Ed/s/^[$#] //p' | sed 's/\\e/\\/g'
}

@test "every page is installed and clean for mandoc's lint" {
  run -0 ls "$NSX_STAGE"/usr/share/man/man1 "$NSX_STAGE"/usr/share/man/man7
  for name in "${pages[@]}"; do
    [[ $output == *"$name"* ]]
    same "$name" "" "$(page "$name" | mandoc -T lint -W warning 2>&1)"
  done
}

@test "every page renders, with its name and all of its sections" {
  for name in "${pages[@]}"; do
    text=$(text_of "$name")
    upper=${name%.*}
    upper=${upper^^}
    [[ $text == "$upper(${name##*.})"* ]]
    sections="NAME DESCRIPTION FILES EXAMPLES SEE"
    if [ "$name" != nsx.7 ]; then sections+=" SYNOPSIS EXIT ENVIRONMENT NOTES CAVEATS"; fi
    for section in $sections; do
      grep -qE "^$section( |\$)" <<<"$text" || {
        echo "$name has no section $section"
        return 1
      }
    done
  done
}

@test "each page has the options of the table, and no others" {
  for tool in "${tables[@]}"; do
    # ".It Fl t Ar PID , Fl -target Ns = Ns Ar PID" is "-t PID" and "--target=PID".
    found=$(part "$tool" | sed -nE 's/^\.It (Fl .*)/\1/p' |
      sed 's/Fl /-/g; s/Ar //g; s/Oo /[/g; s/ Oc/]/g; s/ Ns //g; s/ , /\n/g' | LC_ALL=C sort)
    same "$tool.1" "$(spellings_with_arguments "$tool")" "$found"
  done
}

@test "each page has the commands of the table, in their order, and no others" {
  for tool in "${tools[@]}"; do
    commands=$(commands_of "$tool")
    if [ -z "$commands" ]; then continue; fi
    same "$tool.1, synopsis" "$commands" "$(page "$tool.1" |
      sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/s/^\.Cm \([a-z-]*\)$/\1/p' | uniq)"
    same "$tool.1, subsections" "$commands" "$(page "$tool.1" |
      sed -n '/^\.Sh COMMANDS/,/^\.Sh/s/^\.Ss \([a-z-]*\)$/\1/p')"
    while IFS=$'\t' read -r of command aliases; do
      if [ "$of" != "$tool" ]; then continue; fi
      for alias in $aliases; do
        part "$tool $command" | grep -qE "^\.Cm $alias( |\$)" || {
          echo "$tool.1: $command does not tell of $alias"
          return 1
        }
      done
    done < <("$generate" --commands)
  done
}

@test "no page speaks of an option that does not exist" {
  for tool in "${tools[@]}" nsx; do
    if [ "$tool" = nsx ]; then
      name=nsx.7 known=$(for each in "${tables[@]}"; do spellings "$each"; done)
    else
      name=$tool.1 known=$(for each in "${tables[@]}"; do
        if [ "${each%% *}" = "$tool" ]; then spellings "$each"; fi
      done)
    fi
    # Fl is for options of nsx; those of other commands stand in Ql. "Fl J | r" is two options.
    found=$(page "$name" | sed -nE 's/^\.(.*)/\1/p' | grep -oE 'Fl -?[A-Za-z-]+( \| [A-Za-z])?' |
      sed -E 's/^Fl /-/; s/ \| (.)/\n-\1/')
    same "$name: options that do not exist" "" "$(grep -vxF -- "$known" <<<"$found")"
  done
}

@test "nsx-ls.1 explains its columns, and no others" {
  found=$(page nsx-ls.1 | sed -n '/^\.Ss Columns/,/^\.Sh/s/^\.It Cm //p' | LC_ALL=C sort)
  same columns "$("$generate" --columns | LC_ALL=C sort)" "$found"
}

@test "nsx-ls.1 names the usual columns" {
  found=$(page nsx-ls.1 | sed -n '/^The usual columns are/,/^with$/s/^\.Cm \([A-Z]*\).*/\1/p' | xargs)
  run -0 --separate-stderr nsx-ls
  # shellcheck disable=SC2086,SC2206 # The heading is words.
  heading=(${lines[0]})
  same "usual columns" "${heading[*]}" "$found"
}

@test "each page names the words that an option takes" {
  while IFS='|' read -r tool _ name _ _ completes words; do
    # Signals are too many to name, and columns have a section of their own.
    case $completes:$name in words:kill-child | words:filter) continue ;; words:*) ;; *) continue ;; esac
    item=$(part "$tool" | sed -n "/^\.It Fl.* -$name/,/^\.It Fl/p")
    for word in $words; do
      grep -qE "^\.(It )?Cm $word( |\$)" <<<"$item" || {
        echo "$tool.1: --$name does not tell of $word"
        return 1
      }
    done
  done < <(table)
}

@test "nsx-ls.1 knows the kernel features" {
  found=$(page nsx-ls.1 | sed -n '/^\.It Ev NSX_KERNEL_FEATURES/,/^\.El/s/^\.Ql -//p' | LC_ALL=C sort)
  same features "$(nsx-ls --features | sed 's/ .*//' | LC_ALL=C sort)" "$found"
}

@test "no page refers to a page that is not part of this version" {
  for name in "${pages[@]}"; do
    for other in $(page "$name" | sed -nE 's/^\.Xr (nsx[a-z-]*) ([0-9]).*/\1.\2/p'); do
      [ -n "$(page "$other")" ]
    done
  done
}

# A process in namespaces of its own and a named network namespace, in place of those in the
# examples: make_scene, then in_scene COMMAND.
make_scene() {
  spawn unshare --net --uts --ipc --mount --pid --fork --mount-proc \
    sh -c "touch '$BATS_TEST_TMPDIR/ready'; exec sleep 300"
  wait_until test -e "$BATS_TEST_TMPDIR/ready"
  child=$(ps -o pid= --ppid "$pid" | tr -d " ")
  # As an example leaves it.
  if [ ! -d /run/netns ]; then made_netns=1; fi
  blue=$BATS_TEST_TMPDIR/blue
  touch "$blue"
  mount --bind "/proc/$child/ns/net" "$blue"
  # The state that runc would keep of the process.
  web=nsx-test-$$
  mkdir -p "/run/runc/$web"
  printf '{"init_process_pid":%s,"init_process_start":%s}' "$child" \
    "$(sed 's/.*) //' "/proc/$child/stat" | cut -d ' ' -f 20)" >"/run/runc/$web/state.json"
}

teardown() {
  if [ -n "${blue-}" ]; then umount "$blue"; fi
  if [ -n "${web-}" ]; then rm -r "/run/runc/$web"; fi
  if [ -n "${made_netns-}" ] && [ -d /run/netns ]; then
    umount /run/netns || true
    rmdir /run/netns
  fi
  if [ -n "${child-}" ]; then kill -KILL "$child"; fi
  end_spawned
}

in_scene() {
  local command=${1//4021/$child}
  command=${command//container:web/container:$web}
  SHELL=/bin/sh bash -c "${command//\/run\/netns\/blue/$blue}" </dev/null
}

@test "the examples of the commands work" {
  make_scene
  count=0
  for name in "${pages[@]}"; do
    # Those of nsx-cg need controllers: tests/cli/cg-limits.bats runs them.
    if [ "$name" = nsx.7 ] || [ "$name" = nsx-cg.1 ]; then continue; fi
    while IFS= read -r example; do
      in_scene "$example" || {
        echo "$name: this fails: $example"
        return 1
      }
      count=$((count + 1))
    done < <(examples_of "$name")
  done
  [ "$count" -ge 15 ]
}

@test "the commands in the tour of nsx.7 parse" {
  make_scene
  count=0
  while IFS= read -r example; do
    case $example in
      nsx-ls*) ;;
      # tests/cli/cg-limits.bats has the controllers for it.
      nsx-cg*) continue ;;
      nsx-*) example="${example/ / --plan }" ;;
      *) continue ;;
    esac
    in_scene "${example% &}" || {
      echo "nsx.7: this fails: $example"
      return 1
    }
    count=$((count + 1))
  done < <(examples_of nsx.7)
  [ "$count" -ge 6 ]
}

@test "what examples show is so" {
  [ "$(nsx-unshare --map-root-user id -u)" = 0 ]
  [ "$(nsx-unshare --map-root-user --pid --fork --mount-proc ps -e -o pid= | wc -l)" = 1 ]
  [ "$(nsx-unshare --uts sh -c 'echo blue >/proc/sys/kernel/hostname; uname -n')" = blue ]
  [ "$(uname -n)" != blue ]
}

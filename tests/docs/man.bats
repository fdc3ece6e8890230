# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # set by bats and the loaded files
load ../lib/common
load ../lib/containers
load ../lib/pins
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

# The source of a page about a tool or a command, "nsx-pin ls": a command has a subsection of its name.
part() {
  local tool=${1%% *} names
  names=$(commands_of "$tool" | tr '\n' ' ')
  page "$tool.1" | awk -v command="${1#"$tool"}" -v names="$names" '
    BEGIN { split(names, list); for (i in list) is_command[list[i]] = 1 }
    /^\.S[hs] / { here = /^\.Ss / && $2 in is_command ? " " $2 : "" }
    here == command'
}

# The commands in the examples of a page, without the prompt; continued lines are joined.
examples_of() {
  page "$1" | sed -n '/^\.Sh EXAMPLES/,/^\.Sh [^E]/p' | sed -n '/^\.Bd -literal/,/^\.Ed/p' |
    sed -n ':more; /^[$#] / { N; s/\n>  */ /; t more; P }; D' | sed 's/^[$#] //; s/\\e/\\/g'
}

# bats test_tags=rootless
@test "every page is installed and clean for mandoc's lint" {
  run -0 ls "$NSX_STAGE"/usr/share/man/man1 "$NSX_STAGE"/usr/share/man/man7
  for name in "${pages[@]}"; do
    [[ $output == *"$name"* ]]
    # mdoc(7) has EXAMPLES further down.
    same "$name" "" "$(page "$name" | mandoc -T lint -W warning 2>&1 | grep -v 'sections out of conventional order: Sh ENVIRONMENT$')"
  done
}

# bats test_tags=rootless
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

# bats test_tags=rootless
@test "apropos finds every page by container and by namespace" {
  for name in "${pages[@]}"; do
    line=$(page "$name" | sed -n 's/^\.Nd //p')
    [[ $line == *container* && $line == *namespace* ]] || {
      echo "$name: $line"
      return 1
    }
  done
}

# bats test_tags=rootless
@test "the manuals contain common search words, and nsx(7) leads to them" {
  local word
  while read -r name word; do
    for each in "$name" nsx.7; do
      text_of "$each" | grep -qF "$word" || {
        echo "$each does not have the word $word"
        return 1
      }
    done
  done <<'END'
nsx-enter.1 distroless
nsx-ls.1 busy
nsx-pin.1 VPN
nsx-pin.1 resolv.conf
nsx-pin.1 veth
nsx-cg.1 throttled
nsx-cg.1 OOM
nsx-cg.1 delegate
END
}

# bats test_tags=rootless
@test "each page lists exactly the options of the table" {
  for tool in "${tables[@]}"; do
    # ".It Fl t Ar PID , Fl -target Ns = Ns Ar PID" is "-t PID" and "--target=PID".
    found=$(part "$tool" | sed -nE 's/^\.It (Fl .*)/\1/p' |
      sed 's/Fl /-/g; s/Ar //g; s/Oo /[/g; s/ Oc/]/g; s/ Ns //g; s/ , /\n/g' | LC_ALL=C sort)
    same "$tool.1" "$(spellings_with_arguments "$tool")" "$found"
  done
}

# bats test_tags=rootless
@test "each page lists exactly the commands of the table, in their order" {
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

# bats test_tags=rootless
@test "no page mentions an option that does not exist" {
  for tool in "${tools[@]}" nsx; do
    if [ "$tool" = nsx ]; then
      name=nsx.7 known=$(for each in "${tables[@]}"; do spellings "$each"; done)
    else
      name=$tool.1 known=$(for each in "${tables[@]}"; do
        if [ "${each%% *}" = "$tool" ]; then spellings "$each"; fi
      done)
    fi
    # Fl is for options of nsx; those of other commands are in Ql. "Fl J | r" is two options.
    found=$(page "$name" | sed -nE 's/^\.(.*)/\1/p' | grep -oE 'Fl -?[A-Za-z-]+( \| [A-Za-z])?' |
      sed -E 's/^Fl /-/; s/ \| (.)/\n-\1/')
    same "$name: options that do not exist" "" "$(grep -vxF -- "$known" <<<"$found")"
  done
}

# bats test_tags=rootless
@test "usage errors have the status that the tool's page documents" {
  local tool command said
  for tool in "${tools[@]}"; do
    said=$(page "$tool.1" | sed -n '/^\.Sh EXIT STATUS/,/^\.Sh/p' | sed -n '/^\.It/{ s/^\.It //; h }; /[Uu]sage error/{ g; p }')
    [[ $said == [12] ]]
    for command in "$tool" "${tables[@]}"; do
      if [ "${command%% *}" != "$tool" ]; then continue; fi
      # shellcheck disable=SC2086 # a tool and a command
      run -"$said" $command --no-such-option
    done
    if [ -n "$(commands_of "$tool")" ]; then run -"$said" "$tool" no-such-command; fi
  done
  run -1 bash -c 'exec -a lsns nsx-ls --no-such-option'
}

# bats test_tags=rootless
@test "nsx-ls.1 explains exactly its columns" {
  found=$(page nsx-ls.1 | sed -n '/^\.Ss Columns/,/^\.Sh/s/^\.It Cm //p' | LC_ALL=C sort)
  same columns "$(columns_of nsx-ls | LC_ALL=C sort)" "$found"
}

# bats test_tags=rootless
@test "nsx-cg.1 explains exactly its columns" {
  found=$(page nsx-cg.1 | sed -n '/^The columns are:/,/^\.El/s/^\.It Cm //p')
  same columns "$(columns_of "nsx-cg ls")" "$found"
}

# bats test_tags=rootless
@test "nsx-pin.1 explains exactly its columns" {
  found=$(part "nsx-pin ls" | sed -n '/^\.It Fl o /,/^\.It Fl Q /{//!p}' | grep -oE '\b[A-Z]{2,}\b' | sort -u)
  same columns "$(columns_of "nsx-pin ls" | sort)" "$found"
}

# bats test_tags=rootless
@test "nsx-ls.1 names the default columns" {
  found=$(page nsx-ls.1 | sed -n '/^The default columns are/,/^with$/s/^\.Cm \([A-Z]*\).*/\1/p' | xargs)
  run -0 --separate-stderr nsx-ls
  # If there are containers, they have a column.
  same "default columns" "$(xargs <<<"${lines[0]/ CONTAINER / }")" "$found"
}

# bats test_tags=rootless
@test "each page lists the words that an option takes" {
  while IFS='|' read -r tool _ name _ _ completes words; do
    # Signals are too many to list, and columns have their own section.
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

# bats test_tags=rootless
@test "nsx-ls.1 lists the kernel features" {
  found=$(page nsx-ls.1 | sed -n '/^\.It Ev NSX_KERNEL_FEATURES/,/^\.El/s/^\.Ql -//p' | LC_ALL=C sort)
  same features "$(nsx-ls --features | sed 's/ .*//' | LC_ALL=C sort)" "$found"
}

# bats test_tags=rootless
@test "no page refers to a page that is not part of this version" {
  for name in "${pages[@]}"; do
    for other in $(page "$name" | sed -nE 's/^\.Xr (nsx[a-z-]*) ([0-9]).*/\1.\2/p'); do
      [ -n "$(page "$other")" ]
    done
  done
}

# The scene of the examples: a container with a database beside it, a name for that, and a disk that is only mounted
# there; and a named network namespace. make_scene, then in_scene COMMAND.
make_scene() {
  cd "$BATS_TEST_TMPDIR" || return
  mkdir data
  echo "10.9.0.2 db" >hosts
  echo "exit 0" >script.sh
  echo "port = 80" >app.conf
  spawn unshare --net --uts --ipc --mount --pid --fork --mount-proc \
    sh -c "set -e; mount -t tmpfs /dev/sdb1 data; echo started >data/app.log; echo dump >data/core; mount --bind hosts /etc/hosts
      ip address add 10.9.0.2/32 dev lo; ip link set lo up; touch ready; exec sleep 300"
  wait_until test -e ready
  child=$(ps -o pid= --ppid "$pid" | tr -d " ")
  spawn nsenter -t "$child" --net sleep 300
  record_of_runc "${db:=nsx-test-db-$$}" "$pid"
  # As an example leaves it.
  if [ ! -d /run/netns ]; then made_netns=1; fi
  blue=$BATS_TEST_TMPDIR/blue
  touch "$blue"
  mount --bind "/proc/$child/ns/net" "$blue"
  record_of_runc "${web:=nsx-test-web-$$}" "$child"
}

teardown() {
  if [ -n "${blue-}" ]; then umount "$blue"; fi
  for name in ${web-} ${db-}; do rm -r "/run/runc/$name"; done
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
  command=${command//container:db/container:$db}
  command=${command//\/data/$BATS_TEST_TMPDIR/data}
  SHELL=/bin/sh bash -c "${command//\/run\/netns\/blue/$blue}" </dev/null
}

@test "the examples of the commands work" {
  make_scene
  count=0
  for name in "${pages[@]}"; do
    # Those of nsx-cg need controllers: tests/cli/cg-limits.bats runs them. Those of nsx-pin are below.
    case $name in nsx.7 | nsx-cg.1 | nsx-pin.1) continue ;; esac
    while IFS= read -r example; do
      # tests/peers/tools.bats runs those for a container without a shell.
      case $example in *"-t web "* | *"--target web "*) continue ;; esac
      in_scene "$example" || {
        echo "$name: this fails: $example"
        return 1
      }
      count=$((count + 1))
    done < <(examples_of "$name")
  done
  [ "$count" -ge 15 ]
}

@test "the examples of nsx-pin work, one after another" {
  {
    echo 'ip tuntap add wg0 mode tun'
    # A copy of /etc in memory.
    echo 'mkdir /run/etc; cp -a /etc/. /run/etc; mount --bind /run/etc /etc'
    examples_of nsx-pin.1
  } >"$BATS_TEST_TMPDIR/examples"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/examples")" -ge 20 ]
  run -0 in_own_run "unshare --net bash -eux '$BATS_TEST_TMPDIR/examples'"
  [[ $output == *"nameserver 10.8.0.1"* ]]
}

# Examples come before the details they illustrate.
# bats test_tags=rootless
@test "each page has its examples before its options, with the common jobs" {
  local job pattern
  for name in "${pages[@]}"; do
    if [ "$name" = nsx.7 ]; then continue; fi
    same "$name" "DESCRIPTION EXAMPLES OPTIONS" "$(page "$name" |
      sed -nE 's/^\.Sh (DESCRIPTION|EXAMPLES|OPTIONS|COMMANDS)$/\1/p' | head -n 3 | xargs)"
  done
  while IFS='|' read -r name job pattern; do
    examples_of "$name" | grep -qE -- "$pattern" || {
      echo "$name has no example of this job: $job"
      return 1
    }
  done <<'END'
nsx-enter.1|container cannot reach the database|nsx-enter .*--net ip route get
nsx-enter.1|container without a shell|nsx-enter .*--tools$
nsx-enter.1|copy a log out of a container|nsx-enter .*--get=/data/app.log$
nsx-enter.1|copy a core dump out of a container|nsx-enter .*--get=/data/core:
nsx-enter.1|put a configuration file into a container|nsx-enter .*--put=app.conf:
nsx-ls.1|who shares a network|nsx-ls --matrix=container --type net
nsx-ls.1|device busy|/dev/sdb1
nsx-ls.1|a script asks whether two containers share a namespace|^if nsx-ls --compare .*container:web container:db
nsx-unshare.1|sandbox for a script|script.sh
nsx-pin.1|network lab with router and NAT|masquerade
nsx-pin.1|VPN namespace with its own resolver|/etc/netns/vpn/resolv.conf
nsx-cg.1|who is throttled|THROTTLED
END
}

@test "the commands in the tour of nsx.7 parse" {
  make_scene
  local count=0 pins=''
  while IFS= read -r example; do
    case $example in
      nsx-ls*) ;;
      # tests/cli/cg-limits.bats has the controllers for it.
      nsx-cg*) continue ;;
      nsx-pin*)
        pins+="${example//4021/$child};"
        continue
        ;;
      nsx-*) example="${example/ / --plan }" ;;
      *) continue ;;
    esac
    in_scene "${example% &}" || {
      echo "nsx.7: this fails: $example"
      return 1
    }
    count=$((count + 1))
  done < <(examples_of nsx.7)
  [ "$count" -ge 4 ]
  [[ $pins == *"nsx-pin add "*"nsx-pin exec "*"nsx-pin rm "* ]]
  in_own_run "$pins"
}

# The commands that a text names: installed ones are run by it, so everything that begins with nsx- counts.
commands_in() {
  grep -oE '\bnsx-[a-z]+\b' | sort -u
}

# bats test_tags=rootless
@test "nsx(7) and README.md name exactly the installed commands" {
  local installed listed
  installed=$(find "$NSX_STAGE/usr/bin" -name 'nsx-*' -printf '%f\n' | sort)
  [ "$(wc -l <<<"$installed")" -ge 5 ]
  same "nsx(7)" "$installed" "$(page nsx.7 | commands_in)"
  listed=$(page nsx.7 | sed -n 's/^\.It Xr \(nsx-[a-z]*\) 1 Ta .*/\1/p' | sort)
  same "the table of nsx(7)" "$installed" "$listed"
  same "README.md" "$installed" "$(commands_in <"$NSX_SOURCE/README.md")"
  listed=$(sed -n 's/^| `\(nsx-[a-z]*\)` |.*/\1/p' "$NSX_SOURCE/README.md" | sort)
  same "the table of README.md" "$installed" "$listed"
  # nsx(7) announces no command as missing or planned.
  if page nsx.7 | grep -E 'in this version|There is no nsx-|shall have'; then return 1; fi
}

# bats test_tags=rootless
@test "files that the manuals name are installed there, for each prefix" {
  local prefix file count=0
  while read -r file; do
    [ -e "$NSX_STAGE$file" ]
    count=$((count + 1))
  done < <(for name in "${pages[@]}"; do page "$name"; done | grep -oE '/[^ ]*/nsx/[^ ]*' | grep -v ^/run/ | sort -u)
  [ "$count" -ge 1 ]
  for prefix in /usr/local /opt/nsx; do
    meson setup -Dtests=false --prefix="$prefix" "$BATS_TEST_TMPDIR$prefix" "$NSX_SOURCE" >/dev/null
    file=$(grep -oE '/[^ ]*/nsx-ls.schema.json' "$BATS_TEST_TMPDIR$prefix/man/nsx-ls.1" | sort -u)
    [ "$file" = "$prefix/share/nsx/nsx-ls.schema.json" ]
  done
}

@test "examples show the actual output" {
  [ "$(nsx-unshare --map-root-user id -u)" = 0 ]
  [ "$(nsx-unshare --map-root-user --pid --fork --mount-proc ps -e -o pid= | wc -l)" = 1 ]
  [ "$(nsx-unshare --uts sh -c 'echo blue >/proc/sys/kernel/hostname; uname -n')" = blue ]
  [ "$(uname -n)" != blue ]
}

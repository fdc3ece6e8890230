# SPDX-License-Identifier: MIT
# bats file_tags=needs-speed
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
load ../lib/common
load ../lib/containers
load docs

completions_of() {
  case $1 in
    bash) cat "$NSX_STAGE"/usr/share/bash-completion/completions/"$2" ;;
    zsh) cat "$NSX_STAGE"/usr/share/zsh/site-functions/_"$2" ;;
    fish) cat "$NSX_STAGE"/usr/share/fish/vendor_completions.d/"$2".fish ;;
  esac
}

teardown() {
  local each
  for each in "/run/netns/$own_name"*; do
    [ ! -e "$each" ] || ip netns del "${each##*/}"
  done
  for each in /run/runc/$own_name /run/runc/nsx-web-$$; do
    if [ -e "$each" ]; then
      rm -r "$each"
      rmdir --ignore-fail-on-non-empty /run/runc
    fi
  done
  remove_cgroups
  end_spawned
}

need() {
  case $1 in
    bash) [ -e /usr/share/bash-completion/bash_completion ] || cannot "find bash-completion" ;;
    *) command -v "$1" >/dev/null || cannot "find $1" ;;
  esac
}

# What a shell offers for a line, sorted, without descriptions: offered SHELL LINE. For a long option's argument, only
# the argument.
offered() {
  offered_in_order "$@" | LC_ALL=C sort -u
}

offered_in_order() {
  case $1 in
    bash) bash "$NSX_SOURCE/tests/docs/offer/offer.bash" "$2" | sed 's/  .*//' ;;
    plain-bash) PLAIN=1 bash "$NSX_SOURCE/tests/docs/offer/offer.bash" "$2" | sed 's/  .*//' ;;
    zsh) offered_by_zsh "$2" ;;
    fish)
      HOME=$BATS_TEST_TMPDIR XDG_DATA_DIRS=$NSX_STAGE/usr/share:/usr/share \
        fish -c "complete -C \$argv[1]" -- "$2" | cut -f 1
      ;;
  esac | sed 's/^--[^=]*=//; s/ *$//'
}

# Zsh completes in its line editor only, and so needs a terminal.
offered_by_zsh() {
  cp "$NSX_SOURCE/tests/docs/offer/offer.zsh" "$BATS_TEST_TMPDIR/.zshrc"
  : >"$BATS_TEST_TMPDIR/offered"
  ZDOTDIR=$BATS_TEST_TMPDIR OFFER_LINE=$1 OFFER_OUT=$BATS_TEST_TMPDIR/offered \
    script -qec 'zsh -d -i' /dev/null </dev/null >/dev/null 2>&1 || true
  cat "$BATS_TEST_TMPDIR/offered"
}

check_options() {
  for tool in "${tables[@]}"; do
    same "$1: $tool -" "$(spellings "$tool")" "$(offered "$1" "$tool -" | grep '^-.')"
  done
}

offers() {
  offered "$1" "$2" | grep -qxF -- "$3" || {
    echo "$1 does not offer $3 for: $2"
    return 1
  }
}

offers_not() {
  ! offers "$@" >/dev/null || {
    echo "$1 offers $3 for: $2"
    return 1
  }
}

# Whether one of two offered words comes first: goes_before SHELL LINE FIRST SECOND.
goes_before() {
  local found
  found=$(offered_in_order "$1" "$2" | grep -xF -e "$3" -e "$4" | tr '\n' ' ')
  [ "$found" = "$3 $4 " ] || {
    echo "$1 offers for $2: $found"
    return 1
  }
}

# Whether both offers are the same. PIDs and programs of others come and go between two looks.
same_offered() {
  same "$1: $3" "$(offered "$1" "$2" | grep -vx '[0-9]*')" "$(offered "$1" "$3" | grep -vx '[0-9]*')"
}

# The arguments of options in the table: check_arguments SHELL. Of options that differ only in their
# names, the first is tried.
check_arguments() {
  local shell=$1
  local tool letter name argument completes words ways way start
  local -A seen=() asked=()
  while IFS='|' read -r tool letter name argument _ completes words; do
    case $argument in
      none) continue ;;
      required) ways=("$tool --$name=" "$tool --$name " "$tool ${letter:+-$letter }") ;;
      optional*) ways=("$tool --$name=") ;;
    esac
    if [ -n "${seen[$argument:$completes:${letter:+short}]-}" ]; then continue; fi
    seen[$argument:$completes:${letter:+short}]=1
    for way in "${ways[@]}"; do
      # "TOOL ": an option without a letter.
      if [ "$way" != "$tool " ]; then check_word "$shell" "$way" "$completes" "$words"; fi
    done
    if [[ $argument == optional* ]]; then
      # It is never the next word, which is the program, a target, or nothing.
      for start in nsx-l ${words:0:1}; do
        wait_until same_offered "$shell" "$tool $start" "$tool --$name $start" >"$BATS_TEST_TMPDIR/differs" || {
          cat "$BATS_TEST_TMPDIR/differs"
          return 1
        }
      done
    fi
  done < <(table)
}

# A PID after its first digit, bare names, the prefixes, and what follows a prefix. Readline gets only that part, as it
# splits words at ":".
check_target() {
  local name=$own_name of_prefix
  offers "$1" "$2$$" $$
  offers_not "$1" "$2" $$
  offers "$1" "$2" container:
  if [ "$(id -u)" != 0 ]; then return; fi
  [ -e "/run/netns/$name" ] || ip netns add "$name"
  offers "$1" "$2" "$name"
  offers "$1" "${2}nsx-te" "$name"
  offers_not "$1" "${2}nsx-te_" "$name"
  of_prefix=pin:
  if [[ $1 == *bash ]]; then of_prefix=; fi
  offers "$1" "${2}pin:nsx-te" "$of_prefix$name"
  offers_not "$1" "${2}pin:nsx-te_" "$of_prefix$name"
}

# Makes a container on record in runc: record_container NAME.
record_container() {
  if [ -e "/run/runc/$1" ]; then return; fi
  spawn sleep 300
  record_of_runc "$1" "$pid"
}

check_container() {
  local name=$own_name
  if [ "$(id -u)" != 0 ]; then return; fi
  record_container "$name"
  offers "$1" "$2" "$name"
  offers "$1" "${2}nsx-te" "$name"
  offers_not "$1" "${2}nsx-te_" "$name"
  offers_not "$1" "$2" "container:$name"
}

check_user() {
  offers "$1" "${2}ro" root
  offers_not "$1" "${2}ro" nobody
}

# A pin, of this kind or another, in either directory for names.
check_pin() {
  local name=$own_name mine=$BATS_TEST_TMPDIR/run
  mkdir -p "$mine/utsns"
  touch "$mine/utsns/nsx-mine"
  XDG_RUNTIME_DIR=$mine offers "$1" "${2}nsx-" nsx-mine
  NSX_PIN_DIR=$mine offers "$1" "${2}nsx-" nsx-mine
  offers_not "$1" "${2}nsx-" nsx-mine
  if [ "$(id -u)" != 0 ]; then return; fi
  [ -e "/run/netns/$name" ] || ip netns add "$name"
  offers "$1" "$2" "$name"
  offers "$1" "${2}nsx-te" "$name"
  offers_not "$1" "${2}nsx-te_" "$name"
}

# Bare names of containers and cgroups, paths below them, and the prefixes. Names come first, and no PID is a cgroup.
check_cgroup() {
  local top=$own_name made
  made=$(cgroup_mount)/$top
  mkdir -p "$made/good/one" "$made/good/two" "$made/bad"
  offers "$1" "$2" "/$top/"
  offers "$1" "${2}/nsx-te" "/$top/"
  offers "$1" "${2}nsx-te" "$top/"
  same "$1: $2/$top/" "/$top/bad /$top/good/ " "$(offered "$1" "$2/$top/" | tr '\n' ' ')"
  same "$1: $2$top/good/" "$top/good/one $top/good/two " "$(offered "$1" "$2$top/good/" | tr '\n' ' ')"
  offers "$1" "${2}con" container:
  offers "$1" "$2" container:
  offers_not "$1" "$2$$" $$
  if [ "$(id -u)" != 0 ]; then return; fi
  record_container "nsx-web-$$"
  offers "$1" "$2" "nsx-web-$$"
  offers "$1" "${2}nsx-we" "nsx-web-$$"
  offers_not "$1" "${2}nsx-wex" "nsx-web-$$"
  offers_not "$1" "$2" "container:nsx-web-$$"
  goes_before "$1" "$2" "nsx-web-$$" "/$top/"
  goes_before "$1" "$2" "/$top/" container:
}

# The second word of a list, with and without "+".
check_list() {
  local first=${3%% *} second sign list
  second=${3#* }
  second=${second%% *}
  for sign in "" +; do
    list=$(offered "$1" "$2$sign$first,$second" | sed 's/.*,//')
    [ "$list" = "$second" ] || {
      echo "$1 offers for $2$sign$first,$second: $list"
      return 1
    }
  done
}

# Files and directories, or directories only. Shells print the whole path or its last part, and a slash after it or
# not.
check_path() {
  local found
  found=$(offered "$1" "$2" | sed 's|/$||; s|.*/||' | LC_ALL=C sort -u | tr '\n' ' ')
  case $3 in
    file) [ "$found" = "directory file " ] ;;
    directory) [ "$found" = "directory " ] ;;
  esac || {
    echo "$1 offers for $2: $found"
    return 1
  }
}


# The program after the options, and the options of the program.
check_program() {
  offers "$1" "nsx-enter -t 1 --net=/x nsx-l" nsx-ls
  offers "$1" "nsx-enter nsx-l" nsx-ls
  offers "$1" "nsx-enter -- nsx-l" nsx-ls
  offers_not "$1" "nsx-enter -t nsx-l" nsx-ls
  if [ "$1" = plain-bash ]; then return; fi
  offers "$1" "nsx-enter -t 1 -mn nsx-ls --no" --noheadings
  offers "$1" "nsx-enter -t 1 nsx-ls -l --no" --noheadings
  offers "$1" "nsx-unshare -n -- nsx-ls -p $$" $$
  offers_not "$1" "nsx-enter nsx-ls --t" --target
  offers_not "$1" "nsx-ls nsx-l" nsx-ls
}

# What completes a word: check_word SHELL LINE WHAT WORDS. Targets, containers, pins and cgroups are checked in full
# for the first of each.
check_word() {
  local is_first=${asked[${3:-nothing}]-yes}
  asked[${3:-nothing}]=no
  case $3 in
    pid) offers "$1" "$2$$" $$ ;;
    target | container | pin | cgroup)
      if [ "$is_first" = yes ]; then "check_$3" "$1" "$2"; else check_again "$@"; fi
      ;;
    user) check_user "$1" "$2" ;;
    words | list)
      same "$1: $2" "$(tr ' ' '\n' <<<"$4" | LC_ALL=C sort)" "$(offered "$1" "$2")"
      [ "$3" = words ] || check_list "$1" "$2" "$4"
      ;;
    file | directory)
      mkdir -p "$BATS_TEST_TMPDIR/there/directory"
      touch "$BATS_TEST_TMPDIR/there/file"
      check_path "$1" "$2$BATS_TEST_TMPDIR/there/" "$3"
      ;;
    "") same "$1: $2" "" "$(offered "$1" "$2")" ;;
  esac
}

# A word of a kind that the first check has covered: check_again SHELL LINE WHAT.
check_again() {
  case $3 in
    target) offers "$1" "$2$$" $$ ;;
    container | pin) [ "$(id -u)" != 0 ] || offers "$1" "${2}nsx-te" "$own_name" ;;
    cgroup) offers "$1" "${2}/nsx-te" "/$own_name/" ;;
  esac
}

# If no operand can follow, zsh offers options.
offered_operands() {
  offered "$@" | grep -v '^-' || true
}

# The operands of all tools and commands that take operands: check_operands SHELL.
check_operands() {
  local shell=$1 tool most first rest words runs
  local -A seen=() asked=()
  while IFS='|' read -r tool most first rest words runs; do
    if [ -n "${seen[$most:$first:$rest:$runs]-}" ]; then continue; fi
    seen[$most:$first:$rest:$runs]=1
    if [ "$most" != 0 ]; then
      check_word "$shell" "$tool " "$first" "$words"
      check_word "$shell" "$tool --help " "$first" "$words"
      if [ "$most" != 1 ]; then
        check_word "$shell" "$tool x --help " "$rest" "$words"
      else
        same "$shell: $tool x" "" "$(offered_operands "$shell" "$tool x ")"
      fi
      if [ "$most" = 2 ]; then same "$shell: $tool x y" "" "$(offered_operands "$shell" "$tool x y ")"; fi
      offers "$shell" "$tool x --hel" --help
    elif [ "$runs" != first-operand ]; then
      same "$shell: $tool" "" "$(offered_operands "$shell" "$tool ")"
    fi
    if [ "$runs" = after-dashes ]; then
      offers "$shell" "$tool -- nsx-l" nsx-ls
      offers_not "$shell" "$tool nsx-l" nsx-ls
      if [ "$shell" != plain-bash ]; then offers "$shell" "$tool -- nsx-ls --no" --noheadings; fi
    fi
  done < <("$generate" --operands | tr '\t' '|')
}

# The commands of a tool that has commands, and their options: check_commands SHELL.
check_commands() {
  local tool commands
  for tool in "${tools[@]}"; do
    commands=$(commands_of "$tool")
    if [ -z "$commands" ]; then continue; fi
    same "$1: $tool" "$(LC_ALL=C sort <<<"$commands"$'\n'help)" "$(offered "$1" "$tool ")"
    same "$1: $tool help" "$(LC_ALL=C sort <<<"$commands")" "$(offered "$1" "$tool help ")"
    same "$1: no command of $tool" "" "$(offered "$1" "$tool x ")"
  done
  while IFS=$'\t' read -r tool commands aliases; do
    for alias in $aliases; do
      same "$1: $tool $alias" "$(offered "$1" "$tool $commands -")" "$(offered "$1" "$tool $alias -")"
    done
  done < <("$generate" --commands)
}

# bats test_tags=rootless
@test "bash offers exactly the options of the table" {
  need bash
  check_options bash
}

@test "bash completes the arguments of options" {
  need bash
  check_arguments bash
}

@test "bash completes the program and its arguments" {
  need bash
  check_program bash
  check_operands bash
  check_commands bash
}

@test "bash completes without bash-completion" {
  # The same code as with it: one table of options and commands is enough.
  (tables=("${tables[0]}") && check_options plain-bash)
  check_arguments plain-bash
  check_program plain-bash
  check_operands plain-bash
  (tools=(nsx-pin) && check_commands plain-bash)
}

# bats test_tags=rootless
@test "bash completes arguments attached to a short option" {
  need bash
  offers bash "nsx-enter -t$$" "-t$$"
  offers bash "nsx-ls -lt$(printf 'ut')" -ltuts
  touch "$BATS_TEST_TMPDIR/blue"
  offers bash "nsx-enter -n$BATS_TEST_TMPDIR/bl" "-n$BATS_TEST_TMPDIR/blue"
}

# A cgroup whose name is a command, and one whose name only needs quotes. Any user can make such names.
make_hostile_cgroups() {
  work=$(cgroup_mount)/$own_name
  mkdir -p "$work/x;touch \$HOME" "$work/y\`id\`" "$work/z good" "$work/good"
}

remove_cgroups() {
  local each
  for each in $(findmnt -n -r -t cgroup2 -o TARGET); do
    [ ! -d "$each/$own_name" ] || find "$each/$own_name" -depth -type d -exec rmdir {} +
  done
}

@test "bash offers no target with characters that are special to a shell" {
  need bash
  make_hostile_cgroups
  [ "$(offered bash "nsx-enter -t cgroup:/$own_name/")" = "/$own_name/good" ]
}

@test "no shell evaluates the name of a target" {
  cd "$BATS_TEST_TMPDIR"
  local shell word name=$own_name'$(touch evil)`touch evil`;touch evil'
  ip netns add "$name"
  nsx-enter --list-targets | grep -F "pin:$name"
  for shell in bash plain-bash zsh fish; do
    need "${shell#plain-}"
    for word in nsx-te pin:nsx-te "$own_name"; do
      offered "$shell" "nsx-enter -t $word" >>offered-names
    done
  done
  # Fish and zsh quote what they insert; bash does not, and leaves it out.
  grep -F "$name" offered-names
  offers_not bash "nsx-enter -t nsx-te" "$name"
  [ ! -e evil ]
}

# bats test_tags=rootless
@test "bash's list of PIDs shows commands" {
  need bash
  spawn sleep 300
  spawn sleep 300
  run bash "$NSX_SOURCE/tests/docs/offer/offer.bash" "nsx-enter -t ${pid:0:1}"
  [[ $output == *"$pid  sleep"* ]]
  # A single PID needs no description: it is inserted.
  run bash "$NSX_SOURCE/tests/docs/offer/offer.bash" "nsx-enter -t $pid"
  [[ $output == "$pid" || $output == "$pid  sleep"* ]]
}

@test "bash completes at a terminal" {
  need bash
  work=$BATS_TEST_TMPDIR
  mkdir "$work/net of mine"
  touch "$work/net of mine/blue"
  cat >"$work/rc" <<EOF
. /usr/share/bash-completion/bash_completion
nsx-enter() { printf '%s\n' "\$@" >$work/arguments.new; mv $work/arguments.new $work/arguments; }
nsx-ls() { nsx-enter "\$@"; }
PROMPT_COMMAND='touch $work/ready'
EOF
  # The typed line, and the arguments that the command receives.
  check_typed 'nsx-ls --noh\t--type=ut\t --type cg\t -tut\t --tree=ow\t-o NS,ON\t' \
    --noheadings --type=uts --type cgroup -tuts --tree=owner -o NS,ONS
  check_typed "nsx-enter --target $$ --root=$work/net\t --net=$work/net\tbl\t-n$work/net\\\\ of\\\\ mine/bl\t" \
    --target "$$" "--root=$work/net of mine/" "--net=$work/net of mine/blue" \
    "-n$work/net of mine/blue"
  ip netns add "$own_name"
  check_typed "nsx-enter -t pin:$own_name\t --target=cont\tx --target ns:1" \
    -t "pin:$own_name" --target=container:x --target ns:1
  check_typed "nsx-enter -t $$ nsx-ls --fea\t" -t "$$" nsx-ls --features
}

# Types into a bash on a terminal, and compares the arguments of the command with the other words.
check_typed() {
  rm -f "$work/ready" "$work/arguments"
  {
    wait_until test -e "$work/ready"
    # shellcheck disable=SC2059 # \t is the key.
    printf "$1\n"
    wait_until test -e "$work/arguments"
    printf 'exit\n'
  } | XDG_DATA_DIRS=$NSX_STAGE/usr/share:/usr/share INPUTRC=/dev/null TERM=dumb \
    script -qec "bash --noprofile --rcfile $work/rc -i" /dev/null >"$work/terminal" 2>&1 || true
  same "typed $1" "$(printf '%s\n' "${@:2}")" "$(cat "$work/arguments")"
}

# bats test_tags=rootless
@test "zsh offers exactly the options of the table" {
  need zsh
  for tool in "${tools[@]}"; do completions_of zsh "$tool" | zsh -n; done
  check_options zsh
}

@test "zsh completes the arguments of options" {
  need zsh
  check_arguments zsh
  # Zsh offers any file where a program is expected: what is never the next word shows in "=-" only.
  while IFS='|' read -r tool _ name argument _; do
    [ "$argument" != optional ] || completions_of zsh "${tool%% *}" | grep -qF -- "--$name=-"
  done < <(table)
}

@test "zsh completes the program and its arguments" {
  need zsh
  check_program zsh
  check_operands zsh
  check_commands zsh
}

# bats test_tags=rootless
@test "fish offers exactly the options of the table" {
  need fish
  for tool in "${tools[@]}"; do
    fish --no-execute "$NSX_STAGE/usr/share/fish/vendor_completions.d/$tool.fish"
  done
  check_options fish
}

@test "fish completes the arguments of options" {
  need fish
  check_arguments fish
}

@test "fish completes the program and its arguments" {
  need fish
  check_program fish
  check_operands fish
  check_commands fish
}

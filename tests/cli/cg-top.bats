# SPDX-License-Identifier: MIT
# nsx-cg top: keys are sent to a terminal by tmux, and its screen is checked; and its output without a terminal.
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
load ../lib/common
load ../lib/cgroups

setup() {
  spawned=()
  top=$(cgroup_top)
  own=$top/$mine
  mkdir -p "$own/one/inner" "$own/two"
  socket=$BATS_TEST_TMPDIR/tmux
}

teardown() {
  local each
  tmux -S "$socket" kill-server 2>/dev/null || true
  end_spawned
  for each in "$top/$mine"*; do
    [ ! -d "$each" ] || wait_until remove_cgroups "$each"
  done
}

terminal() {
  tmux -S "$socket" "$@"
}

# Starts a shell in a terminal of 100 columns and 20 lines, and a command in it.
in_terminal() {
  # Without the machine's settings, and with a known prompt.
  terminal -f /dev/null new-session -d -x 100 -y 20 \
    "PS1='prompt> ' exec bash --norc --noprofile --noediting -i" 3>&- 4>&-
  see '^prompt> *$'
  keys "$1; echo \"ended: \$?\"" Enter
}

keys() {
  terminal send-keys -t 0 "$@"
}

screen() {
  terminal capture-pane -t 0 -p
}

# Whether the screen has a line that matches this extended regular expression: for wait_until.
shows() {
  screen | grep -qE -- "$1"
}
shows_not() {
  ! shows "$1"
}

# Waits for a line on the screen; on failure prints the screen.
see() {
  wait_until shows "$1" || {
    screen
    return 1
  }
}
see_no() {
  wait_until shows_not "$1" || {
    screen
    return 1
  }
}

# The paths on the screen, in order.
listed() {
  screen | grep -oE "^/${mine}[^ ]*" | tr '\n' ' '
}
lists() {
  [ "$(listed)" = "$1 " ]
}
see_list() {
  wait_until lists "$1" || {
    screen
    return 1
  }
}

# Starts it on our cgroups, sorted by name.
start_top() {
  in_terminal "nsx-cg top --interval 200ms --sort NAME /$mine"
  see "^/$mine/two "
}

is_frozen() {
  grep -qx "frozen $2" "$1/cgroup.events"
}

# --- The live view -------------------------------------------------------------------------------

# bats test_tags=host-only
@test "lists cgroups, sorts them by key press, and restores the terminal on q" {
  in_terminal true
  see '^ended: 0$'
  keys "stty -a >$BATS_TEST_TMPDIR/before; clear" Enter
  keys "nsx-cg top --sort NAME /$mine; echo \"ended: \$?\"; stty -a >$BATS_TEST_TMPDIR/after; echo done" Enter
  see_list "/$mine /$mine/one /$mine/one/inner /$mine/two"
  see "^nsx-cg top /$mine +4 cgroups, by NAME \(ascending\), every 1 s"
  # Columns that no controller of this tree provides are left out.
  see '^NAME .* CPU% .*(MEM .*PIDS/MAX .*RBPS .*WBPS )?.*CPU-PSI .*MEM-PSI .*IO-PSI'
  keys r
  see_list "/$mine/two /$mine/one/inner /$mine/one /$mine"
  keys c
  see 'by CPU% \(descending\)'
  keys q
  see '^ended: 0$'
  see '^done$'
  see_no '^nsx-cg top /'
  diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

# bats test_tags=host-only
@test "the largest user of CPU comes first" {
  spawn sh -c 'while :; do :; done'
  echo "$pid" >"$own/two/cgroup.procs"
  in_terminal "nsx-cg top --interval 200ms -o PROCS /$mine"
  # The parent includes its time, and was read a moment earlier.
  wait_until eval '[[ "$(listed)" == *"/$mine/two "*"/$mine/one /$mine/one/inner " ]]'
}

# bats test_tags=host-only
@test "narrows into a subtree, shows a tree, searches and filters" {
  start_top
  keys Down Down Enter
  see_list "/$mine/one /$mine/one/inner"
  keys u
  see_list "/$mine /$mine/one /$mine/one/inner /$mine/two"
  keys v
  see '^    inner '
  keys v Escape /inn Enter
  keys Enter
  see_list "/$mine/one/inner"
  keys u u
  see_list "/$mine /$mine/one /$mine/one/inner /$mine/two"
  keys f "NAME =~ 'o\$'" Enter
  see_list "/$mine/two"
  see '1 of 4 cgroups'
  keys f C-u "NAME >> 3" Enter
  see '^filter: NAME >> 3 +invalid filter'
  keys C-u Enter
  see_list "/$mine /$mine/one /$mine/one/inner /$mine/two"
  keys h
  see 'kill all processes in it and its descendants'
  keys h
  see_no 'kill all processes in it and its descendants'
}

# bats test_tags=host-only
@test "freezes, thaws and kills the chosen cgroup after asking" {
  sleeper_in "$own/one/inner"
  start_top
  keys Down Down F
  see "^freeze /$mine/one\? \[y/N\]"
  keys n
  see '^canceled'
  is_frozen "$own/one" 0
  keys F
  see "^freeze /$mine/one"
  keys y
  see "^frozen: /$mine/one"
  is_frozen "$own/one" 1
  see "^/$mine/one .*frozen"
  keys F
  see "^thaw /$mine/one"
  keys y
  see "^thawed: /$mine/one"
  is_frozen "$own/one" 0
  keys K
  see "^kill all processes in and below /$mine/one\?"
  keys Enter
  see '^canceled'
  kill -0 "$pid"
  keys K
  see '^kill all'
  keys y
  see "^killed: /$mine/one"
  wait_until is_empty "$own/one"
}

# bats test_tags=host-only
@test "keys show the limits of a cgroup and its processes; others go back" {
  sleeper_in "$own/one/inner"
  nsx-cg set "/$mine" cgroup.max.depth=7
  start_top
  see '^h help  q quit  e explain  p processes '
  keys e
  see '^select a cgroup first'
  keys Down Down e
  see "^Limits of /$mine/one *\$"
  see "^cgroup.max.depth: 7, set at /$mine *\$"
  see '^Esc q back '
  keys p
  see "^Processes of /$mine/one *\$"
  see "^/$mine/one/inner:"
  see "^  $pid sleep 300"
  # They are updated repeatedly.
  first=$pid
  sleeper_in "$own/one"
  see "^  $pid sleep 300"
  kill "$first"
  see_no "^  $first sleep 300"
  keys Escape
  see "^/$mine/two "
  keys p
  see '^Processes of'
  keys q
  see "^/$mine/two "
  keys p
  see '^Processes of'
  rmdir "$own/one/inner"
  end_spawned
  see '^No processes in it or its descendants'
  rmdir "$own/one"
  see 'no cgroup named|has been removed'
  keys q q
  see '^ended: 0$'
}

# bats test_tags=host-only
@test "freezes and kills nothing of systemd's" {
  sleeper_in "$own/two"
  in_terminal "unshare --mount sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec nsx-cg top --sort NAME /$mine'"
  see "^/$mine/two "
  for key in F K; do
    keys End "$key"
    see '\? \[y/N\]'
    keys y
    see 'systemd manages it'
  done
  is_frozen "$own/two" 0
  kill -0 "$pid"
}

# bats test_tags=host-only
@test "does not freeze or kill itself" {
  in_terminal "echo \$\$ >$own/two/cgroup.procs; nsx-cg top --sort NAME /$mine"
  see "^/$mine/two "
  for key in F K; do
    keys End "$key"
    see '\? \[y/N\]'
    keys y
    see '^cannot '
  done
  keys q
  see '^ended: 0$'
}

# bats test_tags=host-only
@test "cgroups come and go, and one that was recreated is not the one in the question" {
  start_top
  keys End
  mkdir "$own/three"
  see_list "/$mine /$mine/one /$mine/one/inner /$mine/three /$mine/two"
  keys K
  see "^kill all processes in and below /$mine/two"
  rmdir "$own/two"
  mkdir "$own/two"
  sleeper_in "$own/two"
  keys y
  see 'it was replaced by another cgroup'
  kill -0 "$pid"
  # And all of them, including the watched cgroup.
  end_spawned
  keys Home Down Enter
  see "^nsx-cg top /$mine/one "
  rmdir "$own/one/inner" "$own/one"
  see "^nsx-cg top /$mine +3 cgroups"
  wait_until remove_cgroups "$own"
  see '^ended: 1$'
  see "nsx-cg top: cannot read the cgroup /$mine: .*removed"
}

# bats test_tags=host-only
@test "a hostile name reaches no terminal" {
  mkdir "$own/"$'e\e[2J\a\r\\'
  start_top
  see "^/$mine/e\\\\x1b\[2J\\\\x07\\\\x0d\\\\x5c "
  see "^/$mine/two "
}

# bats test_tags=host-only
@test "fits the terminal, whatever its size becomes" {
  start_top
  for size in '40 10' '200 50' '31 7'; do
    terminal resize-window -t 0 -x "${size% *}" -y "${size#* }"
    see '^NAME '
    see "one  "
  done
  terminal resize-window -t 0 -x 20 -y 3
  see '^terminal too small'
  terminal resize-window -t 0 -x 100 -y 20
  see "^/$mine/two "
  keys q
  see '^ended: 0$'
}

# bats test_tags=host-only
@test "scrolls, and keeps the chosen row in sight" {
  for i in {10..40}; do mkdir "$own/two/$i"; done
  start_top
  see "^/$mine/two/1[0-9] "
  keys End
  see "^/$mine/two/40 "
  see_no "^/$mine/one "
  keys Home
  see "^/$mine/one "
  keys NPage
  see_no "^/$mine "
  see "^/$mine/two/2[0-9] "
  terminal resize-window -t 0 -x 100 -y 8
  keys Enter
  see "^nsx-cg top /$mine/two/"
}

# bats test_tags=host-only
@test "Ctrl-C and SIGTERM end it and restore the terminal, Ctrl-Z stops it and it continues" {
  start_top
  keys C-z
  see 'Stopped'
  shows_not '^NAME '
  keys fg Enter
  see "^/$mine/two "
  see '^NAME '
  keys C-c
  see '^prompt> *$'
  keys 'clear; echo still here' Enter
  see '^still here$'
  keys "clear; nsx-cg top --sort NAME /$mine; echo \"ended: \$?\"" Enter
  see "^/$mine/two "
  keys C-c
  see '^ended: 0$'
  keys "clear; sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/pid; exec nsx-cg top --sort NAME /$mine'; echo \"ended: \$?\"" Enter
  see "^/$mine/two "
  kill -TERM "$(<"$BATS_TEST_TMPDIR/pid")"
  see '^ended: 143$'
  keys 'stty -a' Enter
  see ' echo '
}

# bats test_tags=host-only
@test "--count limits the number of updates" {
  in_terminal "nsx-cg top --interval 100ms --count 3 /$mine"
  see '^ended: 0$'
}

# bats test_tags=host-only
@test "colours mark frozen cgroups, unless NO_COLOR is set" {
  echo 1 >"$own/one/cgroup.freeze"
  wait_until is_frozen "$own/one" 1
  start_top
  cyan=$'\e\\[[0-9;]*36m[^\e]*'
  wait_until eval "terminal capture-pane -t 0 -p -e | grep -qE '$cyan/$mine/one '"
  keys q
  see '^ended: 0$'
  keys "clear; NO_COLOR=1 nsx-cg top --sort NAME /$mine" Enter
  see "^/$mine/one .*frozen"
  run -1 grep -E $'\e\\[[0-9;]*3[1-7]m' <<<"$(terminal capture-pane -t 0 -p -e)"
}

# bats test_tags=host-only
@test "a terminal that cannot move its cursor gets tables" {
  in_terminal "TERM=dumb nsx-cg top --interval 100ms --count 2 --sort NAME /$mine"
  see '^ended: 0$'
  [ "$(screen | grep -cE "^/$mine/two( |\$)")" = 2 ]
}

# bats test_tags=host-only
@test "an ordinary user sees what others use, and learns what is not permitted" {
  sleeper_in "$own/two"
  in_terminal "setpriv --reuid=$ordinary_uid --regid=$ordinary_uid --clear-groups nsx-cg top --sort NAME /$mine"
  see "^/$mine/two "
  keys End K
  see '\? \[y/N\]'
  keys y
  see '^cannot '
  # In as many lines as necessary.
  [[ "$(screen | tr -s ' \n' ' ')" = *"it belongs to root"* ]]
  kill -0 "$pid"
}

# --- Without a terminal --------------------------------------------------------------------------

# bats test_tags=slow
@test "without a terminal it prints a table at each update" {
  run -0 --separate-stderr nsx-cg top --interval 50ms --count 2 --sort NAME "/$mine"
  [ "$(grep -c '^NAME ' <<<"$output")" = 2 ]
  [ "$(grep -oE "^/${mine}[^ ]*" <<<"$output" | tr '\n' ' ')" = \
    "/$mine /$mine/one /$mine/one/inner /$mine/two /$mine /$mine/one /$mine/one/inner /$mine/two " ]
  run -0 --separate-stderr nsx-cg top -n -T -o PROCS --interval 50ms --count 1 --sort NAME "/$mine"
  [ "$(words $output)" = "/$mine 0 ├─one 0 │ └─inner 0 └─two 0" ] ||
    [ "$(words $output)" = "/$mine 0 |-one 0 | \`-inner 0 \`-two 0" ]
}

# bats test_tags=slow
@test "with --json it prints a line of JSON at each update" {
  sleeper_in "$own/two"
  run -0 --separate-stderr nsx-cg top -J --interval 50ms --count 3 --sort NAME -o +PROCS,FROZEN "/$mine"
  [ "${#lines[@]}" = 3 ]
  for line in "${lines[@]}"; do
    jq -e --arg name "/$mine/two" '
      .time > 1e9 and (.cgroups | length) == 4 and
      (.cgroups[3] | .name == $name and .procs == 1 and .frozen == false and .events.killed == 0 and
        (.cpu_percent | type) == "number")' <<<"$line" >/dev/null
  done
}

# bats test_tags=slow
@test "filters, and counts the CPU time of descendants" {
  spawn sh -c 'while :; do :; done'
  echo "$pid" >"$own/one/inner/cgroup.procs"
  run -0 --separate-stderr nsx-cg top -n -o CPU% --interval 500ms --count 1 --sort NAME \
    -Q 'CPU% > 1' "/$mine"
  [ "$(grep -oE "^/${mine}[^ ]*" <<<"$output" | tr '\n' ' ')" = "/$mine /$mine/one /$mine/one/inner " ]
}

# bats test_tags=one-kernel
@test "shows throttling if the controller is enabled, and why columns are empty otherwise" {
  local controllers
  controllers=" $(<"$own/cgroup.controllers") "
  if [[ $controllers == *" cpu "* ]]; then
    echo +cpu >"$own/cgroup.subtree_control"
    echo "5000 50000" >"$own/two/cpu.max"
    spawn sh -c 'while :; do :; done'
    echo "$pid" >"$own/two/cgroup.procs"
    run -0 --separate-stderr nsx-cg top -J --interval 1s --count 1 "/$mine/two"
    jq -e '.cgroups[0].events.throttled_percent > 0' <<<"$output" >/dev/null
  fi
  run -0 --separate-stderr nsx-cg top -n -o MEM --interval 50ms --count 1 "/$mine/two"
  if [[ $controllers == *" memory "* ]]; then
    [ -z "$stderr" ]
  else
    [[ $stderr == "nsx-cg top: note: the memory controller "* ]]
    [ "$(words $output)" = "/$mine/two" ]
  fi
}

# bats test_tags=slow
@test "unsupported requests are errors from the start" {
  run -2 nsx-cg top --count 0
  run -2 nsx-cg top --count many
  run -2 nsx-cg top --interval 1ms
  run -2 nsx-cg top --interval soon
  run -2 nsx-cg top -o NONE
  run -2 nsx-cg top --sort NONE
  run -2 nsx-cg top -Q 'NONE == 1'
  [[ $output == *"NONE"* ]]
  run -1 nsx-cg top --count 1 "/$mine/none"
  [[ $output == *"/$mine/none"* ]]
  run -1 --separate-stderr sh -c "nsx-cg top --count 1 --interval 50ms /$mine >/dev/full"
}

# bats test_tags=any-kernel
@test "a cgroup that is removed while it is watched ends it with an error" {
  nsx-cg top --batch --interval 50ms "/$mine/two" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/errors" 3>&- 4>&- &
  pid=$!
  spawned+=("$pid")
  wait_until grep -q "^/$mine/two" "$BATS_TEST_TMPDIR/out"
  rmdir "$own/two"
  status=0
  wait "$pid" || status=$?
  [ "$status" = 1 ]
  grep -q "removed" "$BATS_TEST_TMPDIR/errors"
}

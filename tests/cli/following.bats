# SPDX-License-Identifier: MIT
# What the process that waits for a program does meanwhile: signals, init, terminal, status.
load ../lib/common

# Runs a test's body for each tool, in $tool: a command that runs a program with a fork.
each_tool() {
  local body=$1
  for tool in "nsx-unshare --fork" "nsx-enter -t $$ --uts"; do
    $body || {
      echo "with $tool"
      return 1
    }
  done
}

# The only child of a process that runs this program: child_of PID NAME.
child_of() {
  wait_until has_child "$1" "$2" && echo "$child"
}

kills_the_program() {
  spawn $tool --kill-child -- sleep 300
  local parent=$pid program
  program=$(child_of "$parent" sleep)
  spawned+=("$program")
  kill -KILL "$parent"
  wait_until is_gone "$program"
}

# bats test_tags=rootless
@test "--kill-child: the program dies with its parent, even if that is killed" {
  each_tool kills_the_program
}

# bats test_tags=slow,rootless
@test "--kill-child=TERM: only this signal is sent" {
  spawn nsx-unshare --kill-child=TERM -- bash -c 'trap "echo got TERM >&9" TERM; sleep 300 & wait $!; kill $!
    ' 9>"$BATS_TEST_TMPDIR/got"
  local parent=$pid
  spawned+=("$(child_of "$parent" bash)")
  wait_until has_child "${spawned[-1]}" sleep
  kill -KILL "$parent"
  wait_until grep -q 'got TERM' "$BATS_TEST_TMPDIR/got"
  wait_until is_gone "${spawned[-1]}"
}

# Its UID has changed, so the kernel has dropped the parent-death signal.
# bats test_tags=any-kernel
@test "defect 3: --kill-child also kills a program that has changed its UID" {
  spawn nsx-unshare --kill-child -- setpriv --reuid=$ordinary_uid --clear-groups sleep 300
  local parent=$pid
  spawned+=("$(child_of "$parent" sleep)")
  [ "$(ps -o uid= -p "${spawned[-1]}" | tr -d ' ')" = $ordinary_uid ]
  kill -KILL "$parent"
  wait_until is_gone "${spawned[-1]}"
}

# bats test_tags=slow,rootless
@test "--kill-child leaves no watcher, however it ends" {
  marked nsx-unshare --kill-child -- true
  nothing_is_left
  marked nsx-enter -t $$ -u --kill-child -- true
  nothing_is_left
  run -127 marked nsx-unshare --kill-child -- /nowhere
  nothing_is_left
  run -1 marked nsx-unshare --kill-child --wd=/nowhere -- true
  nothing_is_left
}

# bats test_tags=slow,rootless
@test "--kill-child holds no pipe of the program open" {
  # cat ends when the last writer does; sleep has closed its own.
  spawn nsx-unshare --kill-child -- sh -c 'echo said; exec sleep 300 >/dev/null'
  run -0 timeout 10 sh -c 'nsx-unshare --kill-child -- sh -c "echo said; sleep 300 >/dev/null & echo \$!" |
    { read -r said; read -r sleep; cat; kill "$sleep"; echo "$said"; }'
  [ "$output" = said ]
}

# bats test_tags=slow,rootless
@test "nsx-unshare --fork ignores TERM; --forward-signals passes the listed ones on" {
  for signal in TERM INT HUP QUIT USR1 USR2 WINCH; do
    for option in --forward-signals --forward-signals=$signal; do
      : >"$BATS_TEST_TMPDIR/got"
      # Background jobs of a shell ignore INT and QUIT; env restores the default action.
      spawn env --default-signal=INT,QUIT nsx-unshare $option -- sh -c "trap 'echo $signal >&9' $signal; echo ready >&9
        while :; do sleep 0.01; done" 9>"$BATS_TEST_TMPDIR/got"
      spawned+=("$(child_of "$pid" sh)")
      wait_until grep -q ready "$BATS_TEST_TMPDIR/got"
      kill -$signal "$pid"
      wait_until grep -q $signal "$BATS_TEST_TMPDIR/got"
      end_spawned
    done
  done
}

# bats test_tags=slow,rootless
@test "nsx-enter passes the listed signals on, and TERM, INT, HUP and QUIT always" {
  for signal in TERM HUP USR1; do
    spawn nsx-enter -t $$ -p --forward-signals=USR1 -- sh -c "trap 'echo $signal >&9' $signal; echo ready >&9
      while :; do sleep 0.01; done" 9>"$BATS_TEST_TMPDIR/got"
    spawned+=("$(child_of "$pid" sh)")
    wait_until grep -q ready "$BATS_TEST_TMPDIR/got"
    kill -$signal "$pid"
    wait_until grep -q $signal "$BATS_TEST_TMPDIR/got"
    end_spawned
  done
}

# bats test_tags=slow,rootless
@test "invalid lists of signals are rejected" {
  for list in '' ',' 'TERM,' ',TERM' NOSUCH 'TERM,99' 'TERM INT'; do
    run -1 nsx-unshare --forward-signals="$list" -- true
    [[ $output == *"invalid signal '"* ]]
  done
}

json() {
  jq -r "$1" "$BATS_TEST_TMPDIR/status"
}

tells_start_and_end() {
  $tool --status-fd 3 -- sh -c 'echo $$; for k in net uts; do stat -L -c %i /proc/self/ns/$k; done
    exit 5' 3>"$BATS_TEST_TMPDIR/status" >"$BATS_TEST_TMPDIR/said" || [ $? = 5 ]
  mapfile -t said <"$BATS_TEST_TMPDIR/said"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/status")" = 2 ]
  [ "$(json 'select(.event == "started").pid')" = "${said[0]}" ]
  [ "$(json 'select(.event == "started").pid_inside')" = "${said[0]}" ]
  [ "$(json 'select(.event == "started").namespaces.net.ns')" = "${said[1]}" ]
  [ "$(json 'select(.event == "started").namespaces.uts.ns')" = "${said[2]}" ]
  [ "$(json 'select(.event == "ended").exit_status')" = 5 ]
}

# bats test_tags=slow,rootless
@test "--status-fd: a line when the program has started, one when it has ended" {
  each_tool tells_start_and_end
}

# bats test_tags=slow
@test "--status-fd: PIDs outside and inside, the new namespaces, a signal" {
  run -0 --separate-stderr nsx-unshare -pn --status-fd 3 -- stat -L -c %i /proc/self/ns/net 3>"$BATS_TEST_TMPDIR/status"
  [ "$(json 'select(.event == "started").pid_inside')" = 1 ]
  [ "$(json 'select(.event == "started").pid')" -gt 1 ]
  [ "$(json 'select(.event == "started").namespaces.net.ns')" = "$output" ]
  [ "$output" != "$(ns_of $$ net)" ]
  [ "$(json 'select(.event == "started").namespaces.uts.ns')" = "$(ns_of $$ uts)" ]
  run -138 nsx-unshare --status-fd 3 -- sh -c 'kill -USR1 $$' 3>"$BATS_TEST_TMPDIR/status"
  [ "$(json 'select(.event == "ended").signal')" = USR1 ]
}

# bats test_tags=slow,rootless
@test "--status-fd: as an ordinary user" {
  run -0 --separate-stderr as_user nsx-unshare -rp --status-fd 1 -- true
  [ "$(jq -r .event <<<"$output" | tr '\n' ' ')" = "started ended " ]
}

# bats test_tags=slow,rootless
@test "--status-fd: a program that can't be executed has not started" {
  run -127 nsx-unshare --status-fd 3 -- /nowhere 3>"$BATS_TEST_TMPDIR/status"
  [ "$(json .event)" = ended ]
  [ "$(json '.exit_status')" = 127 ]
}

# bats test_tags=slow,rootless
@test "--status-fd: the program does not get it; an invalid descriptor is rejected" {
  run -0 nsx-unshare --status-fd 7 -- sh -c '[ ! -e /proc/self/fd/7 ]' 7>"$BATS_TEST_TMPDIR/status"
  for fd in 77 -1 x '' 99999999999; do
    run -1 nsx-unshare --status-fd "$fd" -- echo wrong
    if [[ $fd =~ ^[0-9]{2}$ ]]; then
      [ "$output" = "nsx-unshare: cannot write the status to descriptor 77: Bad file descriptor"$'\n'"Try 'nsx-unshare --help'." ]
    else
      [ "$output" = "nsx-unshare: invalid file descriptor '$fd': expected a number"$'\n'"Try 'nsx-unshare --help'." ]
    fi
  done
  run -1 nsx-unshare --status-fd 7 -- echo wrong 7</dev/null
  [[ $output == *"open for reading only"* ]]
}

# bats test_tags=slow,rootless
@test "--status-fd: a reader that has exited ends nothing" {
  run -6 bash -c 'nsx-unshare --status-fd 7 -- sh -c "sleep 0.1; exit 6" 7> >(:)'
}

# bats test_tags=slow
@test "--plan --json prints each step with the privilege it needs" {
  odd=$'"\\'
  run -0 nsx-unshare -rn --plan --json -- echo "$odd"
  [ "$(jq -r '.steps[].action' <<<"$output" | tr '\n' ' ')" = "unshare map-ids execute " ]
  [ "$(jq -r '.steps[-1].description' <<<"$output")" = "run echo '\"\\x5c'" ]
  run -0 nsx-unshare -n --plan --json -- true
  [ "$(jq -r '.steps[0].needs' <<<"$output")" = CAP_SYS_ADMIN ]
  [ "$(jq -r '.steps[1].needs' <<<"$output")" = null ]
  run -0 nsx-enter -t $$ -n --plan --json -- true
  [[ $(jq -r '.steps[] | select(.action == "join").needs' <<<"$output") == CAP_SYS_ADMIN* ]]
  run -1 nsx-unshare --json -- true
  [[ $output == *"--json needs --plan"* ]]
}

# --- the pseudo-terminal ---

# Runs a command on its own terminal, as a user would.
at_terminal() {
  script -qec "$*" /dev/null
}

has_a_terminal_of_its_own() {
  run -0 at_terminal "tty; $tool --pty -- tty"
  [[ ${lines[0]%$'\r'} == /dev/pts/* && ${lines[1]%$'\r'} == /dev/pts/* ]]
  [ "${lines[0]}" != "${lines[1]}" ]
}

# bats test_tags=any-kernel,rootless
@test "--pty: the program has its own controlling terminal" {
  each_tool has_a_terminal_of_its_own
  # /dev/tty is the controlling terminal: only a process of its session can open it.
  run -0 nsx-unshare --pty -- sh -c 'echo through >/dev/tty; ps -o sid= -p $$ | grep -qw $$' </dev/null
  [ "${lines[0]%$'\r'}" = through ]
}

# bats test_tags=any-kernel,rootless
@test "--pty: as an ordinary user, in their own namespaces" {
  run -0 as_user nsx-unshare -rpm --pty -- sh -c 'test -t 0 && test -t 1 && test -t 2 && echo "a terminal"' </dev/null
  [ "${lines[0]%$'\r'}" = "a terminal" ]
}

# bats test_tags=slow,rootless
@test "--pty: input that is not a terminal is passed on to its end, without echo" {
  run -0 bash -c 'seq 3 | nsx-unshare --pty -- cat'
  [ "${output//$'\r'/}" = $'1\n2\n3' ]
  run -0 bash -c 'printf "no line feed" | nsx-unshare --pty -- cat'
  [ "$output" = "no line feed" ]
  run -0 bash -c 'nsx-unshare --pty -- wc -c </dev/null'
  [ "${lines[0]%$'\r'}" = 0 ]
}

# bats test_tags=slow,rootless
@test "--pty: more output and input than any buffer holds" {
  run -0 bash -c 'seq 50000 | nsx-unshare --pty -- cat | tr -d "\r" | cmp - <(seq 50000)'
}

# bats test_tags=slow,rootless
@test "--pty: exit status and signals" {
  run -7 nsx-unshare --pty -- sh -c 'exit 7' </dev/null
  run -137 nsx-unshare --pty -- sh -c 'kill -KILL $$' </dev/null
  run -127 nsx-unshare --pty -- /nowhere </dev/null
}

# bats test_tags=slow,rootless
@test "--pty: a key at the caller's terminal signals the program only" {
  # ^C: the program reports it, and the tool ends like the program.
  cat >"$BATS_TEST_TMPDIR/program" <<END
trap 'echo got INT; echo >"$BATS_TEST_TMPDIR/ended"; exit 9' INT
echo >"$BATS_TEST_TMPDIR/ready"
while :; do sleep 0.02; done
END
  keys() {
    wait_until [ -e "$BATS_TEST_TMPDIR/ready" ]
    printf '\003'
    wait_until [ -e "$BATS_TEST_TMPDIR/ended" ]
  }
  run -9 at_terminal "nsx-unshare --pty -- sh $BATS_TEST_TMPDIR/program" < <(keys)
  [[ $output == *"got INT"* ]]
}

# bats test_tags=slow,rootless
@test "--pty: the window's size and its changes are passed on" {
  run -0 at_terminal "stty rows 33 cols 99; nsx-unshare --pty -- stty size"
  [[ $output == *"33 99"* ]]
  run -0 at_terminal "stty rows 33 cols 99; nsx-unshare --pty -- sh -c 'trap \"stty size; exit\" WINCH
    echo ready >$BATS_TEST_TMPDIR/ready; while :; do sleep 0.02; done' &
    while [ ! -s $BATS_TEST_TMPDIR/ready ]; do sleep 0.02; done; stty rows 44 cols 55; wait"
  [[ $output == *"44 55"* ]]
}

# bats test_tags=slow,rootless
@test "--pty: the caller's terminal is restored after success, failure and a signal" {
  for program in true false "sh -c 'stty raw -echo; kill -KILL \$\$'" /nowhere \
    "sh -c 'kill -HUP \$PPID; sleep 30'" "sh -c 'kill -QUIT \$PPID; sleep 30'"; do
    run -0 at_terminal "stty -g; nsx-unshare --pty -- $program >/dev/null 2>&1; stty -g"
    [ "${lines[0]}" = "${lines[-1]}" ]
  done
}

# bats test_tags=slow,rootless
@test "--pty: the program can push nothing into the caller's terminal" {
  # TIOCSTI, which root may use on every kernel; then what a shell on the caller's terminal would read.
  cat >"$BATS_TEST_TMPDIR/program" <<'END'
my $key = "X";
ioctl(STDIN, 0x5412, $key) or die "TIOCSTI: $!";
END
  pushed='-- perl "$1"; read -rt 1 -n 1 key; echo "<$key>"'
  printf 'nsx-unshare --fork %s\n' "$pushed" >"$BATS_TEST_TMPDIR/without"
  printf 'nsx-unshare --pty %s\n' "$pushed" >"$BATS_TEST_TMPDIR/with"
  # The keyboard is a pipe without input.
  mkfifo "$BATS_TEST_TMPDIR/keys"
  for with in without with; do
    run -0 at_terminal "bash $BATS_TEST_TMPDIR/$with $BATS_TEST_TMPDIR/program" 5<>"$BATS_TEST_TMPDIR/keys" <&5
    case $with in
      without) [[ $output == *"<X>"* ]] ;;
      with) [[ $output == *"<>"* ]] ;;
    esac
  done
}

# bats test_tags=slow,rootless
@test "--pty: a broken pipe ends the program" {
  run -0 timeout 20 bash -c 'nsx-unshare --pty -- yes </dev/null | head -n 1'
  [ "${output%$'\r'}" = y ]
}

# --- the init ---

# bats test_tags=any-kernel
@test "--init: the program is PID 2, and its status is the init's" {
  run -0 nsx-unshare --init --mount-proc -- sh -c 'echo $$; cat /proc/1/comm'
  [ "${lines[*]}" = "2 nsx-init" ]
  run -7 nsx-unshare --init -- sh -c 'exit 7'
  run -137 nsx-unshare --init -- sh -c 'kill -KILL $$'
  run -127 nsx-unshare --init -- /nowhere
  run -0 --separate-stderr as_user nsx-unshare -r --init -- sh -c 'echo $$'
  [ "$output" = 2 ]
}

# bats test_tags=any-kernel
@test "--init: orphans are reaped, and what remains ends with the program" {
  run -0 nsx-unshare --init --mount-proc -- sh -c 'orphan=$(sh -c "true & echo \$!")
    while [ -e /proc/$orphan ]; do sleep 0.01; done; echo reaped'
  [ "$output" = reaped ]
  run -0 --separate-stderr timeout 20 nsx-unshare --init -- sh -c 'sleep 300 & setsid sleep 300 & echo here'
  [ "$output" = here ]
  marked nsx-unshare --init -- sh -c 'sleep 300 & setsid sleep 300 &'
  nothing_is_left
}

# bats test_tags=slow
@test "--init: signals reach the program, through nsx-unshare and through the init" {
  for signal in TERM USR1; do
    spawn nsx-unshare --init -- sh -c "trap 'echo $signal >&9; exit 3' $signal; echo ready >&9
      while :; do sleep 0.01; done" 9>"$BATS_TEST_TMPDIR/got"
    wait_until grep -q ready "$BATS_TEST_TMPDIR/got"
    kill -$signal "$pid"
    wait_until grep -q $signal "$BATS_TEST_TMPDIR/got"
    ended=0
    wait "$pid" || ended=$?
    [ "$ended" = 3 ]
  done
}

# bats test_tags=any-kernel
@test "--init and --kill-child: nothing outlives a killed nsx-unshare" {
  spawn nsx-unshare --init --kill-child -- sh -c 'setsid sleep 300 & echo ready >&9; sleep 300' \
    9>"$BATS_TEST_TMPDIR/got"
  wait_until grep -q ready "$BATS_TEST_TMPDIR/got"
  local parent=$pid
  marker=$(readlink "/proc/$(pgrep -P "$parent" -x nsx-init)/ns/pid")
  kill -KILL "$parent"
  none_is_in() {
    local ns
    for ns in /proc/[0-9]*/ns/pid; do
      if [ "$(readlink "$ns")" = "$marker" ]; then return 1; fi
    done
  }
  wait_until none_is_in
}

# bats test_tags=slow
@test "--init: a stopped program stops nsx-unshare, and continues with it" {
  spawn nsx-unshare --init -- sh -c 'kill -STOP $$; exit 4'
  wait_until is_stopped "$pid"
  kill -CONT "$pid"
  ended=0
  wait "$pid" || ended=$?
  [ "$ended" = 4 ]
}

@test "--init: nothing in the namespace can inspect the init" {
  run -0 nsx-unshare --init --mount-proc -S $ordinary_uid -- sh -c 'ls /proc/1/root /proc/1/fd 2>&1; true'
  [[ $output == *"Permission denied"* ]]
}

# bats test_tags=slow
@test "--init with --pty and --status-fd" {
  run -3 nsx-unshare --init --pty --status-fd 3 -- sh -c 'test -t 0 || exit 9; exit 3' \
    3>"$BATS_TEST_TMPDIR/status" </dev/null
  [ "$(json 'select(.event == "started").pid_inside')" = 2 ]
  [ "$(json 'select(.event == "ended").exit_status')" = 3 ]
}

# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # at_terminal and at_prompt call what a test defines as typed
# The terminal of a program that belongs to another: everything works as on the caller's own.
load ../lib/common
load ../lib/terminal

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  spawn_in mnt -m
  enter="nsx-enter -t $pid -m --"
}

@test "each descriptor that is a terminal becomes a new one; others stay" {
  run -0 at_terminal "tty; $enter sh -c 'tty; tty <&1; tty <&2'"
  [ "${lines[0]}" != "${lines[1]}" ]
  [ "${lines[1]}" = "${lines[2]}" ]
  [ "${lines[1]}" = "${lines[3]}" ]
  [[ ${lines[1]} = /dev/pts/* ]]
  run -0 at_terminal "$enter sh -c 'test -t 0 && ! test -t 1 && ! test -t 2' >$BATS_TEST_TMPDIR/out 2>&1"
  run -0 at_terminal "echo given | $enter sh -c 'cat; if test -t 0 || ! test -t 1; then echo wrong; fi; echo tty >/dev/tty'"
  [ "${output//$'\r'/}" = $'given\ntty' ]
}

@test "output to files and pipes is not changed" {
  run -0 at_terminal "$enter printf 'a\nb\r\n\001' >$BATS_TEST_TMPDIR/file; $enter seq 100000 | cmp - <(seq 100000) && echo same"
  [ "${output%$'\r'}" = same ]
  printf 'a\nb\r\n\001' | cmp - "$BATS_TEST_TMPDIR/file"
  run -0 at_terminal "$enter sh -c 'echo out; echo err >&2' 2>$BATS_TEST_TMPDIR/err"
  [ "${output%$'\r'}" = out ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
}

@test "a target that is chrooted inside its mount namespace: a note says how to follow it" {
  note="note: the target's root directory differs from that of its mount namespace (--root uses the target's)"
  # No note for a target that is not chrooted, or with --root.
  run -0 at_terminal "$enter true; nsx-enter -t $pid -m -r -- true"
  [[ $output != *"$note"* ]]
  root=$BATS_TEST_TMPDIR/root
  make_root "$root" sleep
  spawn unshare -m --propagation private -- chroot "$root" sleep 300
  wait_until [ "/proc/$pid/root" -ef "$root" ]
  run -0 at_terminal "nsx-enter -t $pid -m -- echo ran"
  [ "${output//$'\r'/}" = "nsx-enter: $note"$'\nran' ]
  run -0 at_terminal "nsx-enter -t $pid -a -- echo ran"
  [[ $output = *"$note"* ]]
  # With --root the program inside runs, and no note is printed.
  run -0 at_terminal "nsx-enter -t $pid -m -r -- sleep 0"
  [[ $output != *note* ]]
  # No note without a terminal, or under the name nsenter.
  run -0 nsx-enter -t "$pid" -m -- echo ran
  [ "$output" = ran ]
  ln -s "$(command -v nsx-enter)" "$BATS_TEST_TMPDIR/nsenter"
  run -0 at_terminal "$BATS_TEST_TMPDIR/nsenter -t $pid -m -- echo ran"
  [ "${output%$'\r'}" = ran ]
}

@test "exit status and --status-fd, and no pseudo-terminal without a terminal" {
  run -7 at_terminal "$enter sh -c 'exit 7'"
  run -0 at_terminal "$enter sh -c 'kill -TERM \$\$'; echo \$?"
  [[ $output = *143* ]]
  run -127 at_terminal "$enter /nowhere"
  # No fork: the program has the PID of nsx-enter.
  run -0 setsid --wait sh -c "$enter sh -c 'echo \$\$' & echo \$!; wait" </dev/null
  [ "${lines[0]}" = "${lines[1]}" ]
  run -0 setsid --wait nsx-enter -t "$pid" -m --plan -- id </dev/null
  [[ $output != *terminal* ]]
  run -0 at_terminal "nsx-enter -t $pid -m --plan -- id; nsx-enter -t $pid -u --plan -- id"
  [ "$(grep -c 'in place of yours' <<<"$output")" = 1 ]
}

@test "a pager after a pipe keeps the terminal's settings, and alone gets the keys" {
  # The pager sets the terminal raw and reads a key there.
  cat >"$BATS_TEST_TMPDIR/pager" <<END
before=\$(stty -g </dev/tty)
stty raw -echo </dev/tty
cat >/dev/null &
touch $BATS_TEST_TMPDIR/ready
read -rn 1 key </dev/tty
touch $BATS_TEST_TMPDIR/read
stty \$before </dev/tty
echo "<\$key>"
END
  typed() {
    wait_until is_there ready
    printf k
    wait_until is_there read
  }
  run -0 at_terminal "stty -g; $enter sh -c 'touch $BATS_TEST_TMPDIR/begun; sleep 1; echo done' | {
    while [ ! -e $BATS_TEST_TMPDIR/begun ]; do sleep 0.02; done; bash $BATS_TEST_TMPDIR/pager; }; stty -g"
  [[ $output = *"<k>"* ]]
  [ "${lines[0]}" = "${lines[-1]}" ]
}

@test "typed lines reach the program through a pipe, too" {
  typed() {
    wait_until is_there ready
    printf 'hello\n'
    wait_until is_there heard
  }
  run -0 at_terminal "$enter sh -c 'touch $BATS_TEST_TMPDIR/ready; read -r line; echo heard \$line; touch $BATS_TEST_TMPDIR/heard' | cat"
  [[ $output = *"heard hello"* ]]
}

@test "a program that reads keys gets them before a pipe, too" {
  typed() {
    wait_until is_there ready
    printf q
    wait_until is_there heard
  }
  cat >"$BATS_TEST_TMPDIR/program" <<END
stty raw -echo </dev/tty; echo prompt >/dev/tty; touch $BATS_TEST_TMPDIR/ready
key=\$(dd bs=1 count=1 2>/dev/null </dev/tty)
stty sane </dev/tty; touch $BATS_TEST_TMPDIR/heard; cat; echo "<\$key>"
END
  run -0 at_terminal "stty -g; echo given | $enter sh $BATS_TEST_TMPDIR/program; stty -g"
  [[ $output = *given*"<q>"* ]]
  [ "${lines[0]}" = "${lines[-1]}" ]
}

# bats test_tags=slow
@test "^C ends the loop of a script, as at the script's own terminal" {
  typed() {
    wait_until is_there ready
    printf '\003'
    wait_until is_there over
  }
  for pipe in "" "| cat"; do
    rm -f "$BATS_TEST_TMPDIR/ready" "$BATS_TEST_TMPDIR/over"
    run at_terminal "trap 'touch $BATS_TEST_TMPDIR/over' EXIT
      for i in 1 2 3; do $enter sh -c 'touch $BATS_TEST_TMPDIR/ready; exec sleep 300' $pipe; echo turn; done; echo end"
    [[ $output != *turn* && $output != *end* ]]
  done
}

# bats test_tags=slow
@test "^Z stops the program and returns the prompt; fg continues" {
  can_wait_for_go
  typed() {
    echo "$enter sh -c 'echo \$PPID >$BATS_TEST_TMPDIR/ready; $wait_for_go; exit 5'"
    wait_until [ -s "$BATS_TEST_TMPDIR/ready" ]
    printf '\032'
    wait_until is_stopped "$(cat "$BATS_TEST_TMPDIR/ready")"
    # Typed at the prompt.
    echo "jobs -s >$BATS_TEST_TMPDIR/jobs; stty -a >$BATS_TEST_TMPDIR/settings; touch $BATS_TEST_TMPDIR/prompt"
    wait_until is_there prompt
    echo "echo >$BATS_TEST_TMPDIR/go; fg; echo \$? >$BATS_TEST_TMPDIR/status; touch $BATS_TEST_TMPDIR/ended"
    wait_until is_there ended
    echo exit
  }
  run -0 at_prompt
  [[ $(cat "$BATS_TEST_TMPDIR/jobs") = *Stopped*nsx-enter* ]]
  grep -q ' icanon' "$BATS_TEST_TMPDIR/settings"
  [ "$(cat "$BATS_TEST_TMPDIR/status")" = 5 ]
}

# bats test_tags=slow
@test "a shell inside has its own job control, and ends" {
  typed() {
    echo "$enter bash --norc --noprofile -i"
    echo "echo \$PPID >$BATS_TEST_TMPDIR/in"
    wait_until [ -s "$BATS_TEST_TMPDIR/in" ]
    type_stopped_job
    # A shell that still considers the job stopped does not exit.
    echo "kill -KILL %1; disown -a; exit 3"
    # Input typed before its end still goes to the inner shell.
    wait_until is_gone "$(cat "$BATS_TEST_TMPDIR/in")"
    echo "echo \$? >$BATS_TEST_TMPDIR/status; touch $BATS_TEST_TMPDIR/ended"
    wait_until is_there ended
    echo exit
  }
  run -0 at_prompt
  [[ $(cat "$BATS_TEST_TMPDIR/jobs") = *Stopped*sleep* ]]
  [ "$(cat "$BATS_TEST_TMPDIR/status")" = 3 ]
}

# bats test_tags=slow
@test "in the background nothing is read or set, and nothing stops" {
  typed() {
    echo "stty -g >$BATS_TEST_TMPDIR/before; $enter sh -c 'touch $BATS_TEST_TMPDIR/ready; while [ ! -e $BATS_TEST_TMPDIR/go ]; do sleep 0.05; done' &"
    wait_until is_there ready
    # Line editing is off while a command runs.
    echo "stty -g >$BATS_TEST_TMPDIR/after; touch $BATS_TEST_TMPDIR/go; wait; touch $BATS_TEST_TMPDIR/ended"
    wait_until is_there ended
    echo exit
  }
  run -0 at_prompt
  cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

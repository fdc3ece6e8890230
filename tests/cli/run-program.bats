# SPDX-License-Identifier: MIT
# What nsx-unshare and nsx-enter have in common: running a program, and passing its outcome on.
load ../lib/common

setup() {
  spawned=()
  # Both with a waiting parent, and both with the program replacing the command.
  forking=("nsx-unshare --fork --" "nsx-enter -t $$ -p --")
  replacing=("nsx-unshare -u --" "nsx-enter -t $$ -u --")
}

# bats test_tags=slow
@test "the exit status is the program's" {
  for command in "${forking[@]}" "${replacing[@]}"; do
    run -0 $command true
    run -1 $command false
    run -42 $command sh -c 'exit 42'
    run -255 $command sh -c 'exit 255'
  done
}

# bats test_tags=slow
@test "a missing program is 127, one that can't be executed 126" {
  printf '#!/nowhere/sh\n' >"$BATS_TEST_TMPDIR/no-interpreter"
  printf 'echo\n' >"$BATS_TEST_TMPDIR/not-executable"
  chmod +x "$BATS_TEST_TMPDIR/no-interpreter"
  for command in "${forking[@]}" "${replacing[@]}"; do
    run -127 $command nsx-no-such-program
    [[ "$output" = *": cannot execute nsx-no-such-program: No such file or directory" ]]
    run -127 $command "$BATS_TEST_TMPDIR/no-interpreter"
    run -126 $command "$BATS_TEST_TMPDIR/not-executable"
    [[ "$output" = *": Permission denied" ]]
    run -126 $command /
  done
}

# bats test_tags=slow
@test "the signal that the program dies of is passed on" {
  for command in "${forking[@]}" "${replacing[@]}"; do
    for signal in TERM KILL HUP USR1 SEGV; do
      # As the calling shell sees it, which distinguishes 143 from a death by TERM.
      run perl -e '
        my $pid = fork // die; exec @ARGV or die if !$pid; waitpid $pid, 0; print $? & 127' \
        $command sh -c "kill -$signal \$\$"
      [ "${lines[-1]}" = "$(kill -l $signal)" ]
    done
  done
}

# bats test_tags=any-kernel,rootless
@test "no core file of the waiting parent replaces the program's" {
  cd "$BATS_TEST_TMPDIR"
  run bash -c "ulimit -c unlimited; nsx-unshare --fork -- sh -c 'ulimit -c 0; kill -SEGV \$\$'"
  [ "$status" = $((128 + 11)) ]
  [ -z "$(ls -A .)" ]
}

# bats test_tags=slow
@test "a stopped program stops the parent, and continuing one continues both" {
  for command in "${forking[@]}"; do
    $command sleep 300 3>&- &
    parent=$!
    spawned+=("$parent")
    wait_until has_child $parent sleep
    spawned+=("$child")
    kill -STOP "$child"
    wait_until is_stopped $parent
    kill -CONT $parent
    wait_until is_not_stopped "$child"
    is_not_stopped $parent
    kill -TERM "$child"
    wait_status=0
    wait $parent || wait_status=$?
    [ $wait_status = 143 ]
  done
}

# bats test_tags=any-kernel,rootless
@test "the status arrives even if the caller ignores SIGCHLD" {
  for command in "${forking[@]}"; do
    run -7 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' $command sh -c 'exit 7'
  done
}

# bats test_tags=slow
@test "signal dispositions and the mask of the caller reach the program" {
  read_mask='grep -E "^Sig(Blk|Ign)" /proc/self/status'
  for command in "${forking[@]}" "${replacing[@]}"; do
    for prefix in "" "env --block-signal=USR2 --ignore-signal=CHLD,INT"; do
      want=$($prefix sh -c "$read_mask")
      run -0 $prefix $command sh -c "$read_mask"
      [ "$output" = "$want" ]
    done
  done
}

# bats test_tags=slow
@test "nsx-enter passes TERM, INT, HUP and QUIT of another process on to the program" {
  for signal in TERM INT HUP QUIT; do
    # Background jobs of a shell ignore INT and QUIT; env restores the default action.
    env --default-signal=INT,QUIT nsx-enter -t $$ -p -- sleep 300 3>&- &
    parent=$!
    spawned+=("$parent")
    wait_until has_child $parent sleep
    spawned+=("$child")
    kill -$signal $parent
    wait_status=0
    wait $parent || wait_status=$?
    [ $wait_status = $((128 + $(kill -l $signal))) ]
    is_gone "$child"
  done
}

# bats test_tags=slow,rootless
@test "nsx-unshare --fork keeps waiting after TERM or INT, as unshare does" {
  env --default-signal=INT nsx-unshare --fork -- sleep 300 3>&- &
  parent=$!
  spawned+=("$parent")
  wait_until has_child $parent sleep
  spawned+=("$child")
  kill -TERM $parent
  kill -INT $parent
  # They have arrived when they are no longer pending: the parent took them and continued.
  pending_none() { grep -q '^ShdPnd:[[:space:]]*0*$' "/proc/$parent/status"; }
  wait_until pending_none
  kill -0 $parent
  kill -0 "$child"
  kill -TERM "$child"
  wait_status=0
  wait $parent || wait_status=$?
  [ $wait_status = 143 ]
}

# bats test_tags=slow,rootless
@test "Ctrl-C on a terminal reaches the program once" {
  log=$BATS_TEST_TMPDIR/log
  # The program counts the INTs it receives; script(1) provides a terminal and sends ^C.
  cat >"$BATS_TEST_TMPDIR/count" <<'END'
trap 'n=$((n + 1))' INT
n=0
echo ready
i=0
while [ $i -lt 20 ]; do sleep 0.05; i=$((i + 1)); done
echo "count $n" >"$1"
END
  { wait_until grep -qs ready "$BATS_TEST_TMPDIR/typescript"; printf '\003'; wait_until [ -s "$log" ]; } |
    script -qfc "nsx-enter -t $$ -p -- sh '$BATS_TEST_TMPDIR/count' '$log'" \
      "$BATS_TEST_TMPDIR/typescript" >/dev/null
  [ "$(cat "$log")" = "count 1" ]
}

# bats test_tags=slow
@test "no descriptor of nsx is open in the program" {
  for command in "${forking[@]}" "${replacing[@]}" "nsx-enter -t $$ -a -r -w --keep-fds --"; do
    # Those of bats itself are passed on, like all inherited descriptors.
    run -0 $command sh -c 'ls -l /proc/self/fd' 3>&- 4>&-
    [[ "$output" != *"ns:["* ]]
    [[ "$output" != *pidfd* ]]
    want=$(sh -c 'ls /proc/self/fd' 3>&- 4>&- | wc -l)
    [ "$($command sh -c 'ls /proc/self/fd' 3>&- 4>&- | wc -l)" = "$want" ]
  done
}

# bats test_tags=slow
@test "descriptors 0, 1 and 2 closed at the start are /dev/null for the program" {
  for command in "${forking[@]}" "${replacing[@]}"; do
    $command sh -c "readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 >$BATS_TEST_TMPDIR/fds 3>&-" \
      0<&- 1>&- 2>&-
    # The shell has opened the file as descriptor 1 for readlink.
    [ "$(sed -n 1p "$BATS_TEST_TMPDIR/fds")" = /dev/null ]
    [ "$(sed -n 3p "$BATS_TEST_TMPDIR/fds")" = /dev/null ]
  done
}

# bats test_tags=slow
@test "four megabytes of arguments arrive" {
  for command in "${forking[@]}" "${replacing[@]}"; do
    run -0 bash -c "ulimit -s unlimited
      exec perl -e 'exec @ARGV, (q(x) x 100000) x 42' $command sh -c 'echo \$# \${#1}' sh"
    [ "$output" = "42 100000" ]
  done
}

# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # at_prompt calls what a test defines as typed
# nsx-unshare --pty and --all: keys and signals work, also for a program that is alone in a PID namespace.
# bats file_tags=any-kernel
load ../lib/common
load ../lib/terminal

# bats test_tags=any-kernel
@test "--all, and --pty with a new PID namespace, imply an init; --no-init and the name unshare do not" {
  ln -s "$(command -v nsx-unshare)" "$BATS_TEST_TMPDIR/unshare"
  for options in "--all" "-p --pty" "-f --init -p --pty" "--all --no-init --init"; do
    run -0 --separate-stderr nsx-unshare $options -- sh -c 'echo $$' </dev/null
    [ "${lines[0]%$'\r'}" = 2 ]
  done
  for options in "--all --no-init" "-p --pty --no-init" "--init --no-init -pf" "-pf"; do
    run -0 --separate-stderr nsx-unshare $options -- sh -c 'echo $$' </dev/null
    [ "${lines[0]%$'\r'}" = 1 ]
  done
  for options in "--all" "-p --pty"; do
    run -0 --separate-stderr "$BATS_TEST_TMPDIR/unshare" $options -- sh -c 'echo $$' </dev/null
    [ "${lines[0]%$'\r'}" = 1 ]
  done
  # Without a new PID namespace no init is needed.
  run -0 nsx-unshare -u --pty --plan -- true
  [[ $output != *init* ]]
}

# bats test_tags=rootless
@test "timeout ends nsx-unshare --all and --pty, and everything in it" {
  for options in --all "--uts --pty"; do
    run -124 marked timeout -k 20 1 nsx-unshare $options sleep 300
    nothing_is_left
    run -124 marked as_user timeout -k 20 1 nsx-unshare --map-root-user $options sleep 300
    nothing_is_left
  done
}

# The program of the next two tests reports that it has started; a key ends it.
# dies_of KEY SIGNAL OPTIONS
dies_of() {
  local key=$1 signal=$2 options=$3
  typed() {
    wait_until is_there ready
    printf "%b" "$key"
    wait_until is_there ended
  }
  rm -f "$BATS_TEST_TMPDIR"/{ready,ended}
  run -0 at_terminal "ulimit -c 0; trap : INT QUIT
    nsx-unshare $options -- sh -c 'touch $BATS_TEST_TMPDIR/ready; exec sleep 300'; status=\$?
    touch $BATS_TEST_TMPDIR/ended; echo ended by \$status"
  [[ ${output//$'\r'/} = *"ended by $((128 + $(kill -l "$signal")))"* ]]
}

# bats test_tags=slow
@test "^C and ^\\ end a program that would be PID 1" {
  dies_of '\003' INT "--pid --pty"
  dies_of '\034' QUIT "--pid --pty"
  dies_of '\003' INT "--all --pty"
  dies_of '\003' INT "--all"
}

# bats test_tags=slow
@test "^Z stops a program that would be PID 1 and its whole job; fg continues" {
  can_wait_for_go
  typed() {
    echo "sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/tool; exec nsx-unshare --pid --pty -- sh $BATS_TEST_TMPDIR/program'"
    wait_until is_there ready
    printf '\032'
    wait_until is_stopped "$(cat "$BATS_TEST_TMPDIR/tool")"
    # Of the job, not only of its first process.
    wait_until is_stopped "$(cat "$BATS_TEST_TMPDIR/other")" && touch "$BATS_TEST_TMPDIR/all-stopped"
    echo "jobs -s >$BATS_TEST_TMPDIR/jobs; stty -a >$BATS_TEST_TMPDIR/settings; touch $BATS_TEST_TMPDIR/prompt"
    wait_until is_there prompt
    echo "echo >$BATS_TEST_TMPDIR/go; fg; echo \$? >$BATS_TEST_TMPDIR/status; touch $BATS_TEST_TMPDIR/ended"
    wait_until is_there ended
    echo exit
  }
  # /proc is the outer one, and has its PID outside.
  cat >"$BATS_TEST_TMPDIR/program" <<END
sh -c 'read -r pid rest </proc/self/stat; echo \$pid >$BATS_TEST_TMPDIR/number
  $wait_for_go' &
other=\$!
while [ ! -s $BATS_TEST_TMPDIR/number ]; do sleep 0.05; done
mv $BATS_TEST_TMPDIR/number $BATS_TEST_TMPDIR/other
touch $BATS_TEST_TMPDIR/ready
wait \$other
exit 5
END
  run -0 at_prompt
  is_there all-stopped
  [[ $(cat "$BATS_TEST_TMPDIR/jobs") = *Stopped* ]]
  grep -q ' icanon' "$BATS_TEST_TMPDIR/settings"
  [ "$(cat "$BATS_TEST_TMPDIR/status")" = 5 ]
}

# bats test_tags=slow
@test "a stop signal for nsx-unshare --pty stops the program too, and CONT continues both" {
  can_wait_for_go
  typed() {
    wait_until is_there ready
    local tool program
    tool=$(cat "$BATS_TEST_TMPDIR/tool") program=$(cat "$BATS_TEST_TMPDIR/ready")
    kill -TSTP "$tool"
    wait_until is_stopped "$tool"
    wait_until is_stopped "$program" && touch "$BATS_TEST_TMPDIR/all-stopped"
    kill -CONT "$tool"
    wait_until is_not_stopped "$program"
    echo >"$BATS_TEST_TMPDIR/go"
    wait_until is_there ended
  }
  run -0 at_terminal "sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/tool; exec nsx-unshare --pid --pty -- sh -c \"
    read -r pid rest </proc/self/stat; echo \\\$pid >$BATS_TEST_TMPDIR/ready.new
    mv $BATS_TEST_TMPDIR/ready.new $BATS_TEST_TMPDIR/ready
    $wait_for_go; exit 5\"'; echo status \$?; touch $BATS_TEST_TMPDIR/ended"
  is_there all-stopped
  [[ $output = *"status 5"* ]]
}

# bats test_tags=slow
@test "a killed nsx-unshare --pty hangs up the program under its init" {
  spawn nsx-unshare --pid --pty -- sh -c "trap 'touch $BATS_TEST_TMPDIR/hung; exit' HUP
    touch $BATS_TEST_TMPDIR/ready; while :; do sleep 0.05; done"
  wait_until is_there ready
  kill -KILL "$pid"
  wait_until is_there hung
}

# bats test_tags=slow
@test "an interactive shell under --pid --pty has job control" {
  typed() {
    echo "sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/tool; exec nsx-unshare --pid --pty -- bash --norc --noprofile -i'"
    wait_until [ -s "$BATS_TEST_TMPDIR/tool" ]
    type_stopped_job
    echo "kill -KILL %1; disown -a; exit 3"
    # Input typed before its end still goes to the inner shell.
    wait_until is_gone "$(cat "$BATS_TEST_TMPDIR/tool")"
    echo "echo \$? >$BATS_TEST_TMPDIR/status; touch $BATS_TEST_TMPDIR/ended"
    wait_until is_there ended
    echo exit
  }
  at_prompt >"$BATS_TEST_TMPDIR/out" 2>&1
  [[ $(cat "$BATS_TEST_TMPDIR/jobs") = *Stopped*sleep* ]]
  [ "$(cat "$BATS_TEST_TMPDIR/status")" = 3 ]
  run ! grep -q "no job control" "$BATS_TEST_TMPDIR/out"
}

has_no_child() {
  [ -z "$(cat "/proc/$1/task/$1/children")" ]
}

@test "while nobody reads the output of --pty, signals still work, and output before the end is kept" {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  exec 6<>"$BATS_TEST_TMPDIR/pipe"
  run -124 marked timeout -k 20 1 bash -c "exec nsx-unshare -u --pty -- yes >$BATS_TEST_TMPDIR/pipe 6>&-"
  nothing_is_left
  # The pipe is full before the program writes: its capacity depends on the sizes of the writes. 5 KB are more than
  # one read of the terminal, and less than the terminal buffers.
  exec 6<>"$BATS_TEST_TMPDIR/pipe"
  for end in TERM read; do
    rm -f "$BATS_TEST_TMPDIR/ended"
    dd if=/dev/fd/6 of=/dev/null bs=1M iflag=nonblock status=none 2>/dev/null || true
    dd if=/dev/zero of=/dev/fd/6 bs=4096 oflag=nonblock status=none 2>/dev/null || true
    nsx-unshare -u --pty -- sh -c "seq 1000; touch $BATS_TEST_TMPDIR/ended" \
      >"$BATS_TEST_TMPDIR/pipe" </dev/null 3>&- 4>&- 6>&- &
    pid=$!
    wait_until is_there ended
    wait_until has_no_child "$pid"
    if [ "$end" = TERM ]; then
      kill -TERM "$pid"
      wait "$pid" && false || [ $? = 143 ]
    else
      head -n 1000 <&6 | tr -d '\0\r' | cmp - <(seq 1000)
      wait "$pid"
    fi
  done
}

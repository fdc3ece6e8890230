# SPDX-License-Identifier: MIT
# A target that moves into its own user namespace while it is entered does not get the caller's rights.
load ../lib/common
load attack

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  export ATTACK_WON=$BATS_TEST_TMPDIR/won
  chmod 777 "$BATS_TEST_TMPDIR"
}

# The move happens at any time from start to end of nsx-enter.
attack_by() {
  "$attack_dir/attack-switch" "$ordinary_uid" "$attack_tries" "$@"
}

@test "a target that changes its user namespace between two looks does not run as root of the host" {
  for options in "-U -m" "-m -U" "-a" "-U -r -w" "--tools"; do
    run -0 attack_by nsx-enter -t @ $options -- /usr/bin/id
    [ "$output" = "0 of $attack_tries won" ]
  done
}

# strace holds it after each look, so that the move is nearly always between two looks.
# bats test_tags=slow
@test "a target that gets a long time for the change does not either" {
  attack_tries=$((attack_tries / 32))
  for options in "-U -m" "-m -U" "-a"; do
    run -0 attack_by strace -qq -o /dev/null -e trace=ioctl -e inject=ioctl:delay_exit=20000 \
      nsx-enter -t @ $options -- /usr/bin/id
    [ "$output" = "0 of $attack_tries won" ]
    run -0 attack_by env NSX_KERNEL_FEATURES=-pidfd-ns strace -qq -o /dev/null -e trace=ioctl \
      -e inject=ioctl:delay_exit=20000 nsx-enter -t @ $options -- /usr/bin/id
    [ "$output" = "0 of $attack_tries won" ]
  done
}

@test "a target that moves all the time is refused, with a hint" {
  spawn "$attack_dir/attack-switch" --restless
  # Slow enough for a move between any two looks, on any machine.
  run -1 strace -qq -o /dev/null -e trace=ioctl,openat -e inject=ioctl,openat:delay_exit=10000 \
    nsx-enter -t "$pid" -u -- true
  [ "$output" = "nsx-enter: cannot enter PID $pid: it changed its namespaces meanwhile"$'\n'"hint: try again" ]
}

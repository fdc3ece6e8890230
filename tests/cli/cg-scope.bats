#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=vm-only,systemd
# nsx-cg run, and --cgroup-limits, with systemd as process 1: a scope from systemd. The machine `systemd` of
# tests/vm/run.sh runs this.

load ../lib/common

setup_file() {
  [ "$(cat /proc/1/comm)" = systemd ] || cannot "systemd is not process 1"
  # Otherwise her systemd ends ten seconds after her last session, in the middle of a test.
  loginctl enable-linger alice
}

teardown_file() {
  loginctl disable-linger alice
}

# A command line in a login session, as over ssh: in_session USER COMMAND
in_session() {
  runuser -l "$1" -c "PATH=$PATH; $2"
}

# A command as bob, who is not logged in.
as_bob() {
  env -i "PATH=$PATH" setpriv --reuid=1001 --regid=1001 --clear-groups -- "$@"
}

# No scope of ours and no cgroup is left.
no_scope_is_left() {
  [ -z "$(find /sys/fs/cgroup -name 'nsx-*' -type d ! -name nsx-tests.service)" ]
}

# Runs a command with a file masked: without FILE COMMAND...
without() {
  unshare --mount sh -c 'mount --bind /dev/null "$0" && exec "$@"' "$@"
}

of_root='/system\.slice/nsx-run-[0-9]+-[0-9a-f]{8}\.scope'
of_alice='/user\.slice/user-1000\.slice/user@1000\.service/app\.slice/nsx-run-[0-9]+-[0-9a-f]{8}\.scope'
tell='sh -c "cat /proc/self/cgroup; nsx-cg get -v . memory.max"'

@test "root, in a login session" {
  run -0 in_session root "cat /proc/self/cgroup; nsx-cg run memory=200M -- $tell"
  [[ ${lines[0]} =~ ^0::/user.slice/user-0.slice/session-.*.scope$ ]]
  [[ ${lines[1]} =~ ^0::$of_root/nsx-[0-9]+$ ]]
  [ "${lines[2]}" = 209715200 ]
  wait_until no_scope_is_left
}

@test "an ordinary user, by the user's own systemd" {
  run -0 in_session alice "nsx-cg run memory=200M -- $tell"
  [[ ${lines[0]} =~ ^0::$of_alice/nsx-[0-9]+$ ]]
  [ "${lines[1]}" = 209715200 ]
  wait_until no_scope_is_left
}

@test "a service of the user's systemd, which belongs to the user" {
  run -0 in_session alice "systemd-run --user --pipe --wait -q -E PATH=\$PATH nsx-cg run memory=200M -- $tell"
  [[ ${lines[0]} =~ ^0::$of_alice/nsx-[0-9]+$ ]]
}

@test "over the message bus, if nothing else answers" {
  run -0 without /run/systemd/private nsx-cg run -- cat /proc/self/cgroup
  [[ $output =~ ^0::$of_root/nsx-[0-9]+$ ]]
  run -0 without /run/user/1000/systemd/private runuser -u alice -- nsx-cg run -- cat /proc/self/cgroup
  [[ $output =~ ^0::$of_alice/nsx-[0-9]+$ ]]
}

@test "the program's status and signals pass through" {
  run -7 nsx-cg run -- sh -c 'exit 7'
  run -7 in_session alice 'nsx-cg run -- sh -c "exit 7"'
  run -127 nsx-cg run -- /nowhere/program
  run ! nsx-cg run -- sh -c 'kill -KILL $$'
  [ "$status" -eq 137 ]
  spawn nsx-cg run -- sh -c 'trap "echo told >'"$BATS_TEST_TMPDIR/told"'; exit 3" USR1; echo ready >'"$BATS_TEST_TMPDIR/ready"'
    while :; do sleep 0.1; done'
  wait_until test -e "$BATS_TEST_TMPDIR/ready"
  kill -USR1 "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 3 ]
  grep told "$BATS_TEST_TMPDIR/told"
  wait_until no_scope_is_left
}

@test "a killed nsx-cg leaves neither its program nor its scope" {
  spawn nsx-cg run memory=200M -- sleep 300
  wait_until has_child "$pid" sleep
  kill -KILL "$pid"
  wait_until is_gone "$child"
  wait_until no_scope_is_left
}

@test "inside, limits are set and programs run repeatedly without another scope" {
  run -0 in_session alice 'nsx-cg run memory=200M -- sh -c "
    nsx-cg set . memory=100M && nsx-cg get -v . memory.max
    nsx-cg run memory=50M -- nsx-cg which \$\$
    nsx-cg run pids=20 memory=60M -- sed s/^0::// /proc/self/cgroup
    systemctl --user list-units --no-legend \"nsx-run-*\" | wc -l"'
  [ "${lines[0]}" = 104857600 ]
  [[ ${lines[1]} =~ ^$of_alice/nsx-[0-9]+/nsx-leaf$ ]]
  [[ ${lines[2]} =~ ^$of_alice/nsx-[0-9]+/nsx-[0-9]+$ ]]
  [ "${lines[3]}" = 1 ]
  wait_until no_scope_is_left
}

@test "--cgroup-limits of nsx-unshare and nsx-enter" {
  run -0 nsx-unshare --uts --cgroup-limits=memory=200M -- sh -c 'cat /proc/self/cgroup; nsx-cg get -v . memory.max'
  [[ ${lines[0]} =~ ^0::$of_root/nsx-[0-9]+$ ]]
  [ "${lines[1]}" = 209715200 ]
  run -0 in_session alice "nsx-unshare --map-root-user --cgroup-limits=memory=200M -- $tell"
  [[ ${lines[0]} =~ ^0::$of_alice/nsx-[0-9]+$ ]]
  spawn_in uts --uts
  run -0 nsx-enter --uts -t "$pid" --cgroup-limits=memory=200M -- cat /proc/self/cgroup
  [[ $output =~ ^0::$of_root/nsx-[0-9]+$ ]]
  run -0 nsx-unshare --uts --cgroup-limits=memory=200M --plan -- true
  [[ $output == *"note: the cgroup will be created in a new systemd scope"* ]]
  wait_until no_scope_is_left
}

# The command in the hint of a message.
hint() {
  [[ $output == *"hint: "* ]] && echo "${output##*hint: }"
}

@test "a user without a systemd gets an error and a hint that works" {
  run -1 as_bob nsx-cg run memory=200M -- cat /proc/self/cgroup
  [[ $output == *"cannot get a scope from systemd: there is no systemd --user, and polkit refuses: "* ]]
  hint=$(hint)
  [ "$hint" = "sudo systemctl start user@1001.service && nsx-cg run memory=200M -- cat /proc/self/cgroup" ]
  # There is no sudo here.
  sudo=${hint%% && *}
  ${sudo#sudo }
  run -0 as_bob sh -c "${hint#* && }"
  [[ $output =~ ^0::/user.slice/user-1001.slice/user@1001.service/app.slice/nsx-run-.*.scope/nsx-[0-9]+$ ]]
  systemctl stop user@1001.service
}

@test "without libsystemd there is a hint that works" {
  library=$(realpath /usr/lib/*-linux-gnu/libsystemd.so.0)
  for user in root alice; do
    run -1 without "$library" runuser -u "$user" -- nsx-cg run memory=200M 'cpu.weight=50' -- sh -c "$tell; echo it\\'s"
    [[ $output == *"cannot load libsystemd.so.0: it is not installed"$'\n'"hint: "* ]]
    hint=$(hint)
    [[ $hint == systemd-run*"--scope -p Delegate=yes nsx-cg run memory=200M cpu.weight=50 -- sh -c "* ]]
    run -0 in_session "$user" "$hint"
    [[ $output == *0::*/run-*.scope/nsx-*209715200*"it's"* ]]
  done
}

@test "other commands, and a named cgroup, are refused with a hint that works" {
  for command in "create ./nsx-a" "run --into=. -- true" "create /system.slice/nsx-a" "set . memory=1G"; do
    run -1 in_session alice "nsx-cg $command"
    [[ $output == *"systemd manages it"*"run 'systemd-run --user --scope -p Delegate=yes bash' for a shell"* ]]
  done
  run -1 nsx-cg create /system.slice/nsx-a
  [[ $output == *"run 'systemd-run --scope -p Delegate=yes bash' for a shell"* ]]
  run -0 in_session alice "systemd-run --user --scope -q -p Delegate=yes bash -c '
    nsx-cg create ./nsx-a && nsx-cg run memory=200M -- cat /proc/self/cgroup'"
  [[ $output =~ ^0::.*/run-.*.scope/nsx-[0-9]+$ ]]
  wait_until no_scope_is_left
}

@test "impossible requests are refused, and no scope is left" {
  run -1 in_session alice 'nsx-cg run io.weight=50 -- true'
  [[ $output == *io* ]]
  run -2 in_session alice 'nsx-cg run memory=1X -- true'
  wait_until no_scope_is_left
  # systemd was asked for the first scope only.
  journalctl -q --no-pager -o cat -g 'nsx-cg run io.weight=50'
  run -1 journalctl -q --no-pager -o cat -g 'nsx-cg run memory=1X'
}

@test "--dry-run shows the command that would run" {
  run -0 in_session alice "nsx-cg run --dry-run memory=200M -- echo 'a b'"
  [[ $output == "systemd-run --user --scope -p Delegate=yes "*"nsx-cg run --dry-run memory=200M -- echo 'a b'" ]]
  run -0 in_session alice "$output"
  [[ $output == *"mkdir /sys/fs/cgroup/"*/nsx-leaf*"echo 209715200 > "* ]]
}

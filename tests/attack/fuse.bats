#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A namespace is bound below a FUSE mount whose server takes every request and answers none. A process that looks
# such a path up blocks, and not even SIGKILL ends it: the commands must never be in that place.

load ../lib/common
load ../lib/containers
load attack

bats_require_minimum_version 1.5.0

# For the ellipsis, which other locales show as bytes.
export LC_ALL=C.UTF-8

setup() {
  spawned=()
  ns='' server='' dir=$(mktemp -d /tmp/nsx-fuse.XXXXXX)
  mkdir "$dir/mnt"
  # /dev/fuse may be accessible to root only.
  mknod "$dir/device" c 10 229 || cannot "no devices can be made"
  chmod 666 "$dir/device"
  chmod 755 "$dir"
}

teardown() {
  stop_server
  end_spawned
  rm "$dir/device" && rmdir "$dir/mnt" "$dir"
  if [ -n "${cgroup:-}" ]; then wait_until rmdir "$cgroup"; fi
}

# Ends the server and with it the connection, so that no process waits for it any more.
stop_server() {
  if [ -n "$server" ]; then kill -KILL "$server" 2>/dev/null || true; fi
  server=''
}

is_ready() {
  [ -s "$1" ]
}

# Starts the file system with its server in mode WHAT (see fuse.c): $pid is the process whose mount namespace has
# it, $ns the namespace bound there. start_fuse WHAT COMMAND..., which runs it
start_fuse() {
  local what=$1 out=$dir/out ready=''
  shift
  : >"$out"
  "$@" "$attack_dir/attack-fuse" "$dir/device" "${place:-$dir/mnt}" "$what" >"$out" 2>&1 3>&- 4>&- </dev/null &
  pid=$!
  spawned+=("$pid")
  wait_until is_ready "$out"
  read -r ready ns <"$out"
  local said
  said=$(<"$out")
  rm "$out"
  [ "$ready" = ready ] || cannot "$said"
  has_child "$pid" attack-fuse
  # shellcheck disable=SC2154 # has_child sets it
  server=$child
}

as_root_elsewhere=(unshare -m --propagation private --)
as_user_elsewhere=("${become_user[@]}" unshare -Um --map-current-user --keep-caps --)

# Like `run --separate-stderr`, but waits at most a minute. A command that hangs is freed then. Sets status,
# output, stderr.
run_unless_it_hangs() {
  local files=$BATS_TEST_TMPDIR/run deadline=$((SECONDS + 60)) running
  "$@" >"$files.out" 2>"$files.err" 3>&- 4>&- </dev/null &
  running=$!
  until [ "$(state_of "$running")" = Z ] || is_gone "$running"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      kill -KILL "$running"
      echo "hangs: $* (state after SIGKILL: $(sleep 0.2; state_of "$running"))"
      stop_server
      wait "$running" || true
      return 1
    fi
    read -r -t 0.05 <>"$fifo" || true
  done
  status=0
  wait "$running" || status=$?
  output=$(<"$files.out") stderr=$(<"$files.err")
}

setup_file() {
  export fifo=$BATS_FILE_TMPDIR/fifo
  mkfifo "$fifo"
}

# The namespace is found, and what could not be read is reported.
is_listed() {
  echo "$output" | grep -q "^ *$ns\b"
  [[ $stderr == *"skipped 1 mounted namespace: the file system of the mount point does not respond"* ]]
}

@test "control: opening a path on the hanging file system blocks, and cannot be killed" {
  start_fuse paths "${as_root_elsewhere[@]}"
  cat "/proc/$pid/root$dir/mnt/ns" >/dev/null 3>&- 4>&- &
  local reader=$!
  spawned+=("$reader")
  wait_until runs "$reader" cat
  # Waits until the server has taken the request.
  read -r -t 1 <>"$fifo" || true
  kill -KILL "$reader"
  read -r -t 1 <>"$fifo" || true
  [ "$(state_of "$reader")" = D ]
  stop_server
  wait "$reader" || true
}

@test "nsx-ls lists a namespace whose file system hangs, as root" {
  start_fuse paths "${as_root_elsewhere[@]}"
  run_unless_it_hangs nsx-ls --sources=process,mount --output=NS,TYPE,HELD-BY --noheadings --raw
  [ "$status" = 0 ]
  is_listed
  [[ $output == *"$dir/mnt/ns"* ]]
}

@test "nsx-ls lists a namespace whose file system hangs, as an ordinary user" {
  start_fuse paths "${as_user_elsewhere[@]}"
  run_unless_it_hangs as_user nsx-ls --sources=process,mount --output=NS,TYPE --noheadings --raw
  [ "$status" = 0 ]
  is_listed
}

@test "nsx-ls shows what it can of a namespace whose file system hangs" {
  start_fuse paths "${as_root_elsewhere[@]}"
  run_unless_it_hangs nsx-ls
  [ "$status" = 0 ]
  run_unless_it_hangs nsx-ls --json --output=NS,NETNSID,OWNER-USER,UIDMAP
  [ "$status" = 0 ]
  run_unless_it_hangs nsx-ls "$ns"
  run_unless_it_hangs nsx-ls --limits
  [ "$status" = 0 ]
}

# bats test_tags=one-kernel
@test "nsx-enter --tools shows what it can of a target whose files hang, and no longer waits" {
  local place
  for place in /run /etc; do
    start_fuse paths "${as_root_elsewhere[@]}"
    run_unless_it_hangs nsx-enter -t "$pid" --tools -- cat /etc/hostname
    [ "$status" = 0 ] && [ "$output" = "$(cat /etc/hostname)" ]
    stop_server
    end_spawned
  done
}

@test "commands inside a mount namespace with a hanging file system do not block" {
  start_fuse paths "${as_root_elsewhere[@]}"
  local inside=(nsenter -t "$pid" -m --)
  run_unless_it_hangs "${inside[@]}" "$(command -v nsx-ls)" --sources=process,mount --output=NS --noheadings
  [ "$status" = 0 ]
  run_unless_it_hangs "${inside[@]}" "$(command -v nsx-ls)" "$ns"
  run_unless_it_hangs "${inside[@]}" "$(command -v nsx-enter)" --net="$dir/mnt/ns" -- /bin/true
  [ "$status" != 0 ] && [[ $stderr == *"check its file system, which does not answer"* ]]
  run_unless_it_hangs "${inside[@]}" "$(command -v nsx-enter)" -t "$$" --uts --wd="$dir/mnt/dir" -- /bin/true
  [ "$status" != 0 ] && [[ $stderr == *"check its file system, which does not answer"* ]]
}

# bats test_tags=one-kernel
@test "nsx-enter --get and --put give up a file whose file system hangs" {
  start_fuse paths "${as_root_elsewhere[@]}"
  echo x >"$BATS_TEST_TMPDIR/x"
  for copy in --get="$dir/mnt/ns:$BATS_TEST_TMPDIR/got" --put="$BATS_TEST_TMPDIR/x:$dir/mnt/ns"; do
    run_unless_it_hangs nsx-enter -t "$pid" "$copy"
    [ "$status" = 1 ] && [[ $stderr == *"Connection timed out"*"check its file system, which does not answer"* ]]
  done
  [ ! -e "$BATS_TEST_TMPDIR/got" ]
}

# bats test_tags=one-kernel
@test "nsx-pin rejects a directory whose file system hangs" {
  start_fuse paths "${as_root_elsewhere[@]}"
  local inside=(nsenter -t "$pid" -m --) command
  for command in "ls" "add web"; do
    # shellcheck disable=SC2086 # a list of words
    run_unless_it_hangs "${inside[@]}" env NSX_PIN_DIR="$dir/mnt/dir" "$(command -v nsx-pin)" $command
    [ "$status" != 0 ] && [[ $stderr == *"check its file system, which does not answer"* ]]
  done
}

@test "completions leave out names on a file system that hangs" {
  start_fuse paths "${as_user_elsewhere[@]}"
  run_unless_it_hangs as_user nsenter -t "$pid" -U -m --preserve-credentials -- \
    env XDG_RUNTIME_DIR="$dir/mnt/dir" "$(command -v nsx-enter)" --list-targets
  [ "$status" = 0 ]
}

@test "a file system that hangs does not make nsx-ls's reader wait" {
  start_fuse paths "${as_root_elsewhere[@]}"
  # The child that hangs instead must not keep the pipe open.
  run_unless_it_hangs bash -c 'nsx-ls --sources=process,mount --output=NS | cat'
  [ "$status" = 0 ]
}

# Reading the command line of such a process takes the lock of its memory, which it never releases.
hangs_its_readers() {
  cat "/proc/$pid/cmdline" >/dev/null 3>&- 4>&- &
  local reader=$!
  spawned+=("$reader")
  wait_until runs "$reader" cat
  read -r -t 1 <>"$fifo" || true
  ! is_gone "$reader" && [ "$(state_of "$reader")" != Z ]
}

@test "nsx-ls does not wait for a process that keeps the lock of its memory, as root" {
  start_fuse memory "${as_root_elsewhere[@]}"
  hangs_its_readers
  local list
  for list in --list --json; do
    run_unless_it_hangs nsx-ls "$list" --output=PID,COMMAND
    [ "$status" = 0 ] && [[ $output == *attack-fuse…* ]]
  done
  run_unless_it_hangs env NSX_KERNEL_FEATURES=+bpf nsx-ls --list --output=PID,COMMAND
  [ "$status" = 0 ] && [[ $output == *attack-fuse…* ]]
  run_unless_it_hangs nsx-ls --raw --matrix
  [ "$status" = 0 ]
  run_unless_it_hangs nsx-ls "$(ns_of "$pid" mnt)"
  [ "$status" = 0 ] && [[ $output == *attack-fuse…* ]]
}

@test "nsx-ls does not wait for a process that keeps the lock of its memory, as an ordinary user" {
  start_fuse memory "${as_user_elsewhere[@]}"
  hangs_its_readers
  run_unless_it_hangs as_user nsx-ls --list --output=PID,COMMAND
  [ "$status" = 0 ] && [[ $output == *attack-fuse…* ]]
}

@test "nsx-cg tree -p does not wait for a process that keeps the lock of its memory" {
  local top
  top=$(cgroup_mount)
  [ -n "$top" ] || cannot "no cgroup2"
  cgroup=$top/$own_name
  mkdir "$cgroup"
  # Started there: Linux 6.1 takes the lock when it moves a process to another cgroup (cpuset).
  start_fuse memory sh -c 'echo $$ >"$0" && exec "$@"' "$cgroup/cgroup.procs" "${as_root_elsewhere[@]}"
  hangs_its_readers
  run_unless_it_hangs nsx-cg tree -p "${cgroup##*/}"
  [ "$status" = 0 ] && [[ $output == *"$pid attack-fuse…"* ]]
}

@test "nsx-enter --env does not wait for a process that keeps the lock of its memory" {
  start_fuse memory "${as_root_elsewhere[@]}"
  hangs_its_readers
  run_unless_it_hangs nsx-enter -t "$pid" --mount --env -- /bin/true
  [ "$status" != 0 ] && [[ $stderr == *"it holds the lock of its memory"* ]]
}

# SPDX-License-Identifier: MIT
# Every error is one line that says what failed and why; the exit status is the documented one; and nothing is
# left half-made.
#
# Tests tagged slow here depend on no kernel and are left out on emulated ones.
load ../lib/common

# The exit status of a usage error.
usage_status() {
  if [ "$1" = nsx-ls ]; then echo 2; else echo 1; fi
}

# Stores a command's output; bats' --separate-stderr starts mktemp(1) for it.
marked_and_said() {
  marked "$@" 2>"$BATS_TEST_TMPDIR/stderr"
}

# fails STATUS TEXT COMMAND...: the command fails with TEXT in its only line other than the hint to --help.
fails() {
  local want=$1 text=$2 stderr line count=0
  shift 2
  run marked_and_said "$@"
  IFS= read -r -d '' stderr <"$BATS_TEST_TMPDIR/stderr" || true
  [ "$status" = "$want" ] || {
    echo "$*: exit status $status, not $want: $stderr"
    return 1
  }
  [[ "$stderr" = *"$text"* ]] || {
    echo "$*: said: $stderr"
    return 1
  }
  [ -z "$output" ]
  while IFS= read -r line; do
    [[ $line = "Try '"* || $line = "hint: "* ]] || count=$((count + 1))
  done <<<"${stderr%$'\n'}"
  [ "$count" = 1 ]
  nothing_is_left
}

# A PID that no process has.
dead_pid() {
  perl -e 'my $pid = fork // die; exit if !$pid; waitpid $pid, 0; print $pid'
}

# bats test_tags=slow,rootless
@test "an unknown option suggests the nearest one" {
  fails 1 "unknown option '--mout' (did you mean '--mount'?)" nsx-unshare --mout true
  fails 1 "unknown option '--tarjet' (did you mean '--target'?)" nsx-enter --tarjet=1
  fails 2 "unknown option '--typo' (did you mean '--type'?)" nsx-ls --typo net
  fails 2 "unknown option '--zzzzzzzz'" nsx-ls --zzzzzzzz
  fails 1 "unknown option '-Q'" nsx-unshare -Q
  fails 1 "unknown option '-y'" nsx-enter -Fy
  fails 2 "unknown option '-Z'" nsx-ls -Z
}

# bats test_tags=slow,rootless
@test "an ambiguous option lists the candidates" {
  fails 1 "ambiguous option '--map': could be --map-root-user, --map-current-user, --map-user, " \
    nsx-unshare --map true
  fails 1 "ambiguous option '--p': could be --" nsx-enter --p true
}

# bats test_tags=slow,rootless
@test "a missing argument and an extra one" {
  fails 1 "--target needs an argument: --target=TARGET" nsx-enter --target
  fails 1 "--target needs an argument: --target=TARGET" nsx-enter -t
  fails 1 "--wd needs an argument: --wd=DIR" nsx-unshare --wd
  fails 2 "--output needs an argument: --output=COLUMNS" nsx-ls -o
  fails 1 "option '--all' takes no argument" nsx-enter --all=yes
  fails 1 "option '--lo' takes no argument" nsx-unshare --lo=up true
}

# bats test_tags=slow,rootless
@test "invalid kinds, columns, relations, modes and signals" {
  fails 2 "unknown namespace type 'nett': expected cgroup, ipc, mnt, net, pid, time, user or uts" \
    nsx-ls -t nett
  fails 2 "unknown namespace type ''" nsx-ls -t net,
  fails 2 "unknown column 'FOO': expected one of NS, TYPE, " nsx-ls -o NS,FOO
  fails 2 "unknown column '': expected one of NS, TYPE, " nsx-ls -o NS,
  fails 2 "unknown column '': expected one of NS, TYPE, " nsx-ls -o ""
  fails 2 "invalid relation 'age': expected owner, parent or process" nsx-ls --tree=age
  fails 1 "invalid argument 'loud' for --propagation: expected private, shared, slave or unchanged" \
    nsx-unshare -m --propagation=loud true
  for signal in NOSUCH 0 -1 999 RTMIN+99 ""; do
    fails 1 "invalid signal '$signal': expected a name like TERM or a number" nsx-unshare --kill-child="$signal" true
  done
}

# bats test_tags=slow,rootless
@test "invalid PIDs" {
  for text in abc 12x "" -5 0 99999999999999999999 " 1" 1.5; do
    case $text in
      "") why="empty argument for --target: expected TARGET" ;;
      0) why="invalid PID '0': expected a number above 0" ;;
      9*) why="invalid PID '$text': it is larger than any PID" ;;
      *) why="no container, pin, unit or cgroup named '$text'" ;;
    esac
    fails 1 "$why" nsx-enter -t "$text" -n true
    fails 2 "invalid PID '$text': expected a number above 0" nsx-ls -p "$text"
  done
}

# bats test_tags=slow,rootless
@test "invalid UIDs and GIDs" {
  fails 1 "no user named 'abc' on this machine"$'\n'"hint: use --mount or --root " nsx-enter -t $$ -u -S abc true
  fails 1 "no group named 'abc' on this machine"$'\n'"hint: use --mount or --root " nsx-enter -t $$ -u -G abc true
  for text in "" 1abc -1 4294967295 99999999999; do
    fails 1 "invalid user '$text'" nsx-enter -t $$ -u --as="$text" true
    fails 1 "invalid UID '$text': " nsx-enter -t $$ -u -S "$text" true
    fails 1 "invalid GID '$text': " nsx-enter -t $$ -u -G "$text" true
  done
}

# bats test_tags=slow,rootless
@test "mutually exclusive options" {
  fails 2 "--json and --raw are mutually exclusive" nsx-ls -J -r
  fails 2 "--list and --tree are mutually exclusive" nsx-ls -l -T
}

# bats test_tags=slow,rootless
@test "nsx-enter without a target names the option that needs it" {
  fails 1 "--net needs a target (--target=PID) or a file (--net=FILE)" nsx-enter -n true
  fails 1 "--all needs a target (--target=PID)" nsx-enter -a true
  fails 1 "--root needs a target (--target=PID) or a directory (--root=DIR)" nsx-enter -r true
  fails 1 "--wd needs a target (--target=PID) or a directory (--wd=DIR)" nsx-enter -w true
  fails 1 "--net-socket needs a target (--target=PID)" nsx-enter -N 3 true
  fails 1 "--user-parent needs a target (--target=PID)" nsx-enter --user-parent true
  # With nothing to enter, the word is the target.
  for option in -e -c "-S follow" "-G follow"; do
    fails 1 "no container, pin, unit or cgroup named 'true'" nsx-enter $option true
    fails 1 " needs a target (--target=PID)" nsx-enter $option
  done
}

# bats test_tags=slow,rootless
@test "nsx-enter takes one target, and --wd or --wdns" {
  fails 1 "--target was given twice" nsx-enter -t 1 -t 2 true
  fails 1 "--wd and --wdns are mutually exclusive" nsx-enter -t 1 -w --wdns=/ true
}

# bats test_tags=slow,rootless
@test "invalid sockets and 64-bit ids" {
  for text in abc -1 99999999999 ""; do
    fails 1 "invalid file descriptor '$text': expected a number" nsx-enter -t 1 -N "$text" true
  done
  for text in : :abc :-1 :99999999999999999999; do
    fails 1 "invalid namespace ID '$text': expected a 64-bit number after the colon"$'\n'"hint: write ./$text to open a file of this name" \
      nsx-enter "--net=$text" true
  done
}

# bats test_tags=slow,rootless
@test "a PID that does not exist" {
  pid=$(dead_pid)
  fails 1 "cannot find PID $pid: No such process" nsx-enter -t "$pid" -n true
  fails 1 "cannot find PID $pid: No such process" nsx-ls -p "$pid"
  fails 1 "cannot find PID 4194304: No such process" nsx-enter -t 4194304 -a true
}

# bats test_tags=slow,rootless
@test "a zombie has no namespaces to enter" {
  spawn perl -e 'if (my $pid = fork) { sleep 300 } else { exit }'
  wait_until has_zombie "$pid"
  zombie=$child
  fails 1 "cannot open the net namespace of PID $zombie: No such process" \
    nsx-enter -t "$zombie" -n true
  NSX_KERNEL_FEATURES=-pidfd-ns fails 1 \
    "cannot open the net namespace of PID $zombie: No such process" nsx-enter -t "$zombie" -n true
}

# bats test_tags=any-kernel,rootless
@test "a target that vanishes is an error or a success, and never another process" {
  # Each round enters the UTS namespace of a process that is about to end.
  local round end=$((SECONDS + 8))
  for round in {1..200}; do
    if [ "$round" -gt 10 ] && [ $SECONDS -gt $end ]; then break; fi
    "${on_every_cpu[@]}" unshare -u -- sh -c 'echo victim >/proc/sys/kernel/hostname' &
    victim=$!
    run nsx-enter -t $victim -u -- uname -n
    wait $victim || true
    if [ "$status" = 0 ]; then
      [ "$output" = victim ] || [ "$output" = "$(uname -n)" ]
    else
      [ "$status" = 1 ]
      [[ "$output" = *"No such process"* ]]
    fi
  done
}

# bats test_tags=slow,rootless
@test "files that are not namespaces" {
  touch "$BATS_TEST_TMPDIR/file"
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  for file in "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/fifo" "$BATS_TEST_TMPDIR" /dev/null; do
    fails 1 "cannot use $file as a namespace: not a namespace file" nsx-enter --net="$file" true
  done
  fails 1 "cannot open /nowhere/net: No such file or directory" nsx-enter --net=/nowhere/net true
}

# bats test_tags=slow,rootless
@test "a namespace file of another kind" {
  fails 1 "cannot join /proc/self/ns/uts as the net namespace: its kind is uts" \
    nsx-enter --net=/proc/self/ns/uts true
  fails 1 "cannot join /proc/self/ns/user as the mnt namespace: its kind is user" \
    nsx-enter --mount=/proc/self/ns/user true
}

# bats test_tags=slow
@test "directories that do not exist" {
  fails 1 "cannot change the working directory to /nowhere: No such file or directory" \
    nsx-unshare -u -w /nowhere true
  fails 1 "cannot change the root directory to /nowhere: No such file or directory" \
    nsx-unshare -u -R /nowhere true
  fails 1 "cannot open the directory /nowhere: No such file or directory" nsx-enter -w/nowhere true
  fails 1 "cannot open the directory /etc/passwd: Not a directory" nsx-enter -r/etc/passwd true
  fails 1 "cannot mount proc on /nowhere: No such file or directory" \
    nsx-unshare -pf --mount-proc=/nowhere true
}

# bats test_tags=slow
@test "missing privileges: which one, and what to do" {
  for option in -m -u -i -n -pm -C -T; do
    fails 1 "Operation not permitted"$'\n'"hint: needs CAP_SYS_ADMIN: run as root, or add --map-root-user" \
      as_user nsx-unshare $option true
  done
  fails 1 "Operation not permitted" as_user nsx-unshare -f -n true
  pid=$$
  fails 1 "cannot open the net namespace of PID $pid: Permission denied"$'\n'"hint: needs the right to trace" \
    as_user nsx-enter -t $pid -n true
  fails 1 "Permission denied"$'\n'"hint: needs the right to trace" as_user nsx-enter -t $pid -r true
  fails 1 "Permission denied"$'\n'"hint: needs the right to trace" as_user nsx-ls -p $pid
  NSX_KERNEL_FEATURES=-pidfd-ns fails 1 "Permission denied"$'\n'"hint: needs the right to trace" \
    as_user nsx-enter -t $pid -n true
  # The caller's own process, in a namespace of root.
  spawn unshare -n -- "${become_user[@]}" sleep 300
  wait_until grep -qsx "Uid:.*$ordinary_uid" "/proc/$pid/status"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  fails 1 "cannot join the net namespace of PID $pid: Operation not permitted"$'\n'"hint: needs CAP_SYS_ADMIN in the user namespace that owns it and in your own: run as root" \
    as_user nsx-enter -t "$pid" -n true
}

# bats test_tags=rootless
@test "mounting the host's proc from a user namespace without its own PID namespace" {
  fails 1 "cannot mount proc on /proc: Operation not permitted"$'\n'"hint: the PID namespace belongs to another user namespace: add --pid --fork" \
    as_user nsx-unshare -r --mount-proc true
  fails 1 "cannot mount proc" as_user nsx-unshare -rf --mount-proc true
}

# bats test_tags=any-kernel,rootless
@test "a limit on namespaces is named" {
  fails 1 "No space left on device"$'\n'"hint: raise the limit in /proc/sys/user/max_*_namespaces" \
    unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_net_namespaces; exec nsx-unshare -n true'
}

# bats test_tags=needs-no-proc,any-kernel
@test "user namespaces are refused below a chroot, and the message says so" {
  make_root "$BATS_TEST_TMPDIR/root" sh nsx-unshare
  fails 1 "cannot make new namespaces (user): Operation not permitted"$'\n'"hint: run it outside of the chroot or container: chroot(2)" \
    chroot "$BATS_TEST_TMPDIR/root" "$(command -v nsx-unshare)" -U true
}

# bats test_tags=slow,rootless
@test "stdout on a full disk" {
  for command in "nsx-ls" "nsx-ls -J" "nsx-ls --help" "nsx-enter --version" "nsx-unshare --plan true" \
    "nsx-ls --features"; do
    run --separate-stderr eval "$command >/dev/full"
    [ "$status" = 1 ]
    [[ "$stderr" = *": cannot write standard output: No space left on device" ]]
  done
}

# bats test_tags=slow,rootless
@test "stdout on a closed pipe" {
  run -0 bash -c 'nsx-ls --help | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"'
  [[ "$output" = 0 || "$output" = 141 ]]
}

# bats test_tags=slow
@test "descriptors 0, 1 and 2 closed at the start" {
  for command in "nsx-unshare --fork -- true" "nsx-enter -t $$ -p -- true" "nsx-unshare -u true" \
    "nsx-enter -t $$ -n true" nsx-ls "nsx-ls --help"; do
    run -0 eval "$command 0<&-"
    run -0 eval "$command 2>&-"
    # Output that cannot be written is a failure.
    local status=0
    if [[ $command = nsx-ls* ]]; then status=1; fi
    run "-$status" eval "$command 0<&- 1>&- 2>&-"
    run "-$status" eval "$command 1>&-"
  done
  # Reports are discarded instead of written to a file that took the place of stderr.
  run -1 eval "nsx-enter --net=/etc/passwd true 2>&-"
  run -2 eval "nsx-ls --nonsense 2>&-"
}

# bats test_tags=slow
@test "an option's argument of 100 kB" {
  long=$(head -c 100000 /dev/zero | tr '\0' x)
  fails 1 "it is longer than 255 bytes" nsx-enter -t "$long" -n true
  fails 1 ": File name too long" nsx-enter --net="$long" true
  fails 1 ": File name too long" nsx-unshare -u -w "$long" true
  fails 2 "unknown namespace type" nsx-ls -t "$long"
  fails 2 "unknown column" nsx-ls -o "$long"
  fails 126 "File name too long" nsx-unshare -u "$long"
}

# bats test_tags=slow,rootless
@test "four megabytes of options and operands" {
  # As many bytes as execve(2) accepts with an unlimited stack.
  for command in nsx-ls nsx-unshare "nsx-enter -n"; do
    run bash -c "ulimit -s unlimited
      perl -e 'exec @ARGV, (q(x) x 100000) x 42' $command 2>&1 | head -c 300; exit \${PIPESTATUS[0]}"
    [ "$status" != 0 ]
    [ "$status" -lt 128 ] || [ "$status" = 141 ]
    [[ "$output" = nsx-* ]]
  done
}

# bats test_tags=slow,rootless
@test "hostile characters in a name do not reach the terminal" {
  fails 1 "no container, pin, unit or cgroup named '\x1b[31m\x0a'" nsx-enter -t $'\e[31m\n' -n true
  fails 1 '/nowhere\x07' nsx-enter --net=$'/nowhere\a' true
  # In a hint, and in UTF-8: U+009B is the same as ESC [.
  fails 1 'hint: write ./:\x1b[2J to open' nsx-enter --net=$':\e[2J' true
  fails 2 'type '"'"'\xc2\x9bé'"'" nsx-ls -t $'\xc2\x9b\xc3\xa9'
  fails 1 '/nowhere\xff' nsx-enter --net=$'/nowhere\xff' true
}

# bats test_tags=slow
@test "a failure after the fork ends parent and child" {
  fails 1 "cannot change the working directory" nsx-unshare -f -w /nowhere true
  fails 1 "cannot mount proc" nsx-unshare -pf --kill-child --mount-proc=/nowhere true
}

# bats test_tags=slow,rootless
@test "an invalid value of NSX_KERNEL_FEATURES" {
  NSX_KERNEL_FEATURES=-bogus fails 1 "unknown kernel feature '-bogus': expected one of -pidfd-ns, " nsx-ls
  NSX_KERNEL_FEATURES=ns-id fails 1 "unknown kernel feature 'ns-id'" nsx-enter -t $$ -n true
}

# bats test_tags=needs-no-proc,slow
@test "without /proc" {
  local said="it is not a proc file system"$'\n'"hint: mount -t proc proc /proc" command
  local without=(unshare -m -- sh -c 'mount -t tmpfs none /proc && exec "$@"' sh)
  for command in nsx-ls "nsx-ls -p 1" "nsx-ls ns:1" "nsx-ls --limits" "nsx-ls --compare 1 2" \
    "nsx-enter -t 1 -n true" "nsx-enter -t web true" "nsx-enter -t unit:cron true" "nsx-enter --net=/x true" "nsx-enter --list-targets" \
    "nsx-pin add x" "nsx-pin ls" "nsx-pin gc" "nsx-pin rm x" "nsx-pin mv x y" "nsx-pin exec x true" \
    "nsx-pin identify 2" "nsx-pin pids x" "nsx-pin ids" "nsx-pin connect x y" "nsx-pin monitor" "nsx-pin wait x" \
    "nsx-cg ls" "nsx-cg run -- true" "nsx-cg tree -p" "nsx-cg explain /" "nsx-cg get / x" "nsx-cg create /x" \
    "nsx-cg top --batch --count=1"; do
    # shellcheck disable=SC2086 # a list of words
    run "${without[@]}" $command
    [ "$status" != 0 ] && [[ "$output" = *"cannot use /proc: $said" ]] || {
      echo "$command: $status: $output"
      return 1
    }
  done
  # Options that do not need it work.
  run -0 "${without[@]}" nsx-unshare -u -n -i true
  [ "$output" = "" ]
  # If it is missing on the way, the error says so beside what failed.
  run -1 "${without[@]}" nsx-unshare -r true
  [[ "${lines[0]}" = "nsx-unshare: cannot "* ]]
  [[ "$output" = *$'\n'"nsx-unshare: note: cannot use /proc: $said" ]]
}

# bats test_tags=needs-no-proc
@test "with the /proc of another PID namespace, a container on record is not reported as ended" {
  run -1 unshare -m -- sh -c 'mount -t tmpfs none /run && mkdir -p /run/runc/web &&
    echo "{\"id\":\"web\",\"init_process_pid\":4000000,\"init_process_start\":1}" >/run/runc/web/state.json &&
    unshare -p --fork mount -t proc proc /proc && exec nsx-enter -t container:web -u true'
  [[ "$output" = *"it belongs to another PID namespace"* ]]
}

@test "output that cannot be written is a failure: status, pseudo-terminal, list" {
  local tool
  for tool in "nsx-enter -t $$" nsx-unshare; do
    run -1 bash -c "$tool -u --status-fd=3 -- true 3>/dev/full"
    [ "$output" = "${tool%% *}: cannot write the status to descriptor 3: No space left on device" ]
    run -1 bash -c "$tool -u --status-fd=0 -- true <&-"
    [ "${lines[0]}" = "${tool%% *}: cannot write the status to descriptor 0: Bad file descriptor" ]
    run -1 bash -c "$tool -u --pty -- echo hello >/dev/full"
    [ "$output" = "${tool%% *}: cannot write standard output: No space left on device" ]
    # A reader that has read enough and exited is no failure: the program on the terminal gets a hangup.
    run bash -c "$tool -u --pty -- sh -c 'sleep 0.1; echo hello' | true"
    [ "$output" = "" ]
    run -1 bash -c "$tool -u --plan -- true >&-"
    [ "$output" = "${tool%% *}: cannot write standard output: Bad file descriptor" ]
    # The tool itself prints nothing.
    run -0 bash -c "$tool -u -- true >&-"
  done
  for tool in nsx-ls "nsx-ls --json" "nsx-ls --help" "nsx-ls --version" "nsx-ls --limits" \
    "nsx-cg ls" "nsx-cg tree" "nsx-cg top --batch --count=1"; do
    run -1 bash -c "$tool >&-"
    [[ "${lines[-1]}" = *"cannot write standard output: Bad file descriptor" ]]
    run -1 bash -c "$tool >/dev/full"
    [[ "${lines[-1]}" = *"cannot write standard output: No space left on device" ]]
  done
}

# bats test_tags=rootless
@test "a typo never suggests a command that removes or stops; other words for a command suggest it" {
  hint() {
    local wanted=$1
    shift
    run -2 "$@"
    [ "${lines[0]}" = "$1: unknown command '$2'${wanted:+ (did you mean '$wanted'?)}" ]
  }
  hint "" nsx-pin rn x
  hint "" nsx-pin gz
  hint "" nsx-cg kil x
  hint "" nsx-cg freez x
  hint rm nsx-pin remove x
  hint add nsx-pin create x
  hint exec nsx-pin enter x
  hint rm nsx-cg delete x
  hint create nsx-cg add x
  hint exec nsx-pin exce x
  fails 1 "unknown option '--network' (did you mean '--net'?)" nsx-enter --network
  fails 1 "unknown option '--mounts' (did you mean '--mount'?)" nsx-unshare --mounts
}

# bats test_tags=rootless
@test "uncatchable signals are not passed on, and nothing is passed on without a parent" {
  local tool signal
  for tool in "nsx-enter -t $$" nsx-unshare; do
    for signal in KILL STOP TERM,sigkill 9; do
      run -1 $tool -u --forward-signals=$signal -- true
      [[ "${lines[0]}" = "${tool%% *}: cannot forward SIG"*": no process can catch it" ]]
    done
  done
  for option in --kill-child --forward-signals --pty --status-fd=1; do
    run -1 nsx-enter -t $$ -p -F $option -- true
    [ "${lines[0]}" = "nsx-enter: --no-fork and ${option%%=*} are mutually exclusive" ]
  done
}

# An unset variable of a script.
# bats test_tags=slow,rootless
@test "an empty name is a usage error" {
  fails 1 "empty argument for --target: expected TARGET" nsx-enter --target= true
  fails 1 "empty argument for --target: expected TARGET" nsx-enter -t "" true
  fails 1 "empty argument for --mount-sys: expected " nsx-enter -t $$ -n --mount-sys= true
  fails 1 "empty argument for --mount-proc: expected " nsx-unshare --mount-proc= true
  fails 1 "empty argument for --root: expected " nsx-unshare --root= true
  fails 2 "empty argument for --container: expected " nsx-ls --container=
  fails 2 "empty argument for --target: expected TARGET" nsx-pin add x --target=
  fails 2 "empty argument for --dir: expected " nsx-pin add x --dir=
  fails 2 "empty argument for --into: expected " nsx-cg run --into= -- true
}

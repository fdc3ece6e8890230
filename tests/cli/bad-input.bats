# Whatever is wrong is said in one line, with what and why; the exit status is the documented one;
# and nothing is left behind.
#
# What is tagged slow here depends on no kernel: it is left out where they are emulated.
load ../lib/common

# The exit status of a usage error.
usage_status() {
  if [ "$1" = nsx-ls ]; then echo 2; else echo 1; fi
}

# Keeps what a command says; bats' --separate-stderr starts mktemp(1) for it.
marked_and_said() {
  marked "$@" 2>"$BATS_TEST_TMPDIR/stderr"
}

# fails STATUS TEXT COMMAND...: fails so, saying TEXT in its only line but the hint to --help.
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
    [[ $line = "Try '"* ]] || count=$((count + 1))
  done <<<"${stderr%$'\n'}"
  [ "$count" = 1 ]
  nothing_is_left
}

# A PID that no process has.
dead_pid() {
  perl -e 'my $pid = fork // die; exit if !$pid; waitpid $pid, 0; print $pid'
}

# bats test_tags=slow
@test "an unknown option names the nearest one" {
  fails 1 "cannot understand --mout: no such option (did you mean --mount?)" nsx-unshare --mout true
  fails 1 "cannot understand --tarjet: no such option (did you mean --target?)" nsx-enter --tarjet=1
  fails 2 "cannot understand --typo: no such option (did you mean --type?)" nsx-ls --typo net
  fails 2 "cannot understand --zzzzzzzz: no such option" nsx-ls --zzzzzzzz
  fails 1 "cannot understand -Q: no such option" nsx-unshare -Q
  fails 1 "cannot understand -y: no such option" nsx-enter -Fy
  fails 2 "cannot understand -Z: no such option" nsx-ls -Z
}

# bats test_tags=slow
@test "an option that could be several names them" {
  fails 1 "cannot understand --map: several options start so (--map-root-user, --map-current-user, --map-user, " \
    nsx-unshare --map true
  fails 1 "several options start so" nsx-enter --p true
}

# bats test_tags=slow
@test "a missing argument and one too many" {
  fails 1 "cannot use --target: it needs an argument (TARGET)" nsx-enter --target
  fails 1 "cannot use --target: it needs an argument (TARGET)" nsx-enter -t
  fails 1 "cannot use --wd: it needs an argument (DIR)" nsx-unshare --wd
  fails 2 "cannot use --output: it needs an argument (COLUMNS)" nsx-ls -o
  fails 1 "cannot use --all: it takes no argument" nsx-enter --all=yes
  fails 1 "cannot use --lo: it takes no argument" nsx-unshare --lo=up true
  fails 2 "cannot show 2: one namespace or target is shown at a time" nsx-ls 1 2
}

# bats test_tags=slow
@test "what is no kind, column, relation, mode or signal" {
  fails 2 "cannot list namespaces of the kind 'network': unknown kind (cgroup ipc mnt net pid time user uts)" \
    nsx-ls -t network
  fails 2 "cannot show the column 'FOO': no such column" nsx-ls -o NS,FOO
  fails 2 "cannot show the column '': no such column" nsx-ls -o NS,
  fails 2 "cannot show the column '': no such column" nsx-ls -o ""
  fails 2 "cannot make a tree by 'age': unknown relation" nsx-ls --tree=age
  fails 1 "cannot use as --propagation 'loud': unknown mode" nsx-unshare -m --propagation=loud true
  for signal in NOSUCH 0 -1 999 RTMIN+99 ""; do
    fails 1 "cannot use as a signal '$signal': unknown signal" nsx-unshare --kill-child="$signal" true
  done
}

# bats test_tags=slow
@test "what is no PID" {
  for text in abc 12x "" -5 0 99999999999999999999 " 1" 1.5; do
    case $text in
      "") why="cannot find a target: its name is empty" ;;
      0) why="cannot find PID 0: a PID is a number above 0" ;;
      9*) why="cannot find PID $text: that is more than any PID" ;;
      *) why="cannot find '$text': there is nothing of that name" ;;
    esac
    fails 1 "$why" nsx-enter -t "$text" -n true
    fails 2 "cannot use as a PID '$text': a PID is a number above 0" nsx-ls -p "$text"
  done
}

# bats test_tags=slow
@test "what is no UID or GID" {
  for text in abc -1 4294967295 99999999999; do
    fails 1 "cannot use as a UID '$text'" nsx-enter -t $$ -u -S "$text" true
    fails 1 "cannot use as a GID '$text'" nsx-enter -t $$ -u -G "$text" true
  done
}

# bats test_tags=slow
@test "options that exclude each other" {
  fails 2 "cannot use --json and --raw: they exclude each other" nsx-ls -J -r
  fails 2 "cannot use --list and --tree: they exclude each other" nsx-ls -l -T
}

# bats test_tags=slow
@test "nsx-enter without a target says what needs it" {
  fails 1 "cannot enter namespaces without a file: no target process is named" nsx-enter -n true
  fails 1 "cannot enter --all: no target process is named" nsx-enter -a true
  fails 1 "no target process is named" nsx-enter -r true
  fails 1 "no target process is named" nsx-enter -w true
  fails 1 "cannot enter --net-socket: no target process is named" nsx-enter -N 3 true
  fails 1 "cannot enter --user-parent: no target process is named" nsx-enter --user-parent true
  fails 1 "cannot enter --env: no target process is named" nsx-enter -e true
  fails 1 "cannot enter --join-cgroup: no target process is named" nsx-enter -c true
  fails 1 "cannot enter --setuid=follow: no target process is named" nsx-enter -S follow true
  fails 1 "cannot enter --setgid=follow: no target process is named" nsx-enter -G follow true
}

# bats test_tags=slow
@test "nsx-enter takes one target, and --wd or --wdns" {
  fails 1 "cannot use --target: it was given already (1)" nsx-enter -t 1 -t 2 true
  fails 1 "cannot use --wdns: it excludes --wd" nsx-enter -t 1 -w --wdns=/ true
}

# bats test_tags=slow
@test "what is no socket and no 64-bit id" {
  for text in abc -1 99999999999 ""; do
    fails 1 "cannot use as a socket '$text': not the number of a descriptor" nsx-enter -t 1 -N "$text" true
  done
  for text in : :abc :-1 :99999999999999999999; do
    fails 1 "cannot use as a namespace '$text': what follows the colon is no 64-bit id (./$text is a file)" \
      nsx-enter "--net=$text" true
  done
}

# bats test_tags=slow
@test "a PID that does not exist" {
  pid=$(dead_pid)
  fails 1 "cannot find PID $pid: No such process" nsx-enter -t "$pid" -n true
  fails 1 "cannot find PID $pid: No such process" nsx-ls -p "$pid"
  fails 1 "cannot find PID 4194304: No such process" nsx-enter -t 4194304 -a true
}

# bats test_tags=slow
@test "a zombie has no namespaces to enter" {
  spawn perl -e 'if (my $pid = fork) { sleep 300 } else { exit }'
  wait_until has_zombie "$pid"
  zombie=$child
  fails 1 "cannot open the net namespace of PID $zombie: No such process" \
    nsx-enter -t "$zombie" -n true
  NSX_KERNEL_FEATURES=-pidfd-ns fails 1 \
    "cannot open the net namespace of PID $zombie: No such process" nsx-enter -t "$zombie" -n true
}

# bats test_tags=any-kernel
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

# bats test_tags=slow
@test "files that are no namespaces" {
  touch "$BATS_TEST_TMPDIR/file"
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  for file in "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/fifo" "$BATS_TEST_TMPDIR" /dev/null; do
    fails 1 "cannot use as a namespace $file: not a namespace file" nsx-enter --net="$file" true
  done
  fails 1 "cannot open /nowhere/net: No such file or directory" nsx-enter --net=/nowhere/net true
}

# bats test_tags=slow
@test "a namespace file of another kind" {
  fails 1 "cannot join as a net namespace /proc/self/ns/uts: it is a uts namespace" \
    nsx-enter --net=/proc/self/ns/uts true
  fails 1 "cannot join as a mnt namespace /proc/self/ns/user: it is a user namespace" \
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
@test "no privilege: what is missing, and what to do" {
  for option in -m -u -i -n -pm -C -T; do
    fails 1 "Operation not permitted (needs CAP_SYS_ADMIN: run as root, or make a user namespace too" \
      as_user nsx-unshare $option true
  done
  fails 1 "Operation not permitted" as_user nsx-unshare -f -n true
  pid=$$
  fails 1 "cannot open the net namespace of PID $pid: Permission denied (needs the right to trace" \
    as_user nsx-enter -t $pid -n true
  fails 1 "Permission denied (needs the right to trace" as_user nsx-enter -t $pid -r true
  fails 1 "Permission denied (needs the right to trace" as_user nsx-ls -p $pid
  NSX_KERNEL_FEATURES=-pidfd-ns fails 1 "Permission denied (needs the right to trace" \
    as_user nsx-enter -t $pid -n true
  # One's own process, in a namespace of root's.
  spawn unshare -n -- "${become_user[@]}" sleep 300
  wait_until grep -qsx "Uid:.*$ordinary_uid" "/proc/$pid/status"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  fails 1 "cannot join the net namespace of PID $pid: Operation not permitted (needs CAP_SYS_ADMIN in the user namespace that owns it and in one's own: run as root)" \
    as_user nsx-enter -t "$pid" -n true
}

@test "proc of the host can't be mounted from a user namespace without a PID namespace of its own" {
  fails 1 "cannot mount proc on /proc: Operation not permitted (needs CAP_SYS_ADMIN in the user namespace that owns the pid namespace: with --user, add --pid --fork)" \
    as_user nsx-unshare -r --mount-proc true
  fails 1 "cannot mount proc" as_user nsx-unshare -rf --mount-proc true
}

# bats test_tags=any-kernel
@test "a limit on namespaces is named" {
  fails 1 "No space left on device (a limit in /proc/sys/user/max_*_namespaces is reached" \
    unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_net_namespaces; exec nsx-unshare -n true'
}

# bats test_tags=needs-no-proc,any-kernel
@test "user namespaces are refused below chroot, and the message says so" {
  make_root "$BATS_TEST_TMPDIR/root" sh nsx-unshare
  fails 1 "cannot make new namespaces: user: Operation not permitted (user namespaces are refused below chroot(2)" \
    chroot "$BATS_TEST_TMPDIR/root" "$(command -v nsx-unshare)" -U true
}

# bats test_tags=slow
@test "a full disk behind stdout" {
  for command in "nsx-ls" "nsx-ls -J" "nsx-ls --help" "nsx-enter --version" "nsx-unshare --plan true" \
    "nsx-ls --features"; do
    run --separate-stderr eval "$command >/dev/full"
    [ "$status" = 1 ]
    [[ "$stderr" = *": cannot write standard output: No space left on device" ]]
  done
}

# bats test_tags=slow
@test "a closed pipe behind stdout" {
  run -0 bash -c 'nsx-ls --help | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"'
  [[ "$output" = 0 || "$output" = 141 ]]
}

# bats test_tags=slow
@test "descriptors 0, 1 and 2 closed at the start" {
  for command in "nsx-ls" "nsx-ls --help" "nsx-unshare --fork -- true" "nsx-enter -t $$ -p -- true" \
    "nsx-unshare -u true" "nsx-enter -t $$ -n true"; do
    run -0 eval "$command 0<&-"
    run -0 eval "$command 0<&- 1>&- 2>&-"
    run -0 eval "$command 1>&-"
    run -0 eval "$command 2>&-"
  done
  # What is reported goes nowhere, rather than into a file that took the place of stderr.
  run -1 eval "nsx-enter --net=/etc/passwd true 2>&-"
  run -2 eval "nsx-ls --nonsense 2>&-"
}

# bats test_tags=slow
@test "an option's argument of 100 kB" {
  long=$(head -c 100000 /dev/zero | tr '\0' x)
  fails 1 "that is no name of a pin" nsx-enter -t "$long" -n true
  fails 1 ": File name too long" nsx-enter --net="$long" true
  fails 1 ": File name too long" nsx-unshare -u -w "$long" true
  fails 2 "unknown kind" nsx-ls -t "$long"
  fails 2 "no such column" nsx-ls -o "$long"
  fails 126 "File name too long" nsx-unshare -u "$long"
}

# bats test_tags=slow
@test "four megabytes of options and operands" {
  # As many bytes as only an unlimited stack lets through execve(2).
  for command in nsx-ls nsx-unshare "nsx-enter -n"; do
    run bash -c "ulimit -s unlimited
      perl -e 'exec @ARGV, (q(x) x 100000) x 42' $command 2>&1 | head -c 300; exit \${PIPESTATUS[0]}"
    [ "$status" != 0 ]
    [ "$status" -lt 128 ] || [ "$status" = 141 ]
    [[ "$output" = nsx-* ]]
  done
}

# bats test_tags=slow
@test "hostile characters in a name do not reach the terminal" {
  fails 1 "cannot find '\x1b[31m\x0a'" nsx-enter -t $'\e[31m\n' -n true
  fails 1 '/nowhere\x07' nsx-enter --net=$'/nowhere\a' true
  # In a hint, and in UTF-8: U+009B is what ESC [ is.
  fails 2 '(--json=\x1b[2J)' nsx-ls $'--json=\e[2J'
  fails 2 'kind '"'"'\xc2\x9bé'"'" nsx-ls -t $'\xc2\x9b\xc3\xa9'
  fails 1 '/nowhere\xff' nsx-enter --net=$'/nowhere\xff' true
}

# bats test_tags=slow
@test "a failure after the fork ends parent and child" {
  fails 1 "cannot change the working directory" nsx-unshare -f -w /nowhere true
  fails 1 "cannot mount proc" nsx-unshare -pf --kill-child --mount-proc=/nowhere true
}

# bats test_tags=slow
@test "the wrong value of NSX_KERNEL_FEATURES" {
  NSX_KERNEL_FEATURES=-bogus fails 1 "cannot switch off the kernel feature -bogus: unknown name" nsx-ls
  NSX_KERNEL_FEATURES=ns-id fails 1 "unknown name" nsx-enter -t $$ -n true
}

# bats test_tags=needs-no-proc,slow
@test "without /proc" {
  run -1 unshare -m -- sh -c "mount -t tmpfs none /proc; nsx-ls"
  [ "$output" = "nsx-ls: cannot list /proc: it shows no process (is proc mounted there?)" ]
  run -1 unshare -m -- sh -c "mount -t tmpfs none /proc; nsx-enter -t 1 -n true"
  [ "$output" = "nsx-enter: cannot find PID 1: No such process" ]
  run -1 unshare -m -- sh -c "mount -t tmpfs none /proc; nsx-unshare -r true"
  [ "$output" = "nsx-unshare: cannot open /proc/self/setgroups: No such file or directory" ]
}

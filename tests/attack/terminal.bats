# SPDX-License-Identifier: MIT
# A program that belongs to another cannot type into the caller's terminal, whichever descriptor is the terminal.
load ../lib/common
load attack

sysctl=/proc/sys/dev/tty/legacy_tiocsti

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  # From Linux 6.2 on, without this only root may push input to a terminal; before, any user to their own.
  if [ -e "$sysctl" ]; then
    legacy=$(cat "$sysctl")
    echo 1 >"$sysctl"
  fi
  place=$(mktemp -d /tmp/nsx-terminal.XXXXXX)
  chmod 777 "$place"
  cp "$attack_dir/attack-terminal" "$place/"
}

teardown() {
  end_spawned
  if [ -e "$sysctl" ]; then echo "$legacy" >"$sysctl"; fi
  rm -rf "$place"
}

# What a shell reads from its terminal after a command with these redirections has run there:
# typed_by BEFORE AFTER COMMAND...
typed_by() {
  local before=$1 after=$2
  shift 2
  # Nothing is typed on the keyboard.
  [ -p "$place/keys" ] || mkfifo -m 666 "$place/keys"
  {
    echo "$before $* $after"
    # shellcheck disable=SC2016 # for the inner shell
    echo 'read -rt 0.3 -n 1 key; echo "<$key>"'
  } >"$place/shell"
  "${as[@]}" script -qec "bash $place/shell" /dev/null 5<>"$place/keys" <&5 3>&- 4>&-
}

# Where the terminal is: each of the descriptors, only the session's, or one above 2.
around=("" "" "" "</dev/null" "" "| cat" "" "2>/dev/null" "" ">/dev/null 2>&1" "" "</dev/null >/dev/null 2>&1"
  "echo |" "| cat" "" "</dev/null >/dev/null 2>&1 7<>/dev/tty")

# types_nothing CONTROL TOOL: two commands that run the attack; it can type below the first only.
types_nothing() {
  # "run" contains an i itself.
  local at control=$1 tool=$2 attack="$place/attack-terminal XY"
  for ((at = 0; at < ${#around[@]}; at += 2)); do
    run -0 typed_by "${around[at]}" "${around[at + 1]}" "$control $attack"
    [[ $output = *"<X>"* ]] || {
      echo "the attack does not work here: ${around[at]} $control ${around[at + 1]}: $output"
      return 1
    }
    run -0 typed_by "${around[at]}" "${around[at + 1]}" "$tool $attack"
    [[ $output = *"<>"* ]] || {
      echo "typed: ${around[at]} $tool ${around[at + 1]}: $output"
      return 1
    }
  done
}

@test "nothing is typed from another mount namespace" {
  as=()
  spawn_in mnt -m
  types_nothing "$nsenter -t $pid -m --" "nsx-enter -t $pid -m --"
}

@test "nothing is typed from another user namespace, as an ordinary user" {
  as=("${become_user[@]}")
  spawn as_user unshare -rm sleep 300
  wait_until has_left "$pid" mnt
  types_nothing "$nsenter -t $pid -U --preserve-credentials --" "nsx-enter -t $pid -U --"
}

@test "nothing is typed from another root directory" {
  as=()
  mkdir -p "$place/root$place" "$place/root/dev"
  cp "$place/attack-terminal" "$place/root$place/"
  mknod -m 666 "$place/root/dev/tty" c 5 0
  types_nothing "$nsenter --uts=/proc/self/ns/uts --root=$place/root --" "nsx-enter --root=$place/root --"
  types_nothing "chroot $place/root" "nsx-unshare --root $place/root --"
}

@test "nothing is typed from a pin's user namespace" {
  as=()
  # Not below a directory that others can write to, which nsx-pin would reject.
  pins=$(mktemp -d /tmp/nsx-pins.XXXXXX)
  nsx-pin add --dir "$pins" --map-root-user hostile
  exec="nsx-pin exec --dir $pins"
  types_nothing "$exec --no-pty --keep-fds hostile --" "$exec hostile --" || failed=1
  nsx-pin rm --dir "$pins" hostile
  rm -r "$pins"
  [ -z "${failed-}" ]
}

@test "options that pass the terminal on are noted: --no-pty, --no-fork, the name nsenter" {
  as=()
  spawn_in mnt -m
  ln -s "$(command -v nsx-enter)" "$place/nsenter"
  for tool in "nsx-enter --no-pty" "nsx-enter --no-fork" "$place/nsenter"; do
    run -0 typed_by "" "" "$tool -t $pid -m -- $place/attack-terminal X"
    [[ $output = *"<X>"* ]]
  done
}

# Kills a tool with a raw terminal by each signal, in one shell on a terminal, and prints a line for each signal
# with the outcome. The shell has no job control: a stopped tool has to be continued by hand.
# shellcheck disable=SC2016 # for the inner shell
each_signal='
exec 2>/dev/null
settings() { stty -g </dev/tty; }
before=$(settings)
state() { sed "s/.*) \(.\).*/\1/" /proc/$1/stat; }
until_true() { for ((n = 0; n < 1000; n++)); do if eval "$1"; then return; fi; sleep 0.02; done; echo "in vain: $1"; }
for signal in $signals; do
  rm -f $place/ready
  (
    until_true "[ -s $place/ready ] && [ \"\$(settings)\" != \"$before\" ]"
    read -r parent program <$place/ready
    kill -$signal $parent
    case $signal in
      TSTP | TTIN | TTOU)
        until_true "[ \"\$(state $parent)\" = T ]"
        [ "$(settings)" = "$before" ] || echo "$signal: raw while it is stopped"
        kill -CONT $parent
        until_true "[ \"\$(settings)\" != \"$before\" ]"
        kill -TERM $parent ;;
      CHLD | CONT | URG | WINCH) kill -TERM $parent ;;
    esac
    # The process that inherits it may be slow to wait for it.
    until_true "[ ! -e /proc/$program ] || [ \"\$(state $program)\" = Z ]"
  ) &
  $tool -- sh -c "echo \$PPID \$\$ >$place/ready; exec sleep 300" 2>/dev/null
  status=$?
  after=$(settings)
  wait
  case $signal in
    TSTP | TTIN | TTOU | CHLD | CONT | URG | WINCH) want=TERM ;;
    *) want=$signal ;;
  esac
  if [ "$after" != "$before" ]; then echo "$signal: left raw"; stty "$before"; fi
  if [ "$status" != $((128 + $(kill -l $want))) ]; then echo "$signal: status $status"; fi
done
echo all done
'

restores_its_terminal() {
  local tool=$1 signals=$2
  printf 'tool=%q signals=%q place=%q\n%s' "$tool" "$signals" "$place" "$each_signal" >"$place/shell"
  [ -p "$place/keys" ] || mkfifo -m 666 "$place/keys"
  run -0 script -qec "ulimit -c 0; bash $place/shell" /dev/null 5<>"$place/keys" <&5 3>&- 4>&-
  [ "${output%$'\r'}" = "all done" ] || {
    echo "$output"
    return 1
  }
}

every_signal="HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT TSTP TTIN TTOU
  URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX"

@test "whatever signal ends nsx-enter, the terminal is restored and the program ends" {
  spawn_in mnt -m
  restores_its_terminal "nsx-enter -t $pid -m" "${every_signal//$'\n'/}"
}

# bats test_tags=slow
@test "the same with --pty, and with nsx-unshare, which ignores INT and TERM" {
  restores_its_terminal "nsx-enter -t $$ -u --pty" "USR1 ALRM SEGV ABRT TSTP XCPU"
  restores_its_terminal "nsx-unshare --pty" "USR1 ALRM SEGV ABRT XCPU"
}

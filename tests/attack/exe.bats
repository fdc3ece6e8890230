# SPDX-License-Identifier: MIT
# A program that belongs to the target has a handle of the file that its process executed before. No file of the
# host may be reached through its /proc/self/exe (CVE-2019-5736, runc).
load ../lib/common
load ../lib/pins
load attack

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  # A directory that an ordinary user can reach.
  work=$(mktemp -d /tmp/nsx-attack.XXXXXX)
  chmod 777 "$work"
  root=$work/root
  hostile_root "$root"
}

teardown() {
  end_spawned
  rm -rf --one-file-system "$work"
}

# A copy of a program that an attack may overwrite: $victim.
make_victim() {
  original=$1
  victim=$work/${1##*/}
  cp "$original" "$victim"
  chmod 755 "$victim"
}

is_intact() {
  cmp -s "$original" "$victim"
}

is_overwritten() {
  ! is_intact
}

# Runs the victim until it is overwritten.
attack_once() {
  "${runner[@]}" "$victim" "$@" >/dev/null 2>&1 3>&- 4>&- || true
  is_intact
}

# Whether the attack succeeds. A file that is executed is busy: the attack waits until no process executes it.
attack_wins() {
  repeat attack_once "$@" || return 0
  sleep 0.5
  is_overwritten
}

runner=()

@test "a script in the target cannot overwrite nsx-enter" {
  contain "$root" -m -- /bin/sleep 300
  make_victim "$nsenter"
  attack_wins -t "$pid" -m -- /bin/script
  make_victim "$(command -v nsx-enter)"
  for options in "-m" "-a" "-m -S 1000 -G 1000" "-r -w" "-m -e" "-m --pty"; do
    run ! attack_wins -t "$pid" $options -- /bin/script
  done
  # By a relative name in the target's directory, without entering its root.
  run ! attack_wins -t "$pid" -w -- bin/script
}

@test "a script in the target cannot overwrite an nsx-enter that waits for it" {
  contain "$root" -mp -- /bin/sleep 300
  make_victim "$nsenter"
  attack_wins -t "$pid" -m -p -- /bin/script
  make_victim "$(command -v nsx-enter)"
  for options in "-m -p" "-a" "-a -S 1000 -G 1000" "-a --kill-child"; do
    run ! attack_wins -t "$pid" $options -- /bin/script
  done
}

@test "a script in an ordinary user's container cannot overwrite that user's nsx-enter" {
  contain "$root" as_user -rmp -- /bin/sleep 300
  runner=("${become_user[@]}")
  make_victim "$nsenter"
  chown "$ordinary_uid" "$victim"
  attack_wins -t "$pid" -U -m -p --preserve-credentials -- /bin/script
  make_victim "$(command -v nsx-enter)"
  chown "$ordinary_uid" "$victim"
  for options in "-U -m -p" "-a"; do
    run ! attack_wins -t "$pid" $options -- /bin/script
  done
}

@test "a script below a new root cannot overwrite nsx-unshare" {
  mount -t proc proc "$root/proc"
  make_victim /usr/bin/unshare
  control=lost result=()
  if attack_wins --root="$root" -- /bin/script; then control=won; fi
  make_victim "$(command -v nsx-unshare)"
  for options in "" "-m" "-mpf --kill-child --mount-proc" "--all --init" "-U --map-root-user"; do
    if attack_wins $options --root="$root" -- /bin/script; then result+=("$options"); fi
  done
  umount "$root/proc"
  [ "$control" = won ]
  [ "${result[*]}" = "" ]
}

@test "a script in a pinned mount namespace cannot overwrite nsx-enter or nsx-pin" {
  # A mount namespace can only be pinned in an older one, by the count of one CPU.
  taskset -cp "$(taskset -cp "$BASHPID" | sed 's/.*: //; s/[,-].*//')" "$BASHPID"
  spawn unshare -m --propagation=slave -- sh -c 'mount -t tmpfs -o mode=755 run /run && exec sleep 300'
  runner=("$nsenter" -t "$pid" -m --)
  wait_until runs "$pid" sleep
  contain "$root" -m -- /bin/sleep 300
  make_victim "$nsenter"
  attack_wins -t "$pid" -m -- /bin/script
  "${runner[@]}" nsx-pin add hostile -m -t "$pid"
  result=()
  make_victim "$(command -v nsx-enter)"
  if attack_wins -t pin:hostile -m -- /bin/script; then result+=("nsx-enter"); fi
  make_victim "$(command -v nsx-pin)"
  if attack_wins exec hostile -- /bin/script; then result+=("nsx-pin"); fi
  [ "${result[*]}" = "" ]
  # The attacked commands have run.
  run -0 "${runner[@]}" nsx-enter -t pin:hostile -m -- /bin/busybox echo ran
  [ "$output" = ran ]
  run -0 "${runner[@]}" nsx-pin exec hostile -- /bin/busybox echo ran
  [ "$output" = ran ]
}

# Without the right to trace, which would give it the entering process itself.
@test "a process in the target finds no file of the host through the exe of entering processes" {
  make_victim "$(command -v nsx-enter)"
  read -r device inode < <(stat -c '%d %i' "$victim")
  contain "$root" -mp -- /bin/attack-overwrite --watch "$device" "$inode"
  for options in "-m -p" "-a" "-a -S 1000 -G 1000"; do
    run ! attack_wins -t "$pid" $options -- /bin/id
    run ! attack_wins -t "$pid" $options -- /bin/script
  done
}

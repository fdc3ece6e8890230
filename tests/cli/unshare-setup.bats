# SPDX-License-Identifier: MIT
# What nsx-unshare sets up for the program: clocks, host name, loopback, binfmt_misc, environment.
load ../lib/common

@test "--monotonic and --boottime: the clocks of a new time namespace" {
  run -0 nsx-unshare -T --monotonic=3600 --boottime=-5 -- cat /proc/self/timens_offsets
  [ "$(words ${lines[0]})" = "monotonic 3600 0" ]
  [ "$(words ${lines[1]})" = "boottime -5 0" ]
  run -0 as_user nsx-unshare -rT --boottime 100000000 -- cut -d. -f1 /proc/uptime
  run -0 as_user nsx-unshare -rTf --boottime 100000000 -- cut -d. -f1 /proc/uptime
  [ "$output" -gt 100000000 ]
}

# bats test_tags=any-kernel
@test "clocks without a new time namespace, or out of range, are errors" {
  run -1 nsx-unshare --monotonic=1 true
  [ "$output" = "nsx-unshare: --monotonic needs --time" ]
  run -1 nsx-unshare -n --boottime=1 true
  [ "$output" = "nsx-unshare: --boottime needs --time" ]
  run -1 nsx-unshare -T --boottime=x true
  [[ "$output" = *"invalid offset 'x': expected a whole number of seconds"* ]]
  run -1 nsx-unshare -T --boottime=-9000000000 true
  [[ "$output" = *"Numerical result out of range"$'\n'"hint: choose a smaller offset: a clock must not become negative or overflow" ]]
}

# bats test_tags=slow
@test "--hostname: implies a new UTS namespace" {
  before=$(uname -n)
  run -0 nsx-unshare --hostname blue -- uname -n
  [ "$output" = blue ]
  run -0 as_user nsx-unshare -r --hostname=blue -- uname -n
  [ "$output" = blue ]
  [ "$(uname -n)" = "$before" ]
  run -1 nsx-unshare --hostname "$(printf 'x%.0s' {1..65})" true
  [[ "$output" = *"it is longer than 64 bytes"* ]]
}

# bats test_tags=slow
@test "--lo: the loopback interface is up, in a new network namespace" {
  run -0 nsx-unshare -n -- ip -br link show lo
  [[ "$output" = *"<LOOPBACK>"* ]]
  run -0 nsx-unshare --lo -- ip -br link show lo
  [[ "$output" = *"<LOOPBACK,UP"* ]]
  run -0 as_user nsx-unshare -r --lo -- ip -br addr show lo
  [[ "$output" = *127.0.0.1/8* ]]
}

# bats test_tags=slow,rootless
@test "--clear-env and --whitelist-env: the environment of the program" {
  export NSX_A=1 NSX_B='two words' NSX_C=
  run -0 nsx-unshare --clear-env -- /usr/bin/env
  [ -z "$output" ]
  run -0 nsx-unshare --whitelist-env=NSX_B,NSX_C,NSX_D -- /usr/bin/env
  [ "$(sort <<<"$output")" = $'NSX_B=two words\nNSX_C=' ]
  for order in "--clear-env --whitelist-env=NSX_A" "--whitelist-env=NSX_A --clear-env"; do
    run -0 nsx-unshare $order -- /usr/bin/env
    [ "$output" = NSX_A=1 ]
  done
  run -0 nsx-unshare --whitelist-env NSX_A --whitelist-env NSX_B -- /usr/bin/env
  [ "$(sort <<<"$output")" = $'NSX_A=1\nNSX_B=two words' ]
  # The program is then searched for in the usual directories.
  run -0 nsx-unshare --clear-env -- env
  [ -z "$output" ]
}

@test "--all: all kinds, as in a container" {
  inside='id -u; echo $$; echo /proc/[0-9]*; stat -L -c %i /proc/self/ns/*'
  for as in "" as_user; do
    run -0 $as nsx-unshare --all -- sh -c "$inside"
    [ "${lines[0]} ${lines[1]}" = "0 2" ]
    [[ "${lines[2]}" = "/proc/1 /proc/2"* ]]
    [[ "${lines[2]}" != *"/proc/$$"* ]]
    for file in /proc/self/ns/*; do
      ! grep -qx "$(stat -L -c %i "$file")" <<<"$output" || {
        echo "--all leaves the program in $file"
        return 1
      }
    done
  done
  # Root keeps all its ids and rights.
  run -0 nsx-unshare --all -- cat /proc/self/uid_map
  [ "$(words $output)" = "0 0 4294967295" ]
  run -0 as_user nsx-unshare --all -c -- id -u
  [ "$output" = $ordinary_uid ]
}

# bats test_tags=slow
@test "after --pid alone a hint says that /proc shows the old namespace" {
  hint="nsx-unshare: note: /proc still shows the old PID namespace (--mount-proc mounts a new one)"
  for options in -p -pf "-pn --fork"; do
    run -0 --separate-stderr nsx-unshare $options -- true
    [ "$stderr" = "$hint" ]
  done
  # No hint if that is not so, or if the caller takes care of the mounts.
  for options in -n "-pf --mount-proc" -pm "-p --plan"; do
    run -0 --separate-stderr nsx-unshare $options -- true
    [ -z "$stderr" ]
  done
}

# bats test_tags=slow
@test "called unshare, it prints nothing that unshare does not" {
  ln -s "$(command -v nsx-unshare)" "$BATS_TEST_TMPDIR/unshare"
  run -0 "$BATS_TEST_TMPDIR/unshare" -pf -- sh -c 'echo $$'
  [ "$output" = 1 ]
  run -0 "$BATS_TEST_TMPDIR/unshare" -r -- id -u
  [ "$output" = 0 ]
}

# Whether a user namespace can have its own binfmt_misc, as from Linux 6.7 on. Otherwise only the refusal can be
# tested.
has_own_binfmt() {
  if unshare -r -m mount -t binfmt_misc none /mnt 2>/dev/null; then return; fi
  run -1 nsx-unshare -r --mount-binfmt=/mnt -- echo wrong
  [[ "$output" = *"cannot mount binfmt_misc on /mnt"* && "$output" != *wrong* ]] || {
    echo "$output"
    exit 1
  }
  return 1
}

# bats test_tags=rootless
@test "--mount-binfmt and --load-interp: the program's own interpreters" {
  has_own_binfmt || return 0
  run -0 as_user nsx-unshare -r --mount-binfmt=/mnt -- ls /mnt
  [ "${lines[*]}" = "register status" ]
  printf 'NSXTEST what it says\n' >"$BATS_TEST_TMPDIR/program"
  chmod 755 "$BATS_TEST_TMPDIR/program"
  run -0 nsx-unshare -r --load-interp=":nsx-test:M::NSXTEST::$(command -v cat):" -pf -- \
    "$BATS_TEST_TMPDIR/program"
  [ "$output" = "NSXTEST what it says" ]
  run -0 as_user nsx-unshare -r -pf -l ":nsx-test:M::NSXTEST::$(command -v cat):" -- \
    ls /proc/sys/fs/binfmt_misc
  [[ " ${lines[*]} " = *" nsx-test "* ]]
  [ ! -e /proc/sys/fs/binfmt_misc/nsx-test ]
  run -1 as_user nsx-unshare -r -pf -l nonsense true
  [[ "$output" = *"cannot register the interpreter nonsense: Invalid argument"$'\n'"hint: write it as :NAME:TYPE"* ]]
}

# bats test_tags=slow,rootless
@test "--load-interp with F and --root: the interpreter is the one outside" {
  has_own_binfmt || return 0
  root=$BATS_TEST_TMPDIR/root
  make_root "$root" sh
  mkdir -p "$root/proc"
  printf 'NSXTEST what it says\n' >"$root/inside/program"
  chmod -R a+rX "$BATS_TEST_TMPDIR"
  chmod 755 "$root/inside/program"
  # Statically linked like busybox, as its libraries are not in the new root.
  interpreter=$(command -v busybox || true)
  if [ -z "$interpreter" ]; then
    interpreter=$(command -v cat)
    for file in $(ldd "$interpreter" | grep -o '/[^ ]*'); do
      mkdir -p "$root/$(dirname "$file")"
      cp -L "$file" "$root/$file"
    done
  else
    ln -s "$interpreter" "$BATS_TEST_TMPDIR/cat"
    interpreter=$BATS_TEST_TMPDIR/cat
  fi
  [ ! -e "$root/$interpreter" ]
  run -0 nsx-unshare -r -pf --root="$root" -l ":nsx-test:M::NSXTEST::$interpreter:F" -- /inside/program
  [ "$output" = "NSXTEST what it says" ]
}

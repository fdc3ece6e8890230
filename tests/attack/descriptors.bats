# SPDX-License-Identifier: MIT
# The caller's descriptors other than the three standard ones must not reach a target.
load ../lib/common
load attack

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  echo secret >"$BATS_TEST_TMPDIR/secret"
}

# The descriptors above 2 that a program finds open, as words.
# shellcheck disable=SC2016 # for the inner shell
look='for fd in 3 4 5 6 7 8 9 63; do if [ -e /proc/self/fd/$fd ]; then echo $fd; fi; done'
found() {
  # bats has 3 and 4 open.
  run -0 "$@" -- sh -c "$look" 3<"$BATS_TEST_TMPDIR/secret" 4>&- 7<"$BATS_TEST_TMPDIR" 9</dev/null
  words $output
}

@test "no descriptor gets into another mount or user namespace, or another root" {
  spawn_in mnt -m
  mount_target=$pid
  spawn as_user unshare -rn sleep 300
  user_target=$pid
  wait_until has_left "$pid" net
  [ "$(found "$nsenter" -t "$mount_target" -m)" = "3 7 9" ]
  [ "$(found "$nsenter" -t "$user_target" -U)" = "3 7 9" ]
  for options in "-t $mount_target -m" "-t $mount_target -a" "-t $user_target -U" "-t $user_target -a" \
    "-t $mount_target --root" "--root=/" "-t $mount_target -m --no-pty" "-t $mount_target -m -F" \
    "-t $mount_target -m --kill-child"; do
    [ "$(found nsx-enter $options)" = "" ] || {
      echo "through: $options"
      return 1
    }
  done
  [ "$(found nsx-unshare --root /)" = "" ]
}

# bats test_tags=any-kernel
@test "--keep-fds gives all descriptors or the listed ones, as do the peers' names" {
  spawn_in mnt -m
  [ "$(found nsx-enter -t "$pid" -m --keep-fds)" = "3 7 9" ]
  [ "$(found nsx-enter -t "$pid" -m --keep-fds=9,3)" = "3 9" ]
  [ "$(found nsx-enter -t "$pid" -m --keep-fds=7)" = "7" ]
  [ "$(found nsx-unshare --root / --keep-fds=7)" = "7" ]
  ln -s "$(command -v nsx-enter)" "$BATS_TEST_TMPDIR/nsenter"
  ln -s "$(command -v nsx-unshare)" "$BATS_TEST_TMPDIR/unshare"
  [ "$(found "$BATS_TEST_TMPDIR/nsenter" -t "$pid" -m)" = "3 7 9" ]
  [ "$(found "$BATS_TEST_TMPDIR/nsenter" -t "$pid" -m --keep-fds=7)" = "7" ]
  [ "$(found "$BATS_TEST_TMPDIR/unshare" --root=/)" = "3 7 9" ]
  # A program of the caller keeps them, as nobody else is involved.
  [ "$(found nsx-enter -t "$pid" -n)" = "3 7 9" ]
  # Process substitution.
  run -0 nsx-enter -t "$pid" -m --keep-fds -- cat <(echo given)
  [ "$output" = given ]
}

# bats test_tags=any-kernel
@test "--keep-fds: a closed or invalid descriptor is rejected" {
  for list in 77 x '' 3,,4 -1 99999999999; do
    run -1 nsx-enter -t $$ -m "--keep-fds=$list" -- echo wrong
    [[ $output = *"cannot keep descriptor 77 open"* || $output = *"invalid file descriptor '"* ]]
    [[ $output != *wrong* ]]
  done
}

# bats test_tags=any-kernel
@test "--status-fd is written, and does not leak into the target" {
  spawn_in mnt -m
  run -0 nsx-enter -t "$pid" -m --status-fd 7 -- sh -c "$look" 7>"$BATS_TEST_TMPDIR/status"
  [ "$output" = "" ]
  [ "$(jq -r .event "$BATS_TEST_TMPDIR/status" | tr '\n' ' ')" = "started ended " ]
}

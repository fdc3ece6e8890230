# SPDX-License-Identifier: MIT
# The program, or the shell, is one that exists inside the target. If none exists, an error says so; nothing meant
# for a container ever runs on the host.
# shellcheck disable=SC2154 # set by bats and the loaded files
load ../lib/common
load ../lib/containers

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  root=$BATS_TEST_TMPDIR/root
  chmod 755 "$BATS_TEST_TMPDIR"
}

teardown() {
  end_spawned
}

# Whether a command with these options runs in all namespaces of the target: runs_inside OPTION...
runs_inside() {
  local kind inside
  for kind in mnt uts ipc net pid cgroup; do
    inside=$(nsx-enter -t "$pid" "$@" -- sh -c "stat -L -c %i /proc/self/ns/$kind")
    [ "$inside" = "$(ns_of "$pid" $kind)" ] || {
      echo "$*: $kind is $inside"
      return 1
    }
  done
}

@test "a target without a kind is entered as a whole, whatever other options are given" {
  make_busybox_root "$root" sh stat pwd
  mkdir -p "$root/etc/deep" "$root/sub/bin" "$root/sub/proc"
  in_root "$root"
  for options in "" -w -r "-r -w" -w=/etc -r=/ -W=/etc -e "-S 0 -G 0"; do
    # shellcheck disable=SC2086 # a list of words
    runs_inside $options
  done
  # Directories are the target's, even if the host has them as well.
  run -0 nsx-enter -t "$pid" -w=/etc/deep -- pwd
  [ "$output" = /etc/deep ]
  run -0 nsx-enter -t "$pid" --wd=/etc/deep -- pwd
  [ "$output" = /etc/deep ]
  cp "$root/bin/busybox" "$root/sub/bin/pwd"
  run -0 nsx-enter -t "$pid" -r=/sub -- /bin/pwd
  [ "$output" = / ]
  run -1 nsx-enter -t "$pid" -w=/usr/share -- pwd
  [ "$output" = "nsx-enter: cannot change the working directory to /usr/share: No such file or directory" ]
  # Links in it do not lead out of it.
  ln -s /proc/1/root/../../../usr "$root/out"
  run -1 nsx-enter -t "$pid" -r=/out/share -- pwd
}

@test "with a kind, a named directory is the caller's, as in nsenter" {
  in_all
  run -0 nsx-enter -t "$pid" -u -w="$BATS_TEST_TMPDIR" -- pwd
  [ "$output" = "$BATS_TEST_TMPDIR" ]
}

@test "the caller's own user namespace alone is not enough to enter" {
  in_all
  for options in -U "-U -w" "-U -w=/" "-U -e"; do
    # shellcheck disable=SC2086 # a list of words
    run -1 nsx-enter -t "$pid" $options -- true
    [ "$output" = "nsx-enter: cannot enter the user namespace of PID $pid: it is already yours, and no other namespace is requested"$'\n'"hint: add --all to enter all of its namespaces" ]
  done
  # As in setns(2) and nsenter.
  run -1 nsenter -t "$pid" -U true
  run -0 nsx-enter -t "$pid" -U -u -- stat -L -c %i /proc/self/ns/uts
  [ "$output" = "$(ns_of "$pid" uts)" ]
}

# bats test_tags=rootless
@test "a directory after an option that takes it with = is not a program" {
  for option in -w -r -W; do
    case $option in -w) long=--wd ;; -r) long=--root ;; -W) long=--wdns ;; esac
    run -1 nsx-enter -t $$ -u $option /etc
    [ "${lines[0]}" = "nsx-enter: cannot run /etc: it is a directory" ]
    [ "${lines[1]}" = "hint: did you mean $long=/etc?" ]
  done
}

# The shell that is started without a program, as it identifies itself.
started_shell() {
  nsx-enter -t "$pid" "$@" <<<'echo "$0"; exit'
}

@test "the shell is that of the target's user, \$SHELL, /bin/bash or /bin/sh, whichever exists" {
  make_busybox_root "$root" sh ash
  in_root "$root"
  export SHELL=/bin/zsh
  run -0 started_shell
  [ "$output" = -sh ]
  SHELL=/bin/ash run -0 started_shell
  [ "$output" = -ash ]
  # For the UID that the program will have; a shell that rejects logins does not count.
  printf '%s\n' 'root:x:0:0::/root:/bin/ash' 'www:x:33:33::/:/usr/sbin/nologin' 'gone:x:34:34::/:/bin/gone' \
    >"$root/etc/passwd"
  run -0 started_shell
  [ "$output" = -ash ]
  for uid in 33 34 35; do
    run -0 started_shell -S $uid -G $uid
    [ "$output" = -sh ]
  done
  run -0 nsx-enter -t "$pid" --plan
  [[ "${lines[-1]}" = *". run /bin/ash as a login shell" ]]
  # With the files of the host, the shell is the host's.
  SHELL=/bin/bash run -0 nsx-enter -t "$pid" -u --plan
  [[ "${lines[-1]}" = *". run /bin/bash as a login shell" ]]
}

@test "a hostile user database in the target does no harm" {
  make_busybox_root "$root" sh
  in_root "$root"
  export SHELL=/bin/sh
  ln -s /proc/1/root/etc/passwd "$root/etc/passwd"
  run -0 started_shell
  rm "$root/etc/passwd"
  mkfifo "$root/etc/passwd"
  run -0 started_shell
  rm "$root/etc/passwd"
  head -c 3000000 /dev/zero | tr '\0' x >"$root/etc/passwd"
  run -0 started_shell
  printf 'root:x:0:0::/root:/bin\0/x\nroot:::::\n:::\nroot:x:0:0::/:relative\n' >"$root/etc/passwd"
  run -0 started_shell
  [ "$output" = -sh ]
}

@test "no shell: reported with the way to the host's programs, and predicted by --plan" {
  make_busybox_root "$root" true
  in_root "$root"
  for plan in "" --plan; do
    # shellcheck disable=SC2086 # a word or none
    SHELL=/bin/zsh run -1 nsx-enter -t "$pid" $plan
    [ "$output" = "nsx-enter: cannot find a shell in the files of PID $pid: tried /bin/zsh, /bin/bash, /bin/sh"$'\n'"hint: give a program that exists there; to use the host's programs: nsx-enter -t $pid --tools" ]
  done
  run -0 nsx-enter -t "$pid" -n -u -i -p -- bash -c 'stat -L -c %i /proc/self/ns/net'
  run -0 nsx-enter -t "$pid" -- true
}

@test "a missing program: reported with the searched place, and predicted by --plan" {
  make_busybox_root "$root" sh
  in_root "$root"
  local said
  said="cannot execute bash: No such file or directory"$'\n'"hint: check that it exists in the files of PID $pid, in /usr/bin:/bin; to use the host's programs: nsx-enter -t $pid --tools -- bash"
  PATH=/usr/bin:/bin run -127 "$(command -v nsx-enter)" -t "$pid" -- bash
  [ "$output" = "nsx-enter: $said" ]
  PATH=/usr/bin:/bin run -0 --separate-stderr "$(command -v nsx-enter)" -t "$pid" --plan -- bash
  [ "$stderr" = "nsx-enter: note: $said" ]
  [[ "${lines[-1]}" = *". run bash" ]]
  run -0 --separate-stderr nsx-enter -t "$pid" --plan -- sh
  [ -z "$stderr" ]
  run -127 nsx-enter -t "$pid" -- /usr/bin/env
  [ "$output" = "nsx-enter: cannot execute /usr/bin/env: No such file or directory"$'\n'"hint: check that it exists in the files of PID $pid; to use the host's programs: nsx-enter -t $pid --tools -- /usr/bin/env" ]
  # Those of the host are found as usual.
  run -127 nsx-enter -t "$pid" -u -- nsx-no-such-program
  [ "$output" = "nsx-enter: cannot execute nsx-no-such-program: No such file or directory" ]
}

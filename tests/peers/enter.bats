# SPDX-License-Identifier: MIT
# nsx-enter enters what nsenter enters, with the same options.
load ../lib/common

setup() {
  spawned=()
  # As a script calls it: by the peer's name.
  ours=$BATS_TEST_TMPDIR/bin/nsenter
  mkdir "$BATS_TEST_TMPDIR/bin"
  chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/bin"
  ln -s "$(command -v nsx-enter)" "$ours"
}

# The program's view of its surroundings. The namespaces of pid and time are those of the children, too.
look='pwd; set -- /proc/self/fd/*; echo "$#"; set --
  for f in /proc/self/ns/*; do [ ! -e $f ] || set -- "$@" $f; done; stat -L -c "%n %i" / "$@"
  grep -E "^(Uid|Gid|Groups|Cap)" /proc/self/status'

same() {
  local theirs mine their_status=0 our_status=0
  theirs=$("${as[@]}" nsenter "$@" -- sh -c "$look" 2>&1) || their_status=$?
  mine=$("${as[@]}" "$ours" "$@" -- sh -c "$look" 2>&1) || our_status=$?
  diff <(echo "$theirs") <(echo "$mine") || {
    echo "nsenter and nsx-enter differ: $*"
    return 1
  }
  [ $their_status = 0 ] && [ $our_status = 0 ]
}

container() {
  spawn "$@" --fork --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
}

# bats test_tags=slow
@test "as root: one kind, several, all, by the target and by files" {
  as=()
  container unshare -muinpCT
  for options in -m -u -i -n -p -C -T "-m -p" "-p -F" "-u -i -n" -a "-a -r" "-a -w" "-a -F" "-W/usr -n" "-m -W/tmp" "-n --wdns=/etc" "-a -r -w" "-n -w/usr" \
    "-S 12 -G 34 -u" "--mount --uts --ipc --net --pid --cgroup --time" \
    "--net=/proc/$pid/ns/net --uts" "-n/proc/$pid/ns/net -u/proc/$pid/ns/uts"; do
    same -t "$pid" $options
  done
}

@test "as root into a user namespace" {
  as=()
  container unshare -rmuinpCT
  for options in -U "-U --preserve-credentials" -a "-a --preserve-credentials" "-U -S 0 -G 0" "-U -m -r"; do
    same -t "$pid" $options
  done
}

# bats test_tags=any-kernel,rootless
@test "as an ordinary user into their own container" {
  as=("${become_user[@]}")
  container as_user unshare -rmuinpCT
  for options in "-U --preserve-credentials" "-U -m --preserve-credentials" "-a --preserve-credentials" \
    "-U -n -p --preserve-credentials"; do
    same -t "$pid" $options
  done
}

# bats test_tags=slow
@test "--root takes the working directory along, which nsenter leaves outside" {
  cd /usr
  run -0 nsenter -t $$ -u --root=/ -- pwd
  [ "$output" = /usr ]
  run -0 nsx-enter -t $$ -u --root=/ -- pwd
  [ "$output" = / ]
}

# bats test_tags=slow
@test "the exit status is the same" {
  for arguments in "true" "false" "sh -c 'exit 42'" "sh -c 'kill -TERM \$\$'" "/" "nsx-no-such-program"; do
    for options in -u -p; do
      theirs=0
      eval "nsenter -t $$ $options -- $arguments" 2>/dev/null || theirs=$?
      mine=0
      eval "$ours -t $$ $options -- $arguments" 2>/dev/null || mine=$?
      [ $theirs = $mine ]
    done
  done
}

@test "a network namespace that ip netns made" {
  run -0 unshare -m -- bash -c '
    mkdir -p /run/netns
    mount -t tmpfs none /run/netns
    ip netns add blue
    stat -c %i /run/netns/blue
    nsx-enter --net=/run/netns/blue -- stat -L -c %i /proc/self/ns/net
    ip netns exec blue stat -L -c %i /proc/self/ns/net
    ip netns del blue'
  [ "${#lines[@]}" = 3 ]
  [ "$(printf '%s\n' "${lines[@]}" | sort -u | wc -l)" = 1 ]
}

# bats test_tags=rootless
@test "a sandbox that bubblewrap made" {
  spawn bwrap --unshare-all --die-with-parent --bind / / --proc /proc --dev /dev -- sleep 300
  outer=$pid
  inner() { pgrep -x sleep --ns "$1"; }
  deepest() { ps -o pid= --ppid "$1" | tr -d ' '; }
  wait_until deepest "$outer"
  # bwrap's own init is between it and the program.
  inner_sleep() { target=$(pgrep -P "$(deepest "$outer")" -x sleep); }
  wait_until inner_sleep
  run -0 nsx-enter -t "$target" -a --preserve-credentials -- sh -c \
    'stat -L -c %i /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/uts /proc/self/ns/ipc /proc/self/ns/pid'
  [ "${lines[*]}" = "$(for k in mnt net uts ipc pid; do ns_of "$target" $k; done | tr '\n' ' ' | sed 's/ $//')" ]
}

# bats test_tags=slow
@test "called nsenter, no hints are printed and no program runs without a namespace, as in its newer versions" {
  as=()
  container unshare -muinpCT
  run -0 "$ours" -t "$pid" -p -- true
  [ "$output" = "" ]
  run -0 nsx-enter -t "$pid" -p -- true
  [[ "$output" = "nsx-enter: note: /proc still shows the old PID namespace"* ]]
  for options in "" -w -w/usr -r --wdns=/usr "-S 5" -e; do
    run -1 "$ours" -t "$pid" $options -- echo ran
    [[ "$output" = *"nsx-enter: no namespace specified"$'\n'"hint: use --all to enter all namespaces of the target"* ]]
  done
  for options in "" -w/usr -r/ --wdns=/usr "-S 5" -F; do
    run -1 "$ours" $options -- echo ran
    [[ "$output" = *"nsx-enter: no namespace specified"* ]]
  done
}

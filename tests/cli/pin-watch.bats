# SPDX-License-Identifier: MIT
# nsx-pin monitor and wait: pins being added and removed.
load ../lib/common
load ../lib/pins

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  cd "$BATS_TEST_TMPDIR" || return
}

# Runs a script in a directory with a private /run: watching SCRIPT. The output of monitor is in the file "told".
watching() {
  in_own_run "$(declare -f told)
    : >told
    nsx-pin monitor ${with-} >told & monitor=\$!
    trap 'kill \$monitor' EXIT
    # It is ready when it reports the first pin.
    until grep -q 'probe' told; do
      nsx-pin add probe; nsx-pin rm probe
    done
    nsx-pin wait probe --gone
    $1
    nsx-pin add last ${last---ipc}; told 'last'
    grep -v probe told | grep -v last || true"
}

# Waits until monitor has reported it.
told() {
  local tries=0
  until grep -q -- "$1" told; do
    [ $((tries += 1)) -lt 500 ] || { echo "not told: $1" && cat told && exit 1; }
    sleep 0.02
  done
}

@test "monitor: add and del, by nsx-pin and by ip netns" {
  run -0 watching '
    nsx-pin add blue; told "add net blue"
    ip netns add red; told "add net red"
    nsx-pin rm blue; ip netns del red; told "del net red"'
  [ "$output" = "$(printf '%s\n' "add net blue" "add net red" "del net blue" "del net red")" ]
}

# bats test_tags=slow
@test "monitor: every kind, in directories that did not exist" {
  run -0 watching '
    ls /run
    nsx-pin add web --all; told "add uts web"
    nsx-pin rm web; told "del uts web"
    nsx-pin add web --uts; told "add uts web"'
  [ "${lines[0]}" = netns ]
  [ "$(printf '%s\n' "${lines[@]:1}" | sort)" = "$(
    for kind in $(all_kinds); do printf '%s\n' "add $kind web" "del $kind web"; done |
      sort - <(echo add uts web))" ]
}

# bats test_tags=any-kernel
@test "monitor: an add is reported once the namespace can be entered" {
  run -0 watching '
    mkdir -p /run/netns; nsx-pin add other; told "add net other"
    # As ip netns makes it, but slowly.
    touch /run/netns/blue
    nsx-pin add between; told "add net between"
    grep -c blue told || true
    mount --bind /run/netns/other /run/netns/blue; told "add net blue"
    nsx-pin exec blue -- true
    umount /run/netns/blue; rm /run/netns/blue; told "del net blue"
    # Pins with a setup program appear when the program has succeeded.
    nsx-pin add web --uts --ipc -- sh -c "touch /run/begun; until grep -q red told; do sleep 0.02; done; grep -c web told || true" &
    until [ -e /run/begun ]; do sleep 0.02; done
    nsx-pin add red
    wait $!
    told "add uts web"'
  [ "${lines[*]}" = "0 0 add net other add net between add net blue del net blue add net red add ipc web add uts web" ]
}

# bats test_tags=slow
@test "monitor: a pin that becomes stale, and no other event" {
  run -0 watching '
    nsx-pin add blue; told "add net blue"
    umount /run/netns/blue; told "stale net blue"
    rm /run/netns/blue; told "del net blue"
    touch /run/netns/half; told "stale net half"
    rm /run/netns/half; told "del net half"
    nsx-pin add shadow; told "add net shadow"
    mount -t tmpfs -o mode=755 none /run/netns; told "net shadow$" && until grep -q "del net shadow" told; do sleep 0.02; done
    nsx-pin add above; told "add net above"
    umount -l /run/netns; told "del net above"; until [ "$(grep -c "add net shadow" told)" = 2 ]; do sleep 0.02; done'
  [ "$(printf '%s\n' "${lines[@]}")" = "$(printf '%s\n' "add net blue" "stale net blue" "del net blue" "stale net half" \
    "del net half" "add net shadow" "del net shadow" "add net above" "del net above" "add net shadow")" ]
}

# bats test_tags=slow
@test "monitor --json, and --type" {
  with="--json -t uts -t net" last=--uts run -0 watching '
    nsx-pin add web --uts --ipc; told web
    stat -L -c %i /run/utsns/web'
  [ "${lines[1]}" = '{"event":"add","kind":"uts","name":"web","ns":'"${lines[0]}"',"path":"/run/utsns/web"}' ]
  [ "${#lines[@]}" = 2 ]
}

# bats test_tags=slow
@test "monitor: a name with a control character writes nothing to the terminal" {
  run -0 watching 'touch /run/netns/$'"'a\\033b'"'; told stale'
  [ "$output" = 'stale net a\x1bb' ]
}

# bats test_tags=slow
@test "monitor keeps no namespace alive" {
  run -0 watching '
    nsx-pin add blue; told "add net blue"
    ns=$(inode_of /run/netns/blue)
    nsx-pin rm blue; told "del net blue"
    nsx-ls -n -l -t net -o NS 2>/dev/null | grep -c "$ns" || true'
  [ "${lines[0]}" = 0 ]
}

# bats test_tags=slow
@test "monitor ends when its reader exits" {
  run -0 in_own_run '
    { nsx-pin monitor || echo "status $?" >&2; } 2>said | head -n 1 & reader=$!
    until [ ! -e /proc/$reader ]; do nsx-pin add blue; nsx-pin rm blue; sleep 0.02; done
    until grep -qs status said; do nsx-pin add blue; nsx-pin rm blue; sleep 0.02; done
    cat said'
  [[ $output == *"status 141" ]]
}

# bats test_tags=slow
@test "wait: for a pin that exists, appears, or is removed" {
  run -0 in_own_run '
    nsx-pin wait --gone blue
    nsx-pin add blue
    nsx-pin wait blue
    nsx-pin wait late & waiter=$!
    nsx-pin wait --gone blue & gone=$!
    kill -0 $waiter $gone
    nsx-pin rm blue; nsx-pin add late
    wait $waiter; wait $gone
    nsx-pin exec late -- true'
}

# bats test_tags=slow
@test "wait: for all kinds of --type, and for complete pins" {
  run -0 in_own_run '
    nsx-pin add blue
    fails nsx-pin wait blue --type uts --timeout 0
    fails nsx-pin wait blue --type uts --type net --timeout 0
    nsx-pin add other --uts
    nsx-pin wait --gone blue --type ipc --timeout 0
    touch /run/utsns/blue
    fails nsx-pin wait blue --timeout 0
    fails nsx-pin wait --gone blue --timeout 0
    nsx-pin wait blue --type net --timeout 0'
}

# bats test_tags=slow
@test "wait --timeout: 1 on timeout, 2 on failure" {
  run -1 in_own_run 'nsx-pin wait blue --timeout 0.05'
  [ "$output" = "nsx-pin wait: timed out waiting for pin 'blue'" ]
  run -1 in_own_run 'nsx-pin wait blue --timeout 50ms'
  run -1 in_own_run 'nsx-pin add blue; nsx-pin wait blue --gone --timeout 0'
  [ "$output" = "nsx-pin wait: timed out waiting for the removal of pin 'blue'" ]
  for wrong in "" "a b" "a/b" "blue --timeout -1" "blue --timeout x" "blue --timeout nan" "blue --timeout inf" \
    "blue --type nothing" "blue --dir /nonexistent"; do
    run -2 nsx-pin wait $wrong
  done
}

# bats test_tags=slow,rootless
@test "an ordinary user's pins are watched, and those of a killed holder are stale" {
  export XDG_RUNTIME_DIR
  XDG_RUNTIME_DIR=$(mktemp -d /tmp/nsx-runtime.XXXXXX)
  chown "$ordinary_uid:$ordinary_uid" "$XDG_RUNTIME_DIR"
  cd /
  spawn as_user sh -c "exec nsx-pin monitor >$XDG_RUNTIME_DIR/told"
  as_user nsx-pin wait late &
  waiter=$!
  until_told() { wait_until grep -q "$1" "$XDG_RUNTIME_DIR/told"; }
  wait_until test -e "$XDG_RUNTIME_DIR/told"
  until grep -qs probe "$XDG_RUNTIME_DIR/told"; do
    as_user nsx-pin add probe
    as_user nsx-pin rm probe
  done
  as_user nsx-pin add late
  wait "$waiter"
  until_told "add net late"
  as_user nsx-pin add blue --uts
  until_told "add uts blue"
  as_user nsx-pin rm blue
  until_told "del uts blue"
  kill -KILL "$(awk -v inode=":$(stat -c %i "$XDG_RUNTIME_DIR/nsx-pin-holder")" \
    '$2 == "POSIX" && substr($6, length($6) - length(inode) + 1) == inode { print $5 }' /proc/locks)"
  until_told "stale net late"
  as_user nsx-pin gc
  until_told "del net late"
  rm -rf "$XDG_RUNTIME_DIR"
}

# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats and the loaded file
# bats file_tags=slow
load ../lib/common

# Namespaces without a process: all that nsx-ls lists can be shown, entered and pinned by number.

teardown() {
  local file
  for file in /run/{net,time,user}ns/$own_name; do
    if [ -e "$file" ]; then umount "$file"; rm "$file"; fi
  done
  end_spawned
}

# Ends the process that made a namespace, so that only its other holders are left.
only_held() {
  kill -KILL "${spawned[0]}"
  wait_until is_gone "${spawned[0]}"
}

held_by_descriptor() {
  spawn_in net -n
  inode=$(ns_of "$pid" net) kind=net
  # shellcheck disable=SC2016 # for another shell
  spawn bash -c 'exec sleep 300 9<"/proc/$1/ns/net"' - "$pid"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  only_held
}

held_by_socket() {
  spawn_in net -n
  inode=$(ns_of "$pid" net) kind=net
  # It returns with a socket of the namespace, and without a descriptor of it.
  # shellcheck disable=SC2016 # for perl
  spawn perl -e 'use Socket; use POSIX;
    open(my $own, "<", "/proc/self/ns/net"); open(my $other, "<", "/proc/$ARGV[0]/ns/net");
    syscall(308, fileno($other), 0) == 0 or die; socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die;
    syscall(308, fileno($own), 0) == 0 or die; close $other; close $own; $0 = "holder"; POSIX::pause()' "$pid"
  wait_until grep -qsx holder "/proc/$pid/comm"
  only_held
}

# The time namespace that a process has made for its future children; it has none.
held_for_children() {
  kind='time'
  # shellcheck disable=SC2016 # for perl
  spawn perl -e 'use POSIX; syscall(272, 0x80) == 0 or die; $0 = "holder"; POSIX::pause()'
  wait_until grep -qsx holder "/proc/$pid/comm"
  inode=$(stat -L -c %i "/proc/$pid/ns/time_for_children")
}

# The middle one of three user namespaces, whose only process leaves it.
held_by_child() {
  kind=user
  spawn unshare -Ur -- unshare -Ur -- sleep 300
  wait_until grep -qs sleep "/proc/$pid/comm"
  inode=$(nsx-ls -J -l -p "$pid" -t user -o PNS 2>/dev/null | jq '.namespaces[0].pns')
}

held_by_distant_mount() {
  spawn_in net -n
  inode=$(ns_of "$pid" net) kind=net
  touch "$BATS_TEST_TMPDIR/distant"
  # shellcheck disable=SC2016 # for another shell
  spawn unshare -m --propagation private -- bash -c 'mount --bind "/proc/$1/ns/net" "$2" && exec sleep 300' - "$pid" "$BATS_TEST_TMPDIR/distant"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  only_held
}

@test "a namespace without a process can be shown, entered and pinned, whatever holds it" {
  for held in held_by_descriptor held_by_socket held_by_distant_mount held_for_children held_by_child; do
    for features in "" -listns,-ns-handle,-ns-id; do
      export NSX_KERNEL_FEATURES=$features
      $held
      run -0 --separate-stderr nsx-ls -l -n -r -P -t "$kind" -o NS
      grep -qx "$inode" <<<"$output"
      run -0 --separate-stderr nsx-ls -t "$kind" "$inode"
      [[ $output == *"ns:         $inode"* ]]
      run -0 --separate-stderr nsx-enter -t "ns:$inode" "--$kind" -- stat -L -c %i "/proc/self/ns/$kind"
      [ "$output" = "$inode" ]
      id=$(nsx-ls -l -n -r -t "$kind" -Q "NS == $inode" -o ID 2>/dev/null)
      if [ -n "$id" ]; then
        run -0 --separate-stderr nsx-enter "--$kind=:$id" -- stat -L -c %i "/proc/self/ns/$kind"
        [ "$output" = "$inode" ]
      fi
      run -0 nsx-pin add -t "ns:$inode" "$own_name"
      [ "$(stat -c %i "/run/${kind}ns/$own_name")" = "$inode" ]
      run -0 nsx-pin rm "$own_name"
      end_spawned
    done
  done
}

@test "a mount elsewhere is shown with its mount namespace and a process that sees it" {
  held_by_distant_mount
  mnt=$(ns_of "$pid" mnt)
  want="1 mount $BATS_TEST_TMPDIR/distant in mnt $mnt (sleep $pid)"
  run -0 --separate-stderr nsx-ls -l -n -P -t net -Q "NS == $inode" -o HELD-BY
  [ "$output" = "$want" ]
  run -0 --separate-stderr nsx-ls "$inode"
  [[ $output == *"held by:    $want"* ]]
  run -0 --separate-stderr nsx-ls -J "$inode"
  jq -e ".namespace[0].held_by == [{type: \"mount\", path: \"$BATS_TEST_TMPDIR/distant\", ns: $mnt, pid: $pid,
    command: \"sleep\"}]" <<<"$output"
}

@test "a namespace held only by a covered mount is shown as far as known" {
  spawn_in net -n
  inode=$(ns_of "$pid" net)
  touch "$BATS_TEST_TMPDIR/pin"
  # shellcheck disable=SC2016 # for another shell
  run -0 --separate-stderr unshare -m -- bash -c 'mount --bind "/proc/$1/ns/net" "$2" && mount --bind /etc/passwd "$2" &&
    kill -KILL "$1" && until ! kill -0 "$1" 2>/dev/null || [ "$(sed "s/.*) //" "/proc/$1/stat" 2>/dev/null | cut -c1)" = Z ]; do :; done
    nsx-ls "$3" && nsx-ls -J "$3" && nsx-ls -l -n -r -P -t net -o NS' - "$pid" "$BATS_TEST_TMPDIR/pin" "$inode"
  [ "${lines[0]}" = "type:       net" ] && [ "${lines[1]}" = "ns:         $inode" ]
  [ "${lines[2]}" = "held by:    1 mount $BATS_TEST_TMPDIR/pin" ]
  jq -e ".namespace[0].ns == $inode and any(.gaps[].text; contains(\"covered by another\"))" <<<"${lines[3]}"
  grep -qx "$inode" <<<"$output"
}

@test "a pid namespace for children is found before it has an init, in each way to read a process" {
  spawn unshare --pid sleep 300
  wait_until [ "$(ps -o comm= -p "$pid")" = sleep ]
  held="[.namespaces[] | select(.type == \"pid\") | .held_by[]? | select(.type == \"children\" and .pid == $pid)] | length"
  if ! nsx-ls --features | grep -qx "pidfd-ns yes"; then
    # Linux 6.1 shows it nowhere.
    [ "$(nsx-ls -J -o NS,TYPE,HELD-BY | jq "$held")" = 0 ]
    return
  fi
  for features in "" -pidfd-info -bpf,-pidfd-info; do
    [ "$(NSX_KERNEL_FEATURES=$features nsx-ls -J -o NS,TYPE,HELD-BY | jq "$held")" = 1 ]
  done
}

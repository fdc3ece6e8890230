# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # of tests/lib
# The programs in examples/, built against what is installed.
load ../lib/common
load ../lib/installed

# bats test_tags=rootless
@test "who: the processes in a namespace" {
  build_example "$NSX_SOURCE/examples/who.cc"
  run -0 "$BATS_TEST_TMPDIR/who" $$
  grep -q "^$$ bash " <<<"$output"
  [ "$(cut -d ' ' -f 1 <<<"$output" | grep -cx $$)" = 1 ]
  run -1 "$BATS_TEST_TMPDIR/who" 0
  [ "$output" = "who: invalid PID '0': expected a number above 0" ]
}

@test "enter: a program in all namespaces of a target, and its exit status" {
  build_example "$NSX_SOURCE/examples/enter.cc"
  spawn unshare -u -n sh -c 'hostname inside; exec sleep 300'
  wait_until runs "$pid" sleep
  run -0 "$BATS_TEST_TMPDIR/enter" "$pid" hostname
  [ "$output" = inside ]
  run -0 "$BATS_TEST_TMPDIR/enter" "pid:$pid" readlink /proc/self/ns/net
  [ "$output" = "net:[$(ns_of "$pid" net)]" ]
  run -3 "$BATS_TEST_TMPDIR/enter" "$pid" sh -c 'exit 3'
  run -1 "$BATS_TEST_TMPDIR/enter" pid:0 true
  [ "$output" = "enter: invalid PID '0': expected a number above 0" ]
}

@test "pin: new namespaces under a name, which ip and nsx find" {
  build_example "$NSX_SOURCE/examples/pin.cc"
  run -0 "$BATS_TEST_TMPDIR/pin" example
  [ "$output" = $'/run/netns/example\n/run/utsns/example' ]
  run -0 ip netns exec example ip -o link show up
  [[ $output = *"lo: "*LOOPBACK,UP* ]]
  run -0 nsx-enter -t example -- hostname
  [ "$output" = example ]
  run -1 "$BATS_TEST_TMPDIR/pin" example
  [[ $output = "pin: cannot "*example* ]]
  run -0 nsx-pin rm example
}

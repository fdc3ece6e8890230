#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# NSX_DEBUG: traces of what the library probes, looks up, reads and does.

load ../lib/common

# The traces of one area on stderr, without the PID.
traces() {
  sed -n "s/^nsx-[a-z]*\[[0-9]*\]: $1: //p" <<<"$stderr"
}

# bats test_tags=rootless
@test "NSX_DEBUG=plan shows each step as it is carried out, in whichever process" {
  NSX_DEBUG=plan run -0 --separate-stderr nsx-unshare -Ur --pid --fork --mount-proc -- echo inside
  [ "$output" = inside ]
  # The plan that --plan prints, without the privileges.
  plan=$(nsx-unshare -Ur --pid --fork --mount-proc --plan -- echo inside | sed 's/ (needs .*//; s/^[0-9]*\. //')
  [ "$(traces plan | sed 's/^step [0-9]* of [0-9]*: //')" = "$plan" ]
  count=$(wc -l <<<"$plan")
  traces plan | grep -q "^step 1 of $count: "
  # No lines of other areas, and at least two processes: the first of a PID namespace is 1.
  [ "$(wc -l <<<"$stderr")" = "$count" ]
  grep -q '^nsx-unshare\[1\]: plan: ' <<<"$stderr"
}

# bats test_tags=rootless
@test "NSX_DEBUG=plan shows the step that failed" {
  NSX_DEBUG=plan run -1 --separate-stderr nsx-unshare -Ur --wd=/nowhere -- true
  traces plan | grep -q '^step [0-9]* failed: .*/nowhere: No such file or directory$'
}

# bats test_tags=rootless
@test "NSX_DEBUG=probe shows which interfaces of the kernel work" {
  NSX_DEBUG=probe NSX_KERNEL_FEATURES=-pidfd-info run -0 --separate-stderr nsx-ls
  [ "$(traces probe | wc -l)" = "$(nsx-ls --features | wc -l)" ]
  traces probe | grep -qx 'pidfd-info: disabled'
}

# bats test_tags=rootless
@test "NSX_DEBUG=census counts what each source finds, and times it" {
  NSX_DEBUG=census run -0 --separate-stderr nsx-ls
  traces census | grep -qE '^process: [0-9]+.*, namespaces: [0-9]+ \([0-9]+\.[0-9]{2} ms\)$'
  traces census | grep -qE '^total: [0-9]+ namespaces, [0-9]+ processes, [0-9]+ holders$'
}

# bats test_tags=rootless
@test "NSX_DEBUG=target shows where a name was looked up" {
  NSX_DEBUG=target run ! --separate-stderr nsx-enter -t no-such-name -n true
  traces target | grep -qx 'pin:no-such-name: not found'
  traces target | grep -q '^container:no-such-name: not found'
  traces target | grep -q '^no-such-name is not usable: '
}

# bats test_tags=rootless
@test "hostile names in traces reach no terminal" {
  NSX_DEBUG=target run ! --separate-stderr nsx-enter -t $'pin:a\e[2Jb' -n true
  [[ $stderr != *$'\e'* ]]
  traces target | grep -qF 'pin:a\x1b[2Jb: not found'
}

# bats test_tags=rootless
@test "NSX_DEBUG=all is every area, a list is some" {
  NSX_DEBUG=all run ! --separate-stderr nsx-enter -t ns:4026531800 -- true
  for area in probe target; do [ -n "$(traces $area)" ]; done
  NSX_DEBUG=probe,census run -0 --separate-stderr nsx-ls
  for area in probe census; do [ -n "$(traces $area)" ]; done
  [ -z "$(traces target)" ]
}

# bats test_tags=rootless
@test "NSX_DEBUG=help lists the words, and an invalid word is ignored with the same line" {
  words='probe, target, census, plan or all'
  NSX_DEBUG=help run -0 --separate-stderr nsx-unshare -Ur -- echo ran
  [ "$output" = ran ]
  [ "$stderr" = "nsx-unshare: note: NSX_DEBUG is a comma-separated list of $words" ]
  NSX_DEBUG=frob,probe run -0 --separate-stderr nsx-ls
  [ "${stderr%%$'\n'*}" = "nsx-ls: note: unknown area 'frob' in NSX_DEBUG: expected $words" ]
  [ "$(traces probe | wc -l)" = "$(nsx-ls --features | wc -l)" ]
}

# bats test_tags=rootless
@test "an empty NSX_DEBUG traces nothing" {
  NSX_DEBUG='' run -0 --separate-stderr nsx-ls
  # A trace begins with "nsx-ls[PID]: "; a note about other processes of the machine may appear.
  [[ $stderr != *"nsx-ls["* ]]
}

@test "a set-user-ID process ignores NSX_DEBUG" {
  # The effective user is not the real one, as in a set-user-ID program.
  NSX_DEBUG=all run -0 --separate-stderr setpriv --ruid="$ordinary_uid" nsx-ls
  [[ $stderr != *"nsx-ls["* ]]
}

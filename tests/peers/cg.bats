# SPDX-License-Identifier: MIT
# nsx-cg beside systemd's and libcgroup's tools.
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
load ../lib/common
load ../lib/cgroups

# bats test_tags=host-only
@test "the tree has the cgroups and processes of systemd-cgls" {
  mkdir -p "$own/a/b" "$own/c"
  for where in a a a/b c; do sleeper_in "$own/$where"; done
  # systemd 257 has a heading. Both print "PID COMMAND", and the names of cgroups, at the end of lines of a tree;
  # systemd-cgls appends the number of a cgroup, and leaves out those without processes.
  simplified() { sed -E 's/^[^[:alnum:]]*//; s/ *\(#[0-9]+\)$//; s/ *$//' | grep -v "^Control group\|^CGroup /\|^/\|$mine$" | sort; }
  diff <(systemd-cgls --no-pager --full "/$mine" | simplified) <(nsx-cg tree -p -n -o NAME "/$mine" | simplified)
}

# bats test_tags=host-only
@test "process counts are those of systemd-cgtop" {
  mkdir -p "$own/a" "$own/b"
  for where in a b b; do sleeper_in "$own/$where"; done
  for each in a b; do
    theirs=$(systemd-cgtop -b -n 1 -P --depth=9 "/$mine" | awk -v name="/$mine/$each" '$1 == name { print $2 }')
    same=$(nsx-cg ls -d 0 -n -o PROCS "/$mine/$each" | xargs)
    [ "$theirs" = "$same" ]
  done
}

# bats test_tags=vm-only
@test "set and get agree with libcgroup's tools" {
  nsx-cg create "/$mine/a" memory=64M pids=20 cpu=0.5
  for key in memory.max pids.max cpu.max memory.current pids.current; do
    [ "$(cgget -nv -r "$key" "$mine/a")" = "$(nsx-cg get -v "/$mine/a" "$key")" ]
  done
  cgset -r memory.high=16777216 "$mine/a"
  [ "$(nsx-cg get -H "/$mine/a" memory.high)" = memory.high=16M ]
}

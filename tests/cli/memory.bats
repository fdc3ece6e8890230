# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
# Memory runs out: every allocation of a command fails once, one in each run (tests/memory). However far the
# command got, it has to end by itself with a message and the right status, and leave nothing.
load ../lib/common
load ../lib/cgroups

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  top=$(cgroup_top)
  own=$top/$mine
  helpers=$NSX_BUILD/tests/memory
  nothing=$helpers/nothing
  # A directory that the ordinary user reaches, too.
  place=$(mktemp -d /tmp/nsx-memory.XXXXXX)
  chmod 755 "$place"
  cp "$helpers/sweep" "$helpers/nothing" "$helpers/libfail-malloc.so" "$place"
  nothing=$place/nothing
}

teardown() {
  end_spawned
  rm -rf "$place"
  if [ -d "$own" ]; then wait_until remove_cgroups "$own"; fi
}

# With a private /run, where mounts of others do not come and go.
alone=(unshare -m --propagation=private sh -c 'mount -t tmpfs -o mode=755 run /run && nsx-pin add -n -u -p first &&
  nsx-pin rm first && exec "$@"' sh)
coarse=()
if [ -n "${NSX_VM:-}" ]; then coarse=(--coarse); fi

# Sweeps one command in each of the requested "ways".
ways=("" --full)
sweep() {
  local way
  for way in "${ways[@]}"; do
    echo "# $way ${*:0:20}"
    "${before[@]}" "${alone[@]}" "$place/sweep" $way --preload="$place/libfail-malloc.so" "${coarse[@]}" "$@" || return
  done
}
before=()

# bats test_tags=slow
@test "nsx-unshare: no failing allocation leaves anything" {
  sweep --statuses=1,126 -- nsx-unshare -u -- "$nothing"
  sweep --statuses=1,126 -- nsx-unshare --plan --json -m -u
  sweep --statuses=1,126 -- nsx-unshare -mufpr --mount-proc --kill-child -- "$nothing"
  sweep --statuses=1,126 -- nsx-unshare -fp --init --status-fd=1 -- "$nothing"
  sweep --statuses=1,126 --same=/run --undo='nsx-pin rm box' -- nsx-unshare --pin box -n -u -- "$nothing"
  sweep --statuses=1,126 --terminal -- nsx-unshare --pty -u -- "$nothing"
}

# bats test_tags=slow
@test "nsx-unshare in a new cgroup: no failing allocation leaves anything" {
  local limits=()
  mkdir "$own"
  # On a hybrid machine no controller is available.
  if grep -qw pids "$top/cgroup.controllers"; then limits=(--cgroup-limits=pids=100); fi
  sweep --statuses=1,126 --same="$own" -- nsx-unshare --into-cgroup="/$mine" "${limits[@]}" -u -- "$nothing"
}

# bats test_tags=slow
@test "nsx-enter: no failing allocation leaves anything" {
  spawn_in uts -u -n -f -p
  sweep --statuses=1,126 -- nsx-enter -t "$pid" -a -- "$nothing"
  sweep --statuses=1,126 -- nsx-enter -t "$pid" -n -e --status-fd=1 --kill-child -- "$nothing"
  sweep --statuses=1,126 --terminal -- nsx-enter -t "$pid" --pty -u -- "$nothing"
  sweep --statuses=1,126 -- nsx-enter --list-targets
}

# bats test_tags=slow
@test "nsx-ls: every failing allocation is reported" {
  spawn_in uts -u -n
  sweep --statuses=1,2 -- nsx-ls -p "$pid"
  sweep --statuses=1,2 -- nsx-ls -t uts -t net -J -o +CONTAINER,UNIT,HELD-BY
  sweep --statuses=1,2 -- nsx-ls -p "$pid" -T -Q 'NPROCS > 0 && COMMAND =~ "sleep"'
  sweep --statuses=2 -- nsx-ls --compare $$ $$
  sweep --statuses=1,2 -- nsx-ls "ns:$(ns_of "$pid" net)"
  sweep --statuses=1,2 -- nsx-ls --limits
  # With so few processes, a failing list of them leaves nothing known.
  before=(unshare --pid --fork --mount-proc)
  sweep --statuses=1,2 -- nsx-ls "ns:$(ns_of self net)"
}

# bats test_tags=slow
@test "nsx-pin: no failing allocation leaves a pin, or half of one" {
  sweep --statuses=1,2 --same=/run --undo='nsx-pin rm box' -- nsx-pin add box
  sweep --statuses=1,2 --same=/run --undo='nsx-pin rm box' -- nsx-pin add -n -u -p box -- "$nothing"
}

# bats test_tags=slow
@test "nsx-pin with existing pins: no failing allocation leaves anything" {
  local with_pins='mount -t tmpfs -o mode=755 run /run && nsx-pin add red && nsx-pin add -n -u blue && exec "$@"'
  alone=(unshare -m --propagation=private sh -c "$with_pins" sh)
  sweep --statuses=1,2 --same=/run -- nsx-pin ls -J
  # 2: before the command was known.
  sweep --statuses=1,2,126 --same=/run -- nsx-pin exec red -- "$nothing"
  sweep --statuses=1,2,126 --same=/run -- nsx-pin exec --all -- "$nothing"
  sweep --statuses=1,2 --same=/run -- nsx-pin identify $$
  sweep --statuses=1,2 --same=/run -- nsx-pin pids red
  sweep --statuses=2 --same=/run -- nsx-pin wait red
  sweep --statuses=1,2 --same=/run -- nsx-pin gc
  # Removes what would block the next run, or restores the pin.
  local again='nsx-pin exec red -- true 2>/dev/null || { nsx-pin gc && nsx-pin add red; }'
  sweep --statuses=1,2 --before="$again" -- nsx-pin rm red
}

# bats test_tags=slow,rootless
@test "nsx-pin of an ordinary user: no failing allocation leaves a pin, or the holder process" {
  mkdir "$place/run"
  # In the user namespace of the holder, root's directories below /tmp are unmapped.
  chown "$ordinary_uid:$ordinary_uid" "$place" "$place/run"
  export XDG_RUNTIME_DIR=$place/run
  chmod 755 "$place"
  alone=("${become_user[@]}")
  as_user nsx-pin add first
  as_user nsx-pin rm first
  sweep --statuses=1,2 --same="$place/run/netns" --undo='nsx-pin rm box' -- nsx-pin add box
}

# bats test_tags=slow
@test "nsx-cg: no failing allocation leaves a cgroup" {
  mkdir "$own"
  mkdir "$own/there"
  sweep --statuses=1,2 -- nsx-cg ls "/$mine"
  sweep --statuses=1,2 -- nsx-cg tree -p "/$mine"
  sweep --statuses=1,2 -- nsx-cg explain "/$mine/there"
  sweep --statuses=1,2 -- nsx-cg export "/$mine"
  sweep --statuses=1,2 --same="$own" --undo="rmdir $own/new/below $own/new" -- nsx-cg create "/$mine/new/below"
  sweep --statuses=1,2 --same="$own" -- nsx-cg set "/$mine/there" cgroup.max.depth=5
  sweep --statuses=1,2 --before="mkdir -p $own/there" -- nsx-cg rm "/$mine/there"
  mkdir -p "$own/there"
  # 2: before the command was known.
  sweep --statuses=1,2,126 --same="$own" -- nsx-cg run --into "/$mine" --stats -- "$nothing"
  sweep --statuses=1,2,126 --same="$own" -- nsx-cg exec "/$mine/there" -- "$nothing"
  sweep --statuses=1,2 -- nsx-cg top --batch --count=1 "/$mine"
}

# bats test_tags=slow
@test "nsx-cg top: the terminal is restored after every failing allocation" {
  mkdir "$own"
  export TERM=xterm
  # Each run waits for its second update.
  ways=("")
  sweep --statuses=1,2 --terminal -- nsx-cg top --count=1 --interval=0.1 "/$mine"
  ways=(--full) coarse=(--coarse)
  sweep --statuses=1,2 --terminal -- nsx-cg top --count=1 --interval=0.1 "/$mine"
}

# bats test_tags=needs-no-proc, any-kernel
@test "each tool under an address space limit ends with a message, or succeeds" {
  local arguments
  spawn_in uts -u -n
  ways=(--limit)
  # Many, as a small command needs less than its start has used.
  mapfile -t arguments < <(seq 20000)
  sweep --statuses=1,126 -- nsx-unshare -u -- "$nothing" "${arguments[@]}"
  sweep --statuses=1,126 --terminal -- nsx-enter -t "$pid" -a --pty -- "$nothing" "${arguments[@]}"
  sweep --statuses=1,2 -- nsx-ls
  sweep --statuses=1,2 --same=/run --undo='nsx-pin rm box' -- nsx-pin add -n -u box -- "$nothing" "${arguments[@]}"
  mkdir "$own"
  sweep --statuses=1,2,126 --same="$own" -- nsx-cg run --into "/$mine" -- "$nothing" "${arguments[@]}"
}

# bats test_tags=needs-no-proc,rootless
@test "an out-of-memory message names the command, and its status is no answer" {
  # The first allocations are the C++ runtime's and those of the options.
  touch "$place/mark"
  echo - >"$place/mark"
  fails() {
    local at=$1
    shift
    run env LD_PRELOAD="$place/libfail-malloc.so" NSX_FAIL_MARK="$place/mark" NSX_FAIL_FULL=1 NSX_FAIL_AT="$at" "$@"
  }
  fails 3 nsx-unshare -u -- "$nothing"
  [ "$status $output" = "1 nsx-unshare: out of memory" ]
  fails 3 nsx-enter -t $$ -u -- "$nothing"
  [ "$status $output" = "1 nsx-enter: out of memory" ]
  fails 3 nsx-ls --compare $$ $$
  [ "$status $output" = "2 nsx-ls: out of memory" ]
  fails 9 nsx-pin wait nowhere
  [ "$status $output" = "2 nsx-pin wait: out of memory" ]
  fails 9 nsx-cg run -- "$nothing"
  [ "$status $output" = "2 nsx-cg run: out of memory" ]
}

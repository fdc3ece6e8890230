# SPDX-License-Identifier: MIT
# nsx-cg without controllers: on hybrid machines as well.
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
load ../lib/common
load ../lib/cgroups

# --- Names ---------------------------------------------------------------------------------------

# bats test_tags=slow
@test "a cgroup is named by its path, its directory, a process, or as the caller's own" {
  mkdir -p "$own/a/b"
  sleeper_in "$own/a/b"
  for name in "/$mine/a/b" "$mine/a/b/" "$own/a/b" "pid:$pid"; do
    run -0 nsx-cg ls -n -o NAME "$name"
    [ "$output" = "/$mine/a/b" ]
  done
  run -0 sh -c "echo \$\$ >'$own/a/cgroup.procs'; nsx-cg ls -r -n -o NAME .; nsx-cg ls -n -o NAME ./b"
  [ "$output" = "/$mine/a
/$mine/a/b
/$mine/a/b" ]
}

# bats test_tags=slow
@test "names that lead elsewhere, or nowhere, are rejected" {
  run -1 nsx-cg ls "/$mine/../.."
  [[ $output == *"'..' is not allowed"* ]]
  run -1 nsx-cg ls "/$mine/none"
  [ "$output" = "nsx-cg ls: no cgroup named '/$mine/none' in $top" ]
  run -1 nsx-cg ls "pid:0"
  run -1 nsx-cg create "/$mine/a"$'\n'"b"
  [[ $output == *"it contains a line feed or a NUL"* ]]
  run -1 nsx-cg create "/$mine/cgroup.procs"
  [[ $output == *"a cgroup or file of this name already exists"* ]]
  [ "$(find "$own" -mindepth 1 -type d)" = "" ]
}

# bats test_tags=slow
@test "a name with any byte that the kernel accepts is shown safely, and found" {
  local name=$'e\e[31m \t\\x "q" \xff'
  mkdir "$own/$name"
  run -0 nsx-cg ls -n -o NAME "/$mine"
  [[ $output != *$'\e'* ]]
  run -0 --separate-stderr nsx-cg tree "/$mine"
  [[ $output != *$'\e'* ]]
  run -0 nsx-cg ls -n -o PROCS "/$mine/$name"
  [ "$(words $output)" = 0 ]
  run -0 nsx-cg ls -J -o NAME "/$mine"
  jq -e . <<<"$output" >/dev/null
  run -1 nsx-cg export "/$mine"
  [[ $output == *"its name is not UTF-8"* ]]
  nsx-cg rm "/$mine/$name"
  [ ! -e "$own/$name" ]
}

# bats test_tags=slow
@test "a unit and a container are found by their cgroups, with their descendants" {
  local id
  id=$(printf 'c%.0s' {1..64})
  mkdir -p "$own/nsx-test.service/inner" "$own/docker-$id.scope/init"
  sleeper_in "$own/nsx-test.service/inner"
  sleeper_in "$own/docker-$id.scope/init"
  run -0 nsx-cg ls -d 0 -n -o NAME unit:nsx-test
  [ "$output" = "/$mine/nsx-test.service" ]
  run -0 nsx-cg ls -d 0 -r -n -o NAME,CONTAINER "container:${id:0:20}"
  [ "$output" = "/$mine/docker-$id.scope cccccccccccc" ]
  run -0 nsx-cg which "$pid" unit:nsx-test
  [ "$output" = "/$mine/docker-$id.scope/init
/$mine/nsx-test.service/inner" ]
}

# bats test_tags=slow
@test "in a cgroup namespace, paths begin at its root" {
  mkdir "$own/inside"
  run -0 sh -c "echo \$\$ >'$own/inside/cgroup.procs'
    exec unshare --cgroup --mount sh -c 'mount -t cgroup2 none /mnt && umount -l /sys/fs/cgroup && exec nsx-cg ls -r -n -o NAME,PROCS .'"
  [[ $output == "/ "* ]]
}

# --- Views ---------------------------------------------------------------------------------------

# bats test_tags=any-kernel
@test "the numbers match the kernel's files" {
  mkdir -p "$own/a/b"
  sleeper_in "$own/a/b"
  sleeper_in "$own/a/b"
  sleeper_in "$own/a"
  while read -r name procs threads frozen type; do
    [ "$procs" = "$(wc -l <"$top$name/cgroup.procs")" ]
    [ "$threads" = "$(wc -l <"$top$name/cgroup.threads")" ]
    [ "$frozen" = no ]
    [ "$type" = "$(cat "$top$name/cgroup.type")" ]
  done < <(nsx-cg ls -r -n -o NAME,PROCS,THREADS,FROZEN,TYPE "/$mine")
  run -0 nsx-cg ls -n -o NAME "/$mine"
  [ "$output" = "/$mine
/$mine/a
/$mine/a/b" ]
}

# bats test_tags=slow
@test "rows are sorted, filtered and limited" {
  mkdir -p "$own/a" "$own/b"
  sleeper_in "$own/b"
  run -0 nsx-cg ls -r -n -o NAME,PROCS --sort=-PROCS "/$mine"
  [ "${lines[0]}" = "/$mine/b 1" ]
  run -0 nsx-cg ls -n -o NAME -Q 'PROCS > 0' "/$mine"
  [ "$output" = "/$mine/b" ]
  run -0 nsx-cg ls -n -o NAME -d 0 "/$mine"
  [ "$output" = "/$mine" ]
  run -0 --separate-stderr nsx-cg ls -n -o +TYPE -d 0 "/$mine"
  [[ $output == *domain ]]
  run -2 nsx-cg ls -o NAME,NONE
  [[ $output == *"unknown column 'NONE': expected one of "* ]]
  run -2 nsx-cg ls -Q 'NONE > 1'
}

# bats test_tags=slow
@test "the tree has the processes" {
  mkdir -p "$own/a"
  sleeper_in "$own/a"
  run -0 nsx-cg tree -p -n -o NAME "/$mine"
  [[ ${lines[0]} == "/$mine"* ]]
  [[ ${lines[1]} == *a* ]]
  [[ ${lines[2]} == *"$pid sleep 300"* ]]
  # Names, which are as long as command lines, come last, without padding.
  run -0 --separate-stderr nsx-cg tree -p "/$mine"
  [ "${lines[0]}" = "PROCS MEM NAME" ] || [ "${lines[0]}" = "PROCS NAME" ]
  [[ ${lines[1]} == *" /$mine" ]]
  [[ ${lines[3]} == *"$pid sleep 300" ]]
  run -0 --separate-stderr nsx-cg tree -p -o +THREADS "/$mine"
  [[ ${lines[0]} == *"THREADS NAME" ]]
  run -0 nsx-cg tree -p -o NAME,THREADS "/$mine"
  [[ ${lines[0]} == NAME*THREADS ]]
  # A terminal has a limited width.
  run -0 script -qec "stty cols 30; nsx-cg tree -p '/$mine' 2>/dev/null" /dev/null
  for line in "${lines[@]}"; do [ "${#line}" -le 31 ]; done
  run -0 nsx-cg tree -p -J -o NAME,PROCS "/$mine"
  [ "$(jq -r '.cgroups[1].processes[0] | "\(.pid) \(.command)"' <<<"$output")" = "$pid sleep 300" ]
}

# bats test_tags=slow
@test "a busy loop keeps one CPU busy, as the rates show" {
  mkdir "$own/busy"
  spawn sh -c 'while :; do :; done'
  echo "$pid" >"$own/busy/cgroup.procs"
  before=$(awk '$1 == "usage_usec" { print $2 }' "$own/busy/cpu.stat")
  run -0 nsx-cg ls -J -o CPU% --interval=500ms "/$mine/busy"
  after=$(awk '$1 == "usage_usec" { print $2 }' "$own/busy/cpu.stat")
  # No more than the total use during the half second.
  jq -e --argjson used "$((after - before))" \
    '.cgroups[0].cpu_percent | . > 0 and . <= $used / 5000 + 1' <<<"$output"
}

# bats test_tags=any-kernel
@test "cgroups that come and go during a listing do no harm" {
  spawn bash -c "while :; do mkdir -p '$own'/{1,2,3,4,5,6,7,8}/{a,b}; rmdir '$own'/{1,2,3,4,5,6,7,8}/{a,b}; rmdir '$own'/{1,2,3,4,5,6,7,8}; done"
  local rounds=20
  if [ -n "${NSX_VM:-}" ]; then rounds=5; fi
  for _ in $(seq "$rounds"); do
    run -0 --separate-stderr nsx-cg ls -r -n -o NAME,PROCS,TYPE,FROZEN,CPU-PSI "/$mine"
    [ -z "$stderr" ]
    [ "${lines[0]%% *}" = "/$mine" ]
  done
  end_spawned
}

# --- Making, removing, moving --------------------------------------------------------------------

# bats test_tags=any-kernel
@test "a cgroup is created with its ancestors, and removed" {
  nsx-cg create "/$mine/a/b/c"
  [ -d "$own/a/b/c" ]
  run -1 nsx-cg create "/$mine/a/b/c"
  [[ $output == *"it already exists"* ]]
  nsx-cg create -p "/$mine/a/b/c"
  run -1 nsx-cg rm "/$mine/a"
  [[ $output == *"it contains other cgroups"$'\n'"hint: add -r to remove them, too" ]]
  sleeper_in "$own/a/b"
  run -1 nsx-cg rm -r "/$mine/a"
  [[ $output == *"add --kill to kill them"* ]]
  [ -d "$own/a/b" ]
  # A cgroup that cannot be removed is not killed either.
  run -1 nsx-cg rm --kill "/$mine/a"
  [[ $output == *"it contains other cgroups"$'\n'"hint: add -r to remove them, too" ]]
  kill -0 "$pid"
  nsx-cg rm -r --kill "/$mine/a"
  [ ! -e "$own/a" ]
  wait_until is_gone "$pid" || wait "$pid" || true
}

# bats test_tags=slow
@test "the root, and the cgroup of this command, cannot be removed, killed or frozen" {
  for command in "rm -r" kill freeze; do
    run -1 nsx-cg $command /
    [[ $output == *"it is the top of the tree"* ]]
  done
  run -1 sh -c "echo \$\$ >'$own/cgroup.procs'; nsx-cg kill '/$mine'"
  [[ $output == *"this command runs in it" ]]
  run -1 sh -c "echo \$\$ >'$own/cgroup.procs'; nsx-cg freeze '/$mine'"
  [[ $output == *"this command runs in it" ]]
}

# bats test_tags=slow
@test "--dry-run prints the changes and makes none" {
  run -0 nsx-cg create --dry-run "/$mine/a b/c" cgroup.max.depth=3
  [ "$output" = "mkdir '$own/a b'
mkdir '$own/a b/c'
echo 3 > '$own/a b/c/cgroup.max.depth'" ]
  [ ! -e "$own/a b" ]
  sh -ec "$output"
  [ "$(cat "$own/a b/c/cgroup.max.depth")" = 3 ]
}

# bats test_tags=any-kernel
@test "processes are moved individually, or all of a cgroup" {
  mkdir "$own/from" "$own/from/below" "$own/to"
  sleeper_in "$own/from"
  first=$pid
  nsx-cg mv "$first" "/$mine/to"
  is_in "$first" "$own/to"
  sleeper_in "$own/from/below"
  sleeper_in "$own/from"
  nsx-cg mv "cgroup:/$mine/from" "/$mine/to"
  [ "$(wc -l <"$own/to/cgroup.procs")" = 3 ]
  run -1 nsx-cg mv 999999999 "/$mine/to"
}

# bats test_tags=any-kernel
@test "settings are set all or none" {
  nsx-cg set "/$mine" cgroup.max.depth=5 cgroup.max.descendants=7
  [ "$(nsx-cg get -v "/$mine" cgroup.max.depth cgroup.max.descendants | xargs)" = "5 7" ]
  run -1 nsx-cg set "/$mine" cgroup.max.depth=9 cgroup.max.descendants=x
  [[ $output == *"write 'x' to $own/cgroup.max.descendants: the kernel rejects this value" ]]
  [ "$(nsx-cg get "/$mine" cgroup.max.depth)" = cgroup.max.depth=5 ]
  run -2 nsx-cg set "/$mine" memory=lots
  run -2 nsx-cg set "/$mine" cgroup.procs=1
  run -1 nsx-cg set "/$mine/none" cgroup.max.depth=1
  [ ! -e "$own/none" ]
}

# bats test_tags=any-kernel
@test "the kernel's limits of the tree are shown" {
  nsx-cg set "/$mine" cgroup.max.descendants=1
  nsx-cg create "/$mine/a"
  run -1 nsx-cg create "/$mine/b"
  [[ $output == *"/b: /$mine has reached its cgroup.max.descendants of 1" ]]
  # Cgroups created on the way are removed again.
  nsx-cg rm "/$mine/a"
  run -1 nsx-cg create "/$mine/c/d"
  [ ! -e "$own/c" ]
  nsx-cg set "/$mine" cgroup.max.descendants=max cgroup.max.depth=1
  run -1 nsx-cg create "/$mine/c/d"
  [[ $output == *"/c/d: /$mine has reached its cgroup.max.depth of 1" ]]
  [ ! -e "$own/c" ]
}

# bats test_tags=any-kernel
@test "create nests no deeper than rm -r removes" {
  local deep=/$mine long=/$mine
  for _ in $(seq 199); do deep+=/d; done
  nsx-cg create "$deep"
  run -1 nsx-cg create "$deep/e"
  [[ $output == *"/d/e: it would be nested deeper than 200 levels" ]]
  run -1 nsx-cg run --into="$deep" --name=e -- true
  [[ $output == *"nested deeper than 200 levels"* ]]
  nsx-cg rm -r "/$mine/d"
  [ ! -e "$own/d" ]
  for _ in $(seq 20); do long+=/$(printf '%0220d' 0); done
  run -1 nsx-cg create "$long"
  [[ $output == *"its path would be longer than 4095 bytes"* ]]
  [ -z "$(find "$own" -mindepth 1 -type d)" ]
}

# bats test_tags=slow
@test "apply restores the output of export, all or nothing" {
  mkdir -p "$own/a/b"
  nsx-cg set "/$mine/a" cgroup.max.depth=5
  nsx-cg set "/$mine/a/b" cgroup.max.depth=2
  nsx-cg export "/$mine/a" >"$BATS_TEST_TMPDIR/kept"
  nsx-cg apply --into="/$mine/copy" "$BATS_TEST_TMPDIR/kept"
  [ "$(cat "$own/copy/cgroup.max.depth" "$own/copy/b/cgroup.max.depth" | xargs)" = "5 2" ]
  diff <(nsx-cg export "/$mine/copy") "$BATS_TEST_TMPDIR/kept"
  run -0 nsx-cg apply --dry-run --into="/$mine/copy" "$BATS_TEST_TMPDIR/kept"
  [ "$output" = "" ]

  nsx-cg set "/$mine/copy" cgroup.max.depth=9
  jq '.cgroups[1].settings["cgroup.max.descendants"] = "none"' "$BATS_TEST_TMPDIR/kept" >"$BATS_TEST_TMPDIR/bad"
  run -1 nsx-cg apply --into="/$mine/copy" - <"$BATS_TEST_TMPDIR/bad"
  [ "$(cat "$own/copy/cgroup.max.depth")" = 9 ]
  run -1 nsx-cg apply --into="/$mine/new" "$BATS_TEST_TMPDIR/bad"
  [ ! -e "$own/new" ]
  jq '.cgroups[1].path = "../a"' "$BATS_TEST_TMPDIR/kept" >"$BATS_TEST_TMPDIR/bad"
  run -1 nsx-cg apply --into="/$mine/copy" "$BATS_TEST_TMPDIR/bad"
  [[ $output == *"is not below the first cgroup" ]]
  run -1 nsx-cg apply /dev/null
  [[ $output == *"it is not valid JSON" ]]
}

# --- Killing, freezing, waiting ------------------------------------------------------------------

# Starts processes that fork as fast as possible, in $own/storm.
fork_storm() {
  mkdir -p "$own/storm/below"
  cat >"$BATS_TEST_TMPDIR/storm" <<'END'
trap '' TERM
storm() { while :; do (:) & done; }
storm & storm & (echo 0 >"$1/below/cgroup.procs"; storm) &
storm
END
  spawn bash -c 'echo 0 >"$1/cgroup.procs"; exec bash "$2" "$1"' - "$own/storm" "$BATS_TEST_TMPDIR/storm"
  wait_until is_populated "$own/storm/below"
}

@test "a tree that forks as fast as it can is frozen, thawed and killed" {
  fork_storm
  nsx-cg freeze "/$mine/storm"
  grep -qx 'frozen 1' "$own/storm/cgroup.events"
  before=$(sort "$own/storm/cgroup.procs" "$own/storm/below/cgroup.procs" | xargs)
  sleep 0.2
  [ "$(sort "$own/storm/cgroup.procs" "$own/storm/below/cgroup.procs" | xargs)" = "$before" ]
  nsx-cg thaw "/$mine/storm"
  grep -qx 'frozen 0' "$own/storm/cgroup.events"
  nsx-cg kill "/$mine/storm"
  nsx-cg wait --empty --timeout=20s "/$mine/storm"
}

@test "a signal other than KILL reaches each process of a tree once" {
  mkdir -p "$own/a/b"
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  for where in a a a/b; do
    spawn bash -c 'echo 0 >"$1/cgroup.procs"; trap "echo got >>\"$2\"" USR1; touch "$3.$$"; while :; do read -t 1 <>"$4" || :; done' \
      - "$own/$where" "$BATS_TEST_TMPDIR/got" "$BATS_TEST_TMPDIR/ready" "$BATS_TEST_TMPDIR/fifo"
  done
  all_ready() { [ "$(find "$BATS_TEST_TMPDIR" -name 'ready.*' | wc -l)" = 3 ]; }
  wait_until all_ready
  nsx-cg kill -s USR1 "/$mine/a"
  got_three() { [ "$(wc -l <"$BATS_TEST_TMPDIR/got")" = 3 ]; }
  wait_until got_three
  sleep 0.2
  got_three
  grep -qx 'frozen 0' "$own/a/cgroup.events"
  run -2 nsx-cg kill -s NONE "/$mine/a"
}

@test "a frozen cgroup in which a command would hang is reported" {
  mkdir -p "$own/a/b"
  sleeper_in "$own/a/b"
  nsx-cg freeze "/$mine/a"
  why="its ancestor /$mine/a is frozen"$'\n'"hint: nsx-cg thaw /$mine/a"
  run -1 nsx-cg exec "/$mine/a/b" -- true
  [ "$output" = "nsx-cg exec: cannot join the cgroup /$mine/a/b: $why" ]
  run -1 nsx-cg run --into="/$mine/a/b" -- true
  [ "$output" = "nsx-cg run: cannot run a program below the cgroup /$mine/a/b: $why" ]
  run -1 nsx-unshare --into-cgroup="/$mine/a/b" -- true
  [[ $output == *"$why" ]]
  run -1 nsx-cg wait "/$mine/a/b"
  [ "$output" = "nsx-cg wait: cannot wait for the cgroup /$mine/a/b: $why" ]
  run -124 nsx-cg wait --timeout=50ms "/$mine/a/b"
  [[ $output == *"$why" ]]
  run -1 nsx-cg wait --pressure=cpu=1%/2s "/$mine/a"
  [[ $output == *"/$mine/a: it is frozen"$'\n'"hint: nsx-cg thaw /$mine/a" ]]
  # Conditions that need no action of its processes are answered.
  nsx-cg wait --populated "/$mine/a/b"
  nsx-cg wait --frozen "/$mine/a/b"
  mkdir "$own/a/empty"
  nsx-cg wait "/$mine/a/empty"
  run -1 nsx-cg thaw "/$mine/a/b"
  [ "$output" = "nsx-cg thaw: cannot thaw the cgroup /$mine/a/b: $why" ]
  spawn sleep 300
  run -1 nsx-cg mv "$pid" "/$mine/a/b"
  [ "$output" = "nsx-cg mv: cannot move processes to the cgroup /$mine/a/b: $why" ]
  nsx-cg mv --force "$pid" "/$mine/a/b"
  is_in "$pid" "$own/a/b"
  run -0 nsx-cg kill -s URG "/$mine/a/b"
  [[ $output == *"/$mine/a/b is frozen: its processes handle the signal once thawed" ]]
  run -1 nsx-cg rm -r "/$mine/a"
  [[ $output == *"it contains processes"$'\n'"hint: add --kill to kill them" ]]
  nsx-cg rm -r --kill "/$mine/a"
  [ ! -e "$own/a" ]
}

@test "waiting for events" {
  mkdir "$own/a"
  run -124 nsx-cg wait --populated --timeout=100ms "/$mine/a"
  nsx-cg wait --empty "/$mine/a"
  spawn sleep 300
  sleeper=$pid
  nsx-cg wait --populated --timeout=20s "/$mine/a" &
  waiter=$!
  echo "$sleeper" >"$own/a/cgroup.procs"
  wait "$waiter"
  nsx-cg wait --frozen --timeout=20s "/$mine/a" &
  waiter=$!
  nsx-cg freeze "/$mine/a"
  wait "$waiter"
  nsx-cg thaw "/$mine/a"
  nsx-cg wait --timeout=20s "/$mine/a" &
  waiter=$!
  kill "$sleeper"
  wait "$waiter"
}

# bats test_tags=any-kernel
@test "removed means empty, and the cgroup alone" {
  mkdir "$own/a" "$own/b"
  # No timeout ends this wait.
  nsx-cg wait --populated "/$mine/b" 2>"$BATS_TEST_TMPDIR/error" 3>&- 4>&- &
  waiter=$!
  spawned+=("$waiter")
  has_opened() { find "/proc/$waiter/fd" -lname "*cgroup.events" 2>/dev/null | grep -q .; }
  wait_until has_opened
  rmdir "$own/b"
  wait_until grep -q "it has been removed" "$BATS_TEST_TMPDIR/error"
  status=0
  wait "$waiter" || status=$?
  [ "$status" -eq 1 ]
}

@test "waiting for pressure" {
  mkdir "$own/busy"
  nsx-cg wait --pressure=cpu=1%/2s --timeout=60s "/$mine/busy" &
  waiter=$!
  for _ in 1 2 3 4 5 6 7 8; do
    spawn sh -c 'while :; do :; done'
    echo "$pid" >"$own/busy/cgroup.procs"
  done
  wait "$waiter"
  end_spawned
  run -2 nsx-cg wait --pressure=cpu=1%/20s "/$mine/busy"
  [[ $output == *"expected a time from 0.5 to 10 seconds"* ]]
  run -2 nsx-cg wait --pressure=disk=1%/2s "/$mine/busy"
  run -2 nsx-cg wait --pressure=cpu=100%/2s "/$mine/busy"
  run -2 nsx-cg wait --empty --populated "/$mine/busy"
}

# --- run -----------------------------------------------------------------------------------------

# The processes in the test's own cgroup: empty when everything that ran there has ended.
nothing_below() {
  [ -z "$(find "$own" -mindepth 1 -type d)" ]
}

@test "run starts the program inside, passes its status on, and leaves nothing" {
  for features in "" -into-cgroup; do
    run -7 env NSX_KERNEL_FEATURES=$features nsx-cg run --into="/$mine" --name=job -- \
      sh -c 'cat /proc/self/cgroup; exit 7'
    [[ $output == *"0::/$mine/job"* ]]
    nothing_below
    run -127 env NSX_KERNEL_FEATURES=$features nsx-cg run --into="/$mine" -- /none
    nothing_below
    run -126 env NSX_KERNEL_FEATURES=$features nsx-cg run --into="/$mine" -- /etc
    nothing_below
  done
  run nsx-cg run --into="/$mine" -- sh -c 'kill -USR1 $$'
  [ "$status" -eq $((128 + $(kill -l USR1))) ]
  nothing_below
}

# bats test_tags=any-kernel
@test "run kills what the program leaves running, unless told to keep it" {
  nsx-cg run --into="/$mine" --name=a/b -- sh -c 'sleep 300 & setsid sleep 300 &'
  nothing_below
  nsx-cg run --into="/$mine" --name=kept --keep -- sh -c 'sleep 300 >/dev/null 2>&1 3>&- &'
  [ "$(wc -l <"$own/kept/cgroup.procs")" = 1 ]
}

# bats test_tags=any-kernel
@test "run passes signals on, and cleans up when it is killed itself" {
  # shellcheck disable=SC2016 # for the inner shell
  spawn nsx-cg run --into="/$mine" --name=job -- \
    sh -c 'trap "exit 3" TERM; touch "$1"; while :; do sleep 0.1; done' - "$BATS_TEST_TMPDIR/trapped"
  runner=$pid
  wait_until test -e "$BATS_TEST_TMPDIR/trapped"
  kill "$runner"
  status=0
  wait "$runner" || status=$?
  [ "$status" -eq 3 ]
  nothing_below
  spawn nsx-cg run --into="/$mine" --name=job -- sh -c 'sleep 300 & sleep 300'
  runner=$pid
  wait_until has_child "$runner" sh
  kill -KILL "$runner"
  wait_until nothing_below
}

# Kills a command at each system call from its first look at a cgroup on; no cgroup may be left each time:
# killed_at_each_call COMMAND...
killed_at_each_call() {
  local n first last
  command -v strace >/dev/null || cannot "find strace"
  strace -qq -o "$BATS_TEST_TMPDIR/trace" "$@"
  first=$(grep -n -m 1 cgroup "$BATS_TEST_TMPDIR/trace" | cut -d : -f 1)
  last=$(wc -l <"$BATS_TEST_TMPDIR/trace")
  for ((n = first; n <= last; n++)); do
    strace -qq -o /dev/null -e inject=all:signal=KILL:when="$n" "$@" >/dev/null 2>&1 || true
    wait_until nothing_below || {
      echo "killed at call $n: $(sed -n "${n}p" "$BATS_TEST_TMPDIR/trace")"
      return 1
    }
  done
  [ "$last" -gt "$((first + 10))" ]
}

# bats test_tags=slow, host-only
@test "run leaves no cgroup, whenever it is killed" {
  killed_at_each_call nsx-cg run --into="/$mine" --name=a/job cgroup.max.depth=3 -- true
  run -0 killed_at_each_call nsx-unshare --into-cgroup="/$mine" --cgroup-limits=cgroup.max.depth=3 -- true
}

# bats test_tags=slow
@test "run reports the usage at the end" {
  run -0 --separate-stderr nsx-cg run --into="/$mine" --stats -- sh -c 'i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; echo out'
  [ "$output" = out ]
  [[ $stderr == *"CPU time: 0."*" s (user "* ]]
  run -0 --separate-stderr nsx-cg run --into="/$mine" --stats --json -- true
  jq -e '.cpu_usec > 0' <<<"$stderr"
  nothing_below
}

# bats test_tags=slow
@test "run without a program, or with bad limits, is an error that leaves nothing" {
  run -2 nsx-cg run --into="/$mine" pids=5
  [[ $output == *"missing program: put it after '--'"* ]]
  run -2 nsx-cg run --into="/$mine" memory -- true
  [[ $output == *"expected KEY=VALUE"* ]]
  run -1 nsx-cg run --into="/$mine" cgroup.max.depth=x -- true
  nothing_below
  run -2 nsx-cg run --into="/$mine" --oom-exit=300 -- true
}

# bats test_tags=slow
@test "nsx-unshare and nsx-enter run a program in a cgroup, and in a new one with limits" {
  run -0 nsx-unshare --uts --into-cgroup="/$mine" -- cat /proc/self/cgroup
  [[ $output == *"0::/$mine"* ]]
  # The root of the new cgroup namespace is the cgroup.
  run -0 nsx-unshare --cgroup --into-cgroup="/$mine" --cgroup-limits="cgroup.max.depth=4" -- \
    sh -c 'cat /proc/self/cgroup; find "$1" -mindepth 1 -type d; cat "$1"/nsx-*/cgroup.max.depth' - "$own"
  [[ $output == *"0::/"$'\n'"$own/nsx-"*$'\n'4 ]]
  wait_until nothing_below
  spawn_in uts --uts
  run -0 nsx-enter -t "$pid" --uts --into-cgroup="/$mine" --cgroup-limits=cgroup.max.depth=3 -- \
    cat /proc/self/cgroup
  [[ $output == *"0::/$mine/nsx-"* ]]
  wait_until nothing_below
  # Later failures leave nothing.
  run -1 nsx-unshare --into-cgroup="/$mine" --cgroup-limits=cgroup.max.depth=3 --root=/none -m -- true
  wait_until nothing_below
  run -1 nsx-unshare --cgroup-limits=cgroup.max.depth=x --into-cgroup="/$mine" -- true
  [[ $output == *"the kernel rejects this value" ]]
  nothing_below
  run -1 nsx-unshare --cgroup-limits=memory -- true
  run -1 nsx-unshare --into-cgroup="/$mine/none" -- true
  run -1 nsx-enter -t "$pid" --uts --join-cgroup --into-cgroup="/$mine" -- true
  [[ $output == *"another cgroup is requested as well"* ]]
  run -0 nsx-unshare --into-cgroup="/$mine" --cgroup-limits=cgroup.max.depth=3 --plan -- true
  [[ ${lines[0]} == "1. make the cgroup /$mine/nsx-"*" with cgroup.max.depth=3, and join it; it is removed when empty (needs "* ]]
  nothing_below
}

# --- exec ----------------------------------------------------------------------------------------

# bats test_tags=any-kernel
@test "exec is a plan, whose steps NSX_DEBUG=plan shows" {
  mkdir "$own/a"
  NSX_DEBUG=plan run -0 --separate-stderr nsx-cg exec "/$mine/a" -- true
  [[ $stderr == *"plan: step 1 of 2: join the cgroup /$mine/a"$'\n'*"plan: step 2 of 2: run "* ]]
}

# bats test_tags=any-kernel
@test "exec becomes the program, in an existing cgroup" {
  mkdir "$own/a"
  # shellcheck disable=SC2016 # for the inner shell
  spawn nsx-cg exec "/$mine/a" -- sh -c 'echo $$ >"$1"; exec sleep 300' - "$BATS_TEST_TMPDIR/pid"
  wait_until test -s "$BATS_TEST_TMPDIR/pid"
  [ "$(<"$BATS_TEST_TMPDIR/pid")" = "$pid" ]
  is_in "$pid" "$own/a"
  run -7 nsx-cg exec "/$mine/a" -- sh -c 'exit 7'
  run -127 nsx-cg exec "/$mine/a" -- /none
  run -126 nsx-cg exec "/$mine/a" -- /etc
  run -1 nsx-cg exec "/$mine/none" -- true
  [[ $output == *"no cgroup named '/$mine/none'"* ]]
  run -2 nsx-cg exec "/$mine/a"
  [[ $output == *"missing program: put it after '--'"* ]]
  run -1 as_user nsx-cg exec "/$mine/a" -- true
  [[ $output == *"cannot move this process to the cgroup /$mine/a: "* ]]
}

# --- Users ---------------------------------------------------------------------------------------

@test "an ordinary user works in a delegated subtree, and not beside it" {
  mkdir "$own/yours" "$own/other" "$own/dry"
  run -0 nsx-cg delegate --dry-run "/$mine/dry" "$ordinary_uid:7"
  [[ ${lines[-1]} == "chown $ordinary_uid:7 $own/dry; for file in "* ]]
  [ "$(stat -c %u "$own/dry")" = 0 ]
  sh -ec "$output"
  [ "$(stat -c %u:%g "$own/dry" "$own/dry/cgroup.procs" "$own/dry/cgroup.freeze" | xargs)" = \
    "$ordinary_uid:7 $ordinary_uid:7 0:0" ]
  nsx-cg delegate "/$mine/yours" "$ordinary_uid"
  [ "$(stat -c %u "$own/yours" "$own/yours/cgroup.procs" "$own/yours/cgroup.subtree_control" | xargs)" = \
    "$ordinary_uid $ordinary_uid $ordinary_uid" ]
  [ "$(stat -c %u "$own/yours/cgroup.max.depth")" = 0 ]
  as_user nsx-cg create "/$mine/yours/a"
  as_user nsx-cg set "/$mine/yours/a" cgroup.max.depth=3
  run -1 as_user nsx-cg create "/$mine/other/a"
  [[ $output == *"you may not write to its parent cgroup"*"the user to whom the parent is delegated" ]]
  run -1 as_user nsx-cg set "/$mine/yours" cgroup.max.depth=3
  [[ $output == *"it belongs to root"* ]]
  # A process outside cannot be moved in, but one inside can be moved within.
  spawn as_user sleep 300
  run -1 as_user nsx-cg mv "$pid" "/$mine/yours/a"
  [[ $output == *"in the common ancestor /"* ]]
  echo "$pid" >"$own/yours/cgroup.procs"
  as_user nsx-cg mv "$pid" "/$mine/yours/a"
  is_in "$pid" "$own/yours/a"
  as_user nsx-cg freeze "/$mine/yours/a"
  as_user nsx-cg thaw "/$mine/yours/a"
  as_user nsx-cg rm --kill "/$mine/yours/a"
  [ ! -e "$own/yours/a" ]
  run -0 sh -c "echo \$\$ >'$own/yours/cgroup.procs'
    exec setpriv --reuid=$ordinary_uid --regid=$ordinary_uid --clear-groups nsx-cg run --name=job -- cat /proc/self/cgroup"
  [[ $output == *"0::/$mine/yours/job"* ]]
}

# bats test_tags=slow
@test "under systemd, only delegated cgroups are changed" {
  mkdir "$own/unit" "$own/unit/below"
  # From inside there, this looks like a machine with systemd.
  with_systemd() {
    unshare --mount sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec "$@"' - "$@"
  }
  run -1 with_systemd nsx-cg create "/$mine/unit/a"
  [[ $output == *"systemd manages it"*"or add --force" ]]
  [ ! -e "$own/unit/a" ]
  for command in "rm /$mine/unit/below" "mv $$ /$mine/unit" "set /$mine/unit cgroup.max.depth=1" \
    "run --into=/$mine/unit -- true" "exec /$mine/unit -- true" "delegate /$mine/unit 1" \
    "freeze /$mine/unit" "thaw /$mine/unit" "kill /$mine/unit" "kill -s TERM /$mine/unit"; do
    run -1 with_systemd nsx-cg $command
    [[ $output == *"systemd manages it"* ]]
  done
  grep -qx 0 "$own/unit/cgroup.freeze"
  for command in freeze thaw kill; do with_systemd nsx-cg $command --force "/$mine/unit"; done
  with_systemd nsx-cg create --force "/$mine/unit/b"
  setfattr -n user.delegate -v 1 "$own/unit"
  with_systemd nsx-cg create "/$mine/unit/a/c"
  [ -d "$own/unit/a/c" ]
  # A cgroup of another user has been delegated to that user.
  mkdir "$own/theirs"
  chown "$ordinary_uid" "$own/theirs"
  with_systemd nsx-cg create "/$mine/theirs/a"
}

# --- Output --------------------------------------------------------------------------------------

@test "threaded cgroups are distinguished" {
  mkdir -p "$own/root/threads" "$own/root/invalid"
  nsx-cg set "/$mine/root/threads" cgroup.type=threaded
  sleeper_in "$own"
  run -1 nsx-cg mv "$pid" "/$mine/root/invalid"
  [[ $output == *"its type is 'domain invalid'"* ]]
  run -0 nsx-cg ls -r -n -o NAME,TYPE "/$mine/root"
  [ "${lines[0]}" = "/$mine/root domain\\x20threaded" ]
  # The kernel counts its processes in the domain above.
  end_spawned
  sleeper_in "$own/root"
  echo "$pid" >"$own/root/threads/cgroup.threads"
  run -0 nsx-cg ls -J -o PROCS,THREADS -d 1 "/$mine/root"
  jq -e '.cgroups[0] == {procs: 1, threads: 0} and .cgroups[2] == {procs: null, threads: 1}' <<<"$output"
  run -1 nsx-cg get "/$mine/root/threads" cgroup.procs
  [[ $output == *"it is threaded: its processes are listed in the domain above it"* ]]
  # They can be signalled anyway.
  nsx-cg kill "/$mine/root/threads"
  wait_until is_gone "$pid" || wait "$pid" || true
}

# bats test_tags=slow
@test "which lists all hierarchies" {
  mkdir "$own/a"
  sleeper_in "$own/a"
  diff <(nsx-cg which --all "$pid" | sed -n 's/^cgroup2 //p') <(sed -n 's/^0:://p' "/proc/$pid/cgroup")
  [ "$(nsx-cg which --all "$pid" | wc -l)" = "$(wc -l <"/proc/$pid/cgroup")" ]
  [ "$(nsx-cg which -J "$pid" | jq -r '.[0].cgroup')" = "/$mine/a" ]
}

# bats test_tags=slow
@test "explain shows which limit applies, and where a controller is missing" {
  mkdir -p "$own/a/b"
  nsx-cg set "/$mine" cgroup.max.depth=7
  nsx-cg set "/$mine/a" cgroup.max.depth=9
  run -0 nsx-cg explain "/$mine/a/b"
  [[ $output == *"cgroup.max.depth: 7, set at /$mine"* ]]
  [[ $output == *"9 at /$mine/a has no effect"* ]]
  [[ $output == *"cgroup.max.descendants: no limit"* ]]
  sleeper_in "$own/a"
  nsx-cg freeze "/$mine/a"
  run -0 nsx-cg explain -J "/$mine/a/b"
  [ "$(jq -r '.hindrances[] | select(.file == "cgroup.freeze") | .at' <<<"$output")" = "/$mine/a" ]
  nsx-cg thaw "/$mine/a"
}

# bats test_tags=any-kernel
@test "impossible waits, moves, removals and controllers are reported" {
  run -1 nsx-cg wait /
  [[ $output == *"the root cgroup has no events"* ]]
  if grep -qsx kthreadd /proc/2/comm; then
    run -1 nsx-cg mv 2 "/$mine"
    [ "$output" = "nsx-cg mv: cannot move PID 2 to the cgroup /$mine: it is a kernel thread" ]
  fi
  mkdir "$own/a"
  run -1 nsx-cg get "/$mine/a" cgroup.none
  [[ $output == "nsx-cg get: cannot read "*"cgroup.none: this kernel has no such file" ]]
  run -1 nsx-cg delegate / "$ordinary_uid"
  [[ $output == *"cannot delegate the cgroup /: it is the top of the tree" ]]
  run -1 as_user nsx-cg rm "/$mine/a"
  [[ $output == *"you may not write to its parent cgroup"*"the user to whom the parent is delegated" ]]
  run -1 nsx-cg set "/$mine/a" cgroup.subtree_control=+none
  [[ $output == *"the kernel rejects this value"* || $output == *"the controller none is not available"* ]]
}

# Runs a command just before nsx-cg, held by strace, reads or writes a file of a cgroup:
# before read|write FILE COMMAND ARGUMENT...
before() {
  local call=$1 file=$2 command=$3 tracer
  shift 3
  strace -qq -o "$BATS_TEST_TMPDIR/trace" -P "$file" -e trace="$call" -e inject="$call":delay_enter=2s \
    nsx-cg "$@" &
  tracer=$!
  # shellcheck disable=SC2317 # for wait_until
  opened() {
    has_child "$tracer" nsx-cg && readlink "/proc/$child/fd/"* 2>/dev/null | grep -qx "$file"
  }
  wait_until opened
  $command
  wait "$tracer"
}

# bats test_tags=any-kernel
@test "cgroups and processes that end during a change are reported" {
  mkdir "$own/a" "$own/b"
  nsx-cg set "/$mine/a" cgroup.max.depth=5
  run -1 before write "$own/a/cgroup.max.depth" "rmdir $own/a" set "/$mine/a" cgroup.max.depth=3
  [[ $output == *"cgroup.max.depth: the cgroup has been removed" ]]
  mkdir "$own/a"
  run -1 before read "$own/a/cgroup.max.depth" "rmdir $own/a" get "/$mine/a" cgroup.max.depth
  [[ $output == "nsx-cg get: cannot read "*"cgroup.max.depth: the cgroup has been removed" ]]
  sleeper_in "$own"
  ended=$pid
  run -1 before write "$own/b/cgroup.procs" end_spawned mv "$ended" "/$mine/b"
  [ "$output" = "nsx-cg mv: cannot move PID $ended to the cgroup /$mine/b: the process has exited" ]
  sleeper_in "$own"
  run -1 before write "$own/b/cgroup.procs" "rmdir $own/b" mv "$pid" "/$mine/b"
  [ "$output" = "nsx-cg mv: cannot move PID $pid to the cgroup /$mine/b: the cgroup has been removed" ]
}

# bats test_tags=any-kernel
@test "processes that cannot move into threads, and invalid names and values, are reported" {
  # A threaded cgroup whose domain has moved below another.
  mkdir -p "$own/a/threads" "$own/b"
  nsx-cg set "/$mine/a/threads" cgroup.type=threaded
  nsx-cg set "/$mine/b" cgroup.type=threaded
  spawn sleep 300
  run -1 nsx-cg mv "$pid" "/$mine/a/threads"
  [[ $output == *"the cgroup at the top of its threaded subtree cannot hold processes" ]]
  run -1 nsx-cg create "/$mine/line"$'\n'"feed"
  [[ $output == *": it contains a line feed or a NUL" ]]
  run -1 unshare -m sh -c 'mount -o bind,remount,ro "$1" && nsx-cg set "$2" cgroup.max.depth=3' - "$top" "/$mine"
  [[ $output == *"cgroup.max.depth: Read-only file system" ]]
}

# bats test_tags=host-only
@test "a controller bound to cgroup v1 is named, with its mount" {
  [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] || cannot "no controller is bound to v1 here"
  for limit in memory=1M swap=0 memory.high=50%; do
    run -1 nsx-cg set "/$mine" "$limit"
    [ "$output" = "nsx-cg set: cannot use the controller memory: it is bound to cgroup v1, at /sys/fs/cgroup/memory" ]
  done
  run -1 nsx-cg run --into="/$mine" pids=5 -- true
  [[ $output == *"it is bound to cgroup v1, at /sys/fs/cgroup/pids" ]]
  nothing_below
  run -0 nsx-cg explain "/$mine"
  [[ $output == *"no memory controller: it is bound to cgroup v1, at /sys/fs/cgroup/memory"* ]]
  [[ $output == *"no io controller: it is bound to cgroup v1, at /sys/fs/cgroup/blkio"* ]]
  for command in "reclaim /$mine 1M" "wait --memory=1M /$mine" "get /$mine memory"; do
    run -1 nsx-cg $command
    [[ $output == *"the controller memory is not available: it is bound to cgroup v1, at /sys/fs/cgroup/memory" ]]
  done
  run -1 nsx-cg set "/$mine" cgroup.subtree_control=+memory
  [[ $output == *"the controller memory is not available: it is bound to cgroup v1, at /sys/fs/cgroup/memory" ]]
}

# bats test_tags=slow
@test "a controller that no kernel has is reported" {
  run -1 nsx-cg set "/$mine" none.max=1
  [[ $output == *"cannot use the controller none: this kernel does not have it" ]]
}

@test "mv takes one process or cgroup, not all that runs" {
  mkdir "$own/to"
  run -1 nsx-cg mv / "/$mine/to"
  [ "$output" = "nsx-cg mv: cannot move the processes of /: it is the top of the tree and holds all processes" ]
  [ ! -s "$own/to/cgroup.procs" ]
}

@test "run --stats: output that cannot be written is a failure" {
  run -1 sh -c "nsx-cg run --into='/$mine' --stats -- true 2>/dev/full"
  run -1 sh -c "nsx-cg run --into='/$mine' --stats -J -- true 2>&-"
  nothing_below
}

# --- Traces --------------------------------------------------------------------------------------

@test "NSX_DEBUG=plan shows the changes that --dry-run prints, as they are made" {
  would=$(nsx-cg create -p --dry-run "/$mine/a/b")
  NSX_DEBUG=plan run -0 --separate-stderr nsx-cg create -p "/$mine/a/b"
  [ "$(sed -n 's/^nsx-cg\[[0-9]*\]: plan: //p' <<<"$stderr")" = "$would" ]
  [ "$(wc -l <<<"$would")" = 2 ]
}

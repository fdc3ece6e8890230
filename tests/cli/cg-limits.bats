# SPDX-License-Identifier: MIT
# nsx-cg with controllers: only cgroup v2, and a disk that may be written to, as in tests/vm.
# bats file_tags=vm-only
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
load ../lib/common
load ../lib/cgroups

@test "a memory hog is killed at its limit, and --stats reports it" {
  run --separate-stderr nsx-cg run --into="/$mine" --stats --json memory=32M swap=0 -- \
    perl -e '$x = "x" x (128 << 20); sleep 300'
  [ "$status" -eq $((128 + 9)) ]
  jq -e '.oom_kills == 1 and .memory_peak <= 33554432 and .memory_peak > 16777216' <<<"$stderr"
  run --separate-stderr nsx-cg run --into="/$mine" --stats --oom-exit=42 memory=32M swap=0 -- \
    perl -e '$x = "x" x (128 << 20); sleep 300'
  [ "$status" -eq 42 ]
  [[ $stderr == *"OOM kills: 1"* ]]
  run -0 nsx-cg run --into="/$mine" --oom-exit=42 memory=64M -- true
  [ -z "$(find "$own" -mindepth 1 -type d)" ]
}

@test "a busy loop gets half of a CPU" {
  mkdir "$own/busy"
  nsx-cg set "/$mine/busy" cpu=0.5
  [ "$(cat "$own/busy/cpu.max")" = "50000 100000" ]
  spawn "${on_every_cpu[@]}" sh -c 'while :; do :; done'
  echo "$pid" >"$own/busy/cgroup.procs"
  before=$(awk '$1 == "usage_usec" { print $2 }' "$own/busy/cpu.stat") began=$(date +%s%N)
  sleep 10
  after=$(awk '$1 == "usage_usec" { print $2 }' "$own/busy/cpu.stat") ended=$(date +%s%N)
  percent=$(((after - before) * 100000 / (ended - began)))
  echo "$percent %"
  [ "$percent" -ge 45 ] && [ "$percent" -le 55 ]
  run -0 nsx-cg explain "/$mine/busy"
  [[ $output == *"cpu.max: 0.50 CPUs (50000 100000), set at /$mine/busy"* ]]
  [[ $output == *"/$mine/busy was throttled until the next period "*"(cpu.max), just now"* ]]
}

@test "a fork bomb stops at its limit" {
  run --separate-stderr nsx-cg run --into="/$mine" --stats --json pids=20 -- \
    sh -c 'for i in $(seq 50); do sleep 1 & done; wait'
  jq -e '.forks_refused > 0' <<<"$(tail -n 1 <<<"$stderr")"
  nsx-cg create "/$mine/bomb" pids=30
  spawn bash -c 'echo 0 >"$1/cgroup.procs"; bomb() { bomb | bomb & }; bomb; sleep 300' - "$own/bomb"
  refused() { grep -qx 'max [1-9][0-9]*' "$own/bomb/pids.events"; }
  wait_until refused
  [ "$(cat "$own/bomb/pids.current")" -le 30 ]
  run -0 nsx-cg explain "/$mine/bomb"
  [[ $output == *"had forks refused"* ]]
  nsx-cg kill "/$mine/bomb"
  nsx-cg wait --empty --timeout=20s "/$mine/bomb"
}

@test "a writer to a disk is slowed to its rate" {
  [ "$(blockdev --getsize64 /dev/vda)" -ge 67108864 ]
  nsx-cg create "/$mine/writer" io=/dev/vda:w=2M/s
  grep -q 'wbps=2097152' "$own/writer/io.max"
  disk=$(</sys/class/block/vda/dev)
  run -0 nsx-cg explain "/$mine/writer"
  [[ $output == *"io.max $disk (vda) wbps: 2M/s, set at /$mine/writer"* ]]
  began=$(date +%s%N)
  sh -c 'echo 0 >"$1/cgroup.procs"; exec dd if=/dev/zero of=/dev/vda bs=64K count=256 oflag=direct' - "$own/writer"
  ended=$(date +%s%N)
  rate=$((16777216 * 1000 / ((ended - began) / 1000000)))
  echo "$rate bytes a second"
  [ "$rate" -ge 1887436 ] && [ "$rate" -le 2306867 ]
  run -0 nsx-cg ls -J -o RBPS,WBPS --interval=100ms "/$mine/writer"
  jq -e '.cgroups[0].wbps == 0' <<<"$output"
  nsx-cg set "/$mine/writer" io=/dev/vda:max
  [ "$(cat "$own/writer/io.max")" = "" ]
}

# bats test_tags=one-kernel
@test "a partition stands for its whole disk" {
  local disk part
  addpart /dev/vda 1 8 2048
  part=$(</sys/class/block/vda1/dev) disk=$(</sys/class/block/vda/dev)
  for name in /dev/vda1 "$part" /dev/vda "$disk"; do
    run -0 nsx-cg create --dry-run "/$mine/a" "io=$name:w=1M/s"
    [ "${lines[-1]}" = "echo '$disk wbps=1048576' > $own/a/io.max" ]
  done
  delpart /dev/vda 1
}

# bats test_tags=one-kernel
@test "the numbers of controllers match the kernel's files" {
  nsx-cg create "/$mine/a" memory=64M pids=10 cpu.weight=50
  sleeper_in "$own/a"
  run -0 nsx-cg ls -d 0 -r -b -n -o MEM,LIMIT,SWAP,PIDS/MAX,OOM,PEAK,CONTROLLERS "/$mine/a"
  read -r mem limit swap pids oom rest <<<"$output"
  [ "$mem" = "$(cat "$own/a/memory.current")" ]
  [ "$limit $swap $pids $oom" = "67108864 0 1/10 0" ]
  run -0 --separate-stderr nsx-cg top -J --interval 50ms --count 1 -o MEM,PEAK,LIMIT,SWAP,PIDS/MAX,PROCS "/$mine/a"
  jq -e --argjson mem "$(cat "$own/a/memory.current")" --argjson peak "$(cat "$own/a/memory.peak")" \
    '.cgroups[0] | .mem == $mem and .peak == $peak and .limit == 67108864 and .swap == 0 and .pids == 1
     and .max == 10 and .procs == 1' <<<"$output"
  [ "$(nsx-cg get -v "/$mine/a" cpu.weight)" = 50 ]
  [ "$(nsx-cg get -H "/$mine/a" memory)" = memory=64M ]
  run -0 nsx-cg get -J "/$mine/a" memory pids.max
  [ "$output" = '{"memory":67108864,"pids.max":10}' ]
}

# bats test_tags=one-kernel
@test "throttled cgroups are reported" {
  nsx-cg create "/$mine/busy" cpu=0.05
  nsx-cg create "/$mine/idle" cpu=0.05
  nsx-cg create "/$mine/free"
  sleeper_in "$own/idle"
  spawn sh -c 'while :; do :; done'
  echo "$pid" >"$own/busy/cgroup.procs"
  # As in nr_throttled and nr_periods: it never stops by itself.
  run -0 nsx-cg ls -J -o NAME,THROTTLED% --interval=1s --sort=-THROTTLED% "/$mine"
  jq -e --arg mine "/$mine" '(.cgroups | map({(.name): .throttled_percent}) | add) as $of | .cgroups[0].name == $mine + "/busy"
     and $of[$mine + "/busy"] > 50 and $of[$mine + "/idle"] == 0' <<<"$output"
  run -0 nsx-cg ls -n -r -o NAME --interval=500ms -Q 'THROTTLED% > 0' "/$mine"
  [ "$output" = "/$mine/busy" ]
}

# bats test_tags=one-kernel
@test "a share of memory is a share of the machine's memory" {
  nsx-cg create "/$mine/a" memory=64M
  nsx-cg create "/$mine/a/b" memory=50%
  [ "$(cat "$own/a/b/memory.max")" = 33554432 ]
  total=$(awk '$1 == "MemTotal:" { print $2 * 1024 }' /proc/meminfo)
  nsx-cg set "/$mine" memory=25%
  [ "$(cat "$own/memory.max")" = $((total / 4 / 4096 * 4096)) ]
}

@test "controllers are enabled along the path, none is disabled, and a failure undoes everything" {
  nsx-cg create "/$mine/a/b/c" pids=5
  for each in "$own" "$own/a" "$own/a/b"; do [ "$(cat "$each/cgroup.subtree_control")" = pids ]; done
  nsx-cg create "/$mine/a/b/d" memory=1M
  for each in "$own" "$own/a" "$own/a/b"; do [ "$(cat "$each/cgroup.subtree_control")" = "memory pids" ]; done
  nsx-cg rm "/$mine/a/b/d"
  [ "$(cat "$own/a/cgroup.subtree_control")" = "memory pids" ]
  run -1 nsx-cg create "/$mine/x/y" cpu.weight=5 io=/dev/vda:w=1M memory.oom.group=7
  [ ! -e "$own/x" ]
  [ "$(cat "$own/cgroup.subtree_control")" = "memory pids" ]
  nsx-cg set "/$mine/a/b/c" pids=7 memory=8M
  run -1 nsx-cg set "/$mine/a/b/c" pids=9 memory=1M cpuset.cpus.partition=nothing
  [ "$(cat "$own/a/b/c/pids.max" "$own/a/b/c/memory.max" | xargs)" = "7 8388608" ]
}

@test "the kernel's rules are explained in sentences" {
  # No processes in inner nodes.
  sleeper_in "$own"
  run -1 nsx-cg create "/$mine/a" memory=1M
  [ "$output" = "nsx-cg create: cannot enable controllers below the cgroup /$mine: it has 1 process of its own, and only a cgroup without processes can enable controllers"$'\n'"hint: add --leaf=NAME to move them to a new cgroup in it" ]
  [ ! -e "$own/a" ]
  nsx-cg create --leaf=rest "/$mine/a" memory=64M
  is_in "$pid" "$own/rest"
  run -1 nsx-cg mv "$pid" "/$mine"
  [[ $output == *"it enables controllers for cgroups below (memory), and so cannot hold processes"* ]]
  # Threaded subtrees.
  nsx-cg create "/$mine/t"
  mkdir "$own/t/threads"
  nsx-cg set "/$mine/t/threads" cgroup.type=threaded
  run -1 nsx-cg create "/$mine/t/threads/x" memory=1M
  [[ $output == *"it is part of a threaded subtree"* ]]
  # Values.
  run -1 nsx-cg set "/$mine/a" memory.oom.group=2
  [[ $output == *"the kernel rejects this value" ]]
  run -1 nsx-cg set "/$mine/a" io=9:9:w=1M
  [[ $output == *"there is no block device 9:9"* ]]
  run -1 nsx-cg set "/$mine/a" io=/proc:w=1M
  [[ $output == *"its file system has no disk of its own"* ]]
  run -1 nsx-cg set "/$mine/a" memory.none=1
  [[ $output == *"this kernel has no such file" ]]
  run -1 nsx-cg set / memory=1M
  [[ $output == *"the root cgroup has no limits"* ]]
  run -0 nsx-cg explain "/$mine/a"
  [[ $output == *"no io controller: /$mine does not hand it down"* ]]
}

@test "the rarer rules are explained, too" {
  nsx-cg create "/$mine/a/b/c" memory=64M
  mkdir "$own/a/b/c/d"
  run -1 nsx-cg set "/$mine/a" cgroup.subtree_control=-memory
  [[ $output == *"a cgroup below still enables the controller"* ]]
  run -1 nsx-cg set "/$mine/a/b/c" cgroup.subtree_control=+pids
  [[ $output == *"the controller pids is not available"* ]]
  run -1 nsx-cg set "/$mine/a" cpu.weight.nice=99
  [[ $output == *"the value is out of range"* ]]
  run -1 nsx-cg set "/$mine/a" cgroup.type=threaded
  [[ $output == *"cannot become threaded"* ]]
  run -1 nsx-cg set "/$mine/a" io.weight=/dev/vda:200
  [[ $output == *"this kernel or the disk's I/O scheduler does not support it" ]]
  for command in "wait --memory=1M /$mine/a/b/c/d" "reclaim /$mine/a/b/c/d 1M" "get /$mine/a/b/c/d memory"; do
    run -1 nsx-cg $command
    [[ $output == *"the controller memory is not enabled in the cgroup.subtree_control of /$mine/a/b/c"* ]]
  done
  run -1 nsx-cg get / memory
  [[ $output == *"the root cgroup has no such file" ]]
  run -1 nsx-cg run --into="/$mine/a/b/c/d" --name=job pids=0 -- true
  echo "$output"
  [ ! -e "$own/a/b/c/d/job" ]
}

# bats test_tags=one-kernel
@test "a delegated user limits descendants, not the cgroup itself" {
  mkdir "$own/yours"
  nsx-cg delegate --controllers=memory,pids "/$mine/yours" "$ordinary_uid"
  [ "$(cat "$own/cgroup.subtree_control")" = "memory pids" ]
  as_user nsx-cg create "/$mine/yours/a" memory=16M pids=5
  [ "$(cat "$own/yours/a/memory.max")" = 16777216 ]
  run -1 as_user nsx-cg set "/$mine/yours" memory=1M
  [[ $output == *"it belongs to root"* ]]
  # A failure takes back the controllers that were enabled for it.
  as_user nsx-cg create "/$mine/yours/a/b"
  [ "$(cat "$own/yours/a/cgroup.subtree_control")" = "" ]
  run -1 as_user nsx-cg delegate --controllers=pids "/$mine/yours/a/b" 0
  [[ $output == *"cannot delegate the cgroup /$mine/yours/a/b: Operation not permitted"$'\n'"hint: needs CAP_CHOWN: run as root" ]]
  [ "$(cat "$own/yours/a/cgroup.subtree_control")" = "" ]
  [ "$(stat -c %u "$own/yours/a/b" "$own/yours/a/b/cgroup.procs" | xargs)" = "$ordinary_uid $ordinary_uid" ]
  as_user nsx-cg rm -r "/$mine/yours/a"
}

# bats test_tags=one-kernel
@test "explain shows where CPUs are taken away" {
  [ "$(nproc --all)" -ge 2 ]
  nsx-cg create "/$mine/a/b" cpus=0
  nsx-cg create "/$mine/a/b/c" cpus=0
  run -0 nsx-cg explain "/$mine/a/b/c"
  [[ $output == *"cpuset.cpus.effective: 0, set at /$mine/a/b"$'\n'* ]]
  [[ $output == *"cpuset.mems.effective: no limit"* ]]
  run -0 nsx-cg explain "/$mine/a"
  [[ $output == *"cpuset.cpus.effective: no limit"* ]]
  # An empty list means that of the parent cgroup.
  nsx-cg set "/$mine/a/b" cpus=
  run -0 nsx-cg explain "/$mine/a/b"
  [[ $output == *"cpuset.cpus.effective: no limit"* ]]
}

# bats test_tags=one-kernel
@test "set accepts the output of get" {
  local before after settings
  nsx-cg create "/$mine/a/b" cpus= io=/dev/vda:w=1M/s memory=8M cpu=0.5 pids=9 hugetlb.2MB.max=4M
  before=$(nsx-cg get "/$mine/a/b")
  mapfile -t settings <<<"$before"
  [[ " ${settings[*]} " == *" cpuset.cpus= "*" memory.max=8388608 "* ]]
  nsx-cg set "/$mine/a/b" "${settings[@]}"
  diff <(nsx-cg get "/$mine/a/b") - <<<"$before"
  nsx-cg create "/$mine/a/c" "${settings[@]}"
  diff <(nsx-cg get "/$mine/a/c") - <<<"$before"
}

@test "waiting for memory, and reclaiming it" {
  nsx-cg create "/$mine/a" memory.high=max
  nsx-cg wait --memory='>24M' --timeout=60s "/$mine/a" &
  waiter=$!
  spawn sh -c 'echo 0 >"$1/cgroup.procs"; exec perl -e '"'"'$x = "x" x (32 << 20); sleep 300'"'" - "$own/a"
  wait "$waiter"
  end_spawned
  # Data read from a disk stays cached as long as a process has the file open.
  exec 9</dev/vda
  sh -c 'echo 0 >"$1/cgroup.procs"; dd if=/dev/vda of=/dev/null bs=1M count=16 status=none' - "$own/a"
  before=$(cat "$own/a/memory.current")
  nsx-cg reclaim "/$mine/a" 4M
  [ "$(cat "$own/a/memory.current")" -lt "$before" ]
  run -1 nsx-cg reclaim "/$mine/a" 1G
  [[ $output == *"the kernel reclaimed less"* ]]
  exec 9<&-
}

# bats test_tags=one-kernel
@test "export and apply keep limits, including disks" {
  nsx-cg create "/$mine/a/b" memory=16M io=/dev/vda:w=3M/s,riops=9 cpus=0
  nsx-cg export "/$mine/a" >"$BATS_TEST_TMPDIR/kept"
  nsx-cg apply --into="/$mine/copy" "$BATS_TEST_TMPDIR/kept"
  [ "$(cat "$own/copy/b/memory.max")" = 16777216 ]
  diff "$own/a/b/io.max" "$own/copy/b/io.max"
  diff <(nsx-cg export "/$mine/copy") "$BATS_TEST_TMPDIR/kept"
  nsx-cg set "/$mine/copy/b" memory=8M io=/dev/vda:w=1M/s
  jq '.cgroups[1].settings["pids.max"] = "none"' "$BATS_TEST_TMPDIR/kept" >"$BATS_TEST_TMPDIR/bad"
  run -1 nsx-cg apply --into="/$mine/copy" "$BATS_TEST_TMPDIR/bad"
  [ "$(cat "$own/copy/b/memory.max")" = 8388608 ]
  grep -q 'wbps=1048576 riops=9' "$own/copy/b/io.max"
}

# bats test_tags=one-kernel
@test "the examples of the man pages work" {
  nsx-cg create "/$mine/web"
  cd "$BATS_TEST_TMPDIR"
  spawn sleep 300
  # "make" is a working program, and /var is on no disk here.
  count=0
  while IFS= read -r example; do
    example=${example//make/true} example=${example//container:web//$mine/web} example=${example//4021/$pid}
    example=${example//\/backup/\/$mine\/backup} example=${example//io=\/var/io=\/dev\/vda}
    example=${example//\/blue/\/$mine\/blue} example=${example//\/fetch/\/$mine\/fetch}
    bash -c "$example" || {
      echo "this fails: $example"
      return 1
    }
    if [[ $example == *--dry-run* ]]; then nsx-cg create "/$mine/backup"; fi
    count=$((count + 1))
  done < <(
    sed -n '/^\.Sh EXAMPLES/,/^\.Sh OPTIONS/s/^[$#] //p' "$NSX_STAGE/usr/share/man/man1/nsx-cg.1"
    sed -n 's/^# \(nsx-cg \)/\1/p' "$NSX_STAGE/usr/share/man/man7/nsx.7"
  )
  [ "$count" -ge 15 ]
}

# The controllers handed down at the root, and by two of our cgroups.
handed_down() {
  cat "$top/cgroup.subtree_control" "$own/cgroup.subtree_control" "$own/in/cgroup.subtree_control"
}

@test "a run or create that fails takes back the controllers that it enabled" {
  mkdir "$own/in"
  before=$(handed_down)
  for command in "run --into=/$mine/in memory=64M pids=10 -- /none" "run --into=/$mine/in memory=64M -- /etc" \
    "run --into=/$mine/in --keep memory=64M -- /none" "run --into=/$mine/in pids=0 -- true" \
    "run --into=/$mine/in memory=64M cgroup.max.depth=x -- true" "create /$mine/in/a/b memory=64M cgroup.max.depth=x" \
    "set /$mine/in memory=64M cgroup.max.depth=x"; do
    run ! nsx-cg $command
    [ "$(handed_down)" = "$before" ]
    [ -z "$(find "$own/in" -mindepth 1 -type d)" ]
  done
  # And moves back the processes that were moved out of the way.
  sleeper_in "$own/in"
  run -127 nsx-cg run --into="/$mine/in" --leaf=leaf memory=64M -- /none
  is_in "$pid" "$own/in"
  [ "$(handed_down)" = "$before" ]
  [ -z "$(find "$own/in" -mindepth 1 -type d)" ]
  # exec enables none.
  run -127 nsx-cg exec "/$mine/in" -- /none
  [ "$(handed_down)" = "$before" ]
  # A program that has run leaves them: others may rely on them by now.
  end_spawned
  nsx-cg run --into="/$mine/in" memory=64M -- true
  grep -qw memory "$own/in/cgroup.subtree_control"
}

@test "a full pids.max is reported" {
  nsx-cg create "/$mine/full" pids=1
  sleeper_in "$own/full"
  run -1 nsx-cg run --into="/$mine/full" --name=job -- true
  [ "$output" = "nsx-cg run: cannot start a process in the cgroup /$mine/full/job: pids.max of /$mine/full is reached: 1 of 1 processes and threads"$'\n'"hint: nsx-cg set /$mine/full pids=NUMBER" ]
  run -1 nsx-cg run --into="/$mine" --name=job pids=0 -- true
  [[ $output == *"pids.max of /$mine/job is reached: 0 of 0 processes and threads"* ]]
  # In the command's own cgroup, it starts the cleaner.
  nsx-cg set "/$mine/full" pids=2
  # shellcheck disable=SC2016 # for the inner shell
  run -1 sh -c 'echo $$ >"$1/cgroup.procs"; exec nsx-cg run --into="$2" -- true' - "$own/full" "/$mine"
  [[ $output == *"cannot start a process in the cgroup /$mine/full: pids.max of /$mine/full is reached: 2 of 2 "* ]]
  [ -z "$(find "$own" -mindepth 1 -type d ! -name full)" ]
}

@test "an error names who can hand a controller down, with the command" {
  echo +memory >"$top/cgroup.subtree_control"
  mkdir "$own/yours"
  nsx-cg delegate --controllers=pids "/$mine/yours" "$ordinary_uid"
  run -1 as_user nsx-cg create "/$mine/yours/a" memory=16M
  [ "$output" = "nsx-cg create: cannot enable memory below the cgroup /$mine: $own/cgroup.subtree_control belongs to root"$'\n'"hint: as root, run: echo +memory > $own/cgroup.subtree_control" ]
  [ ! -e "$own/yours/a" ]
  run -1 as_user nsx-cg get "/$mine/yours" memory
  [[ $output == *"the controller memory is not enabled in the cgroup.subtree_control of /$mine, which belongs to root"$'\n'"hint: echo +memory > $own/cgroup.subtree_control" ]]
  sh -c "${output##*hint: }"
  as_user nsx-cg create "/$mine/yours/a" memory=16M
  [ "$(cat "$own/yours/a/memory.max")" = 16777216 ]
}

@test "the root of a cgroup namespace has limits set from outside" {
  nsx-cg create "/$mine/inside" memory=64M
  chown "$ordinary_uid" "$own/inside" "$own/inside/cgroup.procs" "$own/inside/cgroup.subtree_control"
  # shellcheck disable=SC2016 # for the inner shells
  inside() {
    sh -c 'echo $$ >"$1/cgroup.procs"; shift
      exec setpriv --reuid="$1" --regid="$1" --clear-groups unshare -UrCm sh -c "mount -t cgroup2 none /mnt && \"\$@\"" "$@"' \
      - "$own/inside" "$ordinary_uid" "$@"
  }
  run -1 inside nsx-cg set / memory=1M
  [[ $output == *"cannot write '1048576' to /mnt/memory.max: it is the root of a cgroup namespace, and its limits are set outside of that"* ]]
  run -0 inside nsx-cg explain /
  [[ $output == *"limits set above /, outside this cgroup namespace, are not visible"* ]]
  run -0 nsx-cg explain "/$mine/inside"
  [[ $output != *"outside of this cgroup namespace"* ]]
}

@test "sizes are rounded to whole pages, and none becomes 0" {
  run -0 --separate-stderr nsx-cg create "/$mine/small" memory=5 memory.low=4097 swap=0
  [ "$stderr" = "nsx-cg create: note: memory.max: rounded up from 5 to 4096 bytes (whole pages)
nsx-cg create: note: memory.low: rounded up from 4097 to 8192 bytes (whole pages)" ]
  [ "$(cat "$own/small/memory.max" "$own/small/memory.low" "$own/small/memory.swap.max" | xargs)" = "4096 8192 0" ]
  run -0 nsx-cg set --dry-run "/$mine/small" memory=4096 memory.high=50% memory.oom.group=1
  [[ $output != *rounded* ]]
  [[ ${lines[-1]} == "echo 1 > "* ]]
}

# bats test_tags=one-kernel
@test "nsx-unshare and nsx-enter limit their program" {
  run -0 nsx-unshare --into-cgroup="/$mine" --cgroup-limits="pids=50 memory=32M" --pid --fork --mount-proc -- \
    sh -c 'cat /proc/self/cgroup; cat /sys/fs/cgroup/$(sed s/0::// /proc/self/cgroup)/pids.max'
  [[ ${lines[0]} == "0::/$mine/nsx-"* ]]
  [ "${lines[1]}" = 50 ]
  gone() { [ -z "$(find "$own" -mindepth 1 -type d)" ]; }
  wait_until gone
  spawn_in uts --uts
  run nsx-enter -t "$pid" --uts --into-cgroup="/$mine" --cgroup-limits="memory=16M swap=0" -- \
    perl -e '$x = "x" x (64 << 20)'
  [ "$status" -eq $((128 + 9)) ]
  wait_until gone
}

@test "run within run makes room for itself, repeatedly" {
  run -0 nsx-cg run --into="/$mine" memory=64M -- sh -c '
    nsx-cg run memory=32M -- cat /proc/self/cgroup
    cat /proc/self/cgroup
    nsx-cg run memory=32M -- cat /proc/self/cgroup'
  [[ ${lines[0]} =~ ^0::/$mine/nsx-[0-9]+/nsx-[0-9]+$ ]]
  [[ ${lines[1]} =~ ^0::/$mine/nsx-[0-9]+/nsx-leaf$ ]]
  [[ ${lines[2]} =~ ^0::/$mine/nsx-[0-9]+/nsx-[0-9]+$ ]]
  # Cgroups that nsx-cg run has not created stay unchanged.
  mkdir "$own/shell"
  run -1 sh -c 'echo $$ >"$0" && nsx-cg run memory=32M -- true' "$own/shell/cgroup.procs"
  [[ $output == *"add --leaf=NAME to move them"* ]]
}

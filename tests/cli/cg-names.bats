# SPDX-License-Identifier: MIT
# How nsx-cg names cgroups: containers, pods, units and processes by the names that targets have everywhere, and
# which columns, filters and searches show them.
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
# bats file_tags=any-kernel
load ../lib/common
load ../lib/cgroups
load ../lib/containers

teardown() {
  local each
  for each in "/run/runc/${web-none}" "/run/runc/${mine}" "${task-/none}"; do
    if [ -d "$each" ]; then rm -r "$each"; fi
  done
  rmdir -p /run/runc "${task:+${task%/*}}" 2>/dev/null || true
  end_spawned
  for each in "$top/$mine"*; do
    [ ! -d "$each" ] || wait_until remove_cgroups "$each"
  done
}

# A runc container, on record as $web, in a cgroup of its own: $pid
container_of_runc() {
  web=nsx-web-$$
  mkdir -p "$own/$web/below"
  sleeper_in "$own/$web/below"
  record_of_runc "$web" "$pid"
}

# A container of a pod, on record in containerd, which knows it by an ID: $id, $pid
container_of_pod() {
  id=a$(printf '%063x' $$)
  task=/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id
  mkdir -p "$own/cri-containerd-$id.scope" "$task"
  sleeper_in "$own/cri-containerd-$id.scope"
  printf %d "$pid" >"$task/init.pid"
  printf '{"annotations":{"io.kubernetes.cri.sandbox-name":"pod-%d","io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.container-name":"cart","io.kubernetes.cri.container-type":"container"}}' \
    $$ >"$task/config.json"
}

@test "a container is named as in every tool, and its whole cgroup is used" {
  container_of_runc
  for name in "$web" "container:$web" "docker:$web" "runc:$web" "cgroup:/$mine/$web" "/$mine/$web"; do
    run -0 --separate-stderr nsx-cg ls -d 0 -n -o NAME "$name"
    [ "$output" = "/$mine/$web" ]
  done
  run -0 --separate-stderr nsx-cg show -n -o NAME "$web"
  [ "$output" = "/$mine/$web
/$mine/$web/below" ]
  nsx-cg set "$web" cgroup.max.depth=7
  [ "$(cat "$own/$web/cgroup.max.depth")" = 7 ]
  run -0 nsx-cg get -v "$web" cgroup.max.depth
  [ "$output" = 7 ]
  run -0 nsx-cg explain "$web"
  [[ $output == *"cgroup.max.depth: 7, set at /$mine/$web"* ]]
  run -0 nsx-cg which "$web" "pid:$pid" "$pid"
  [ "$(sort -u <<<"$output")" = "/$mine/$web/below" ]
  run -0 --separate-stderr nsx-cg top --count 1 --interval 50ms "$web"
  [[ $output == *"/$mine/$web/below $web "* ]]
  # All of it is moved, not only the first process.
  sleeper_in "$own/$web"
  mkdir "$own/to"
  nsx-cg mv "$web" "/$mine/to"
  [ "$(wc -l <"$own/to/cgroup.procs")" = 2 ]
}

@test "CONTAINER shows the name that the runtime knows, and filters find it" {
  container_of_runc
  mkdir "$own/other"
  run -0 --separate-stderr nsx-cg ls "/$mine"
  [ "$(words ${lines[0]} | cut -d ' ' -f 1,2)" = "NAME CONTAINER" ]
  [[ $output == *"/$mine/$web "*"$web "* ]]
  run -0 --separate-stderr nsx-cg ls "/$mine/other"
  [[ $output != *CONTAINER* ]]
  run -0 --separate-stderr nsx-cg ls -n -o NAME -Q "CONTAINER == '$web'" "/$mine"
  [ "$output" = "/$mine/$web
/$mine/$web/below" ]
  run -0 --separate-stderr nsx-cg ls -J -o NAME,CONTAINER "/$mine"
  jq -e --arg web "$web" '[.cgroups[].container] == [null, $web, $web, null]' <<<"$output"
  # Programs get the same output as before.
  run -0 --separate-stderr nsx-cg ls -J "/$mine"
  jq -e '.cgroups[0] | has("container") | not' <<<"$output"
  run -0 --separate-stderr nsx-cg which -J "$pid"
  [ "$(jq -r '.[0].container' <<<"$output")" = "$web" ]
  run -0 --separate-stderr nsx-cg tree -p "/$mine"
  [[ ${lines[0]} == "CONTAINER "*" NAME" ]]
}

@test "a container of a pod is named by the pod" {
  container_of_pod
  for name in "shop/pod-$$/cart" "pod-$$" "container:shop/pod-$$" "${id:0:63}"; do
    run -0 --separate-stderr nsx-cg ls -n -o NAME,CONTAINER "$name"
    [[ $output == "/$mine/cri-containerd-$id.scope "*"pod-$$"* ]]
  done
}

@test "a name that is both a path and a container is ambiguous" {
  container_of_runc
  # A path at the root has the name of the container elsewhere.
  mkdir -p "/run/runc/$mine"
  sed "s/$web/$mine/" "/run/runc/$web/state.json" >"/run/runc/$mine/state.json"
  rm -r "/run/runc/$web"
  mkdir "$own/$mine"
  echo "$pid" >"$own/$mine/cgroup.procs"
  # Its own cgroup is the outermost of that name: the same.
  run -0 --separate-stderr nsx-cg ls -d 0 -n -o NAME "$mine"
  [ "$output" = "/$mine" ]
  mkdir "$top/$mine-2" "$top/$mine-2/$mine"
  echo "$pid" >"$top/$mine-2/$mine/cgroup.procs"
  run -1 nsx-cg kill "$mine"
  [ "$output" = "nsx-cg kill: ambiguous name '$mine': could be /$mine, container:$mine" ]
  kill -0 "$pid"
  run -0 --separate-stderr nsx-cg ls -d 0 -n -o NAME "/$mine"
  [ "$output" = "/$mine" ]
}

@test "targets that name no cgroup are rejected: numbers, pins, containers without their own cgroup" {
  container_of_runc
  run -1 nsx-cg kill "$pid"
  [[ $output == *"no cgroup named '/$pid' in $top"$'\n'"hint: for the cgroup of a process, use pid:$pid" ]]
  run -1 nsx-cg ls "nsx-none-$$"
  [[ $output == *"no container, pin, unit or cgroup named 'nsx-none-$$'"* ]]
  run -1 nsx-cg ls "ns:$(stat -L -c %i /proc/self/ns/net)"
  [[ $output == *"it has no process" ]]
  # Its process shares a cgroup with others, which must not be killed with it.
  mkdir "$own/shared"
  echo "$pid" >"$own/shared/cgroup.procs"
  run -1 nsx-cg kill "$web"
  [[ $output == *"it has no cgroup of its own in cgroup v2"$'\n'"hint: for the cgroup of its process, use pid:$pid" ]]
  kill -0 "$pid"
}

@test "a cgroup named like a container by somebody else is not trusted" {
  web=nsx-web-$$
  mkdir -p "$own/user/lxc.payload.$web"
  chown "$ordinary_uid" "$own/user"
  sleeper_in "$own/user/lxc.payload.$web"
  run -1 nsx-cg kill "$web"
  [[ $output == *"only untrusted cgroups have this name"* ]]
  kill -0 "$pid"
  run -0 --separate-stderr nsx-cg ls -r -n -o NAME,CONTAINER "/$mine/user/lxc.payload.$web"
  [ "$output" = "/$mine/user/lxc.payload.$web ?$web" ]
}

@test "short words stand for the usual columns" {
  mkdir "$own/busy"
  spawn sh -c 'while :; do :; done'
  echo "$pid" >"$own/busy/cgroup.procs"
  run -0 --separate-stderr nsx-cg ls -n -o NAME --sort=-cpu "/$mine/busy"
  [ "$output" = "/$mine/busy" ]
  run -0 --separate-stderr nsx-cg ls -n -o path,cpu --sort=cpu -Q 'cpu > 0 and procs == 1' "/$mine"
  [[ $output == "/$mine/busy "* ]] && [ "${#lines[@]}" = 1 ]
  run -0 --separate-stderr nsx-cg tree --sort=-cpu -o NAME "/$mine"
  run -0 --separate-stderr nsx-cg top --count 1 --interval 100ms -o cpu --sort=-cpu "/$mine"
  [ "$(words ${lines[0]})" = "NAME CPU% EVENTS" ]
  run -2 nsx-cg ls --sort=-cp
}

# bats test_tags=host-only
@test "controllers bound to cgroup v1: noted once, left out, no keys or filters" {
  [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] || cannot "no controller is bound to v1 here"
  mkdir "$own/a"
  note="the memory and pids controllers are bound to cgroup v1: their limits and usage are not shown"
  run -0 --separate-stderr nsx-cg ls "/$mine"
  [ "$stderr" = "nsx-cg ls: note: $note" ]
  [ "${lines[0]}" = "$(printf "%-$((${#mine} + 3))s PROCS" NAME)" ]
  run -0 --separate-stderr nsx-cg tree "/$mine"
  [ "$stderr" = "nsx-cg tree: note: the memory controller is bound to cgroup v1: its limits and usage are not shown" ]
  [ "$(words ${lines[0]})" = "NAME PROCS" ]
  run -0 --separate-stderr nsx-cg top --count 1 --interval 50ms "/$mine"
  [ "$stderr" = "nsx-cg top: note: the memory, pids and io controllers are bound to cgroup v1: their limits and usage are not shown" ]
  [ "$(words ${lines[0]})" = "NAME CPU% CPU-PSI MEM-PSI IO-PSI EVENTS" ]
  # Columns that need none of them cause no note; programs get all columns, and no note either.
  for command in "ls -o NAME,PROCS,CPU%" "ls -J" "ls -r -n -o NAME,MEM,PROCS" "top -J --count 1 --interval 50ms"; do
    run -0 --separate-stderr nsx-cg $command "/$mine"
    [ -z "$stderr" ]
  done
  run -0 --separate-stderr nsx-cg ls -J "/$mine"
  jq -e '.cgroups[0] | .mem == null and has("mem")' <<<"$output"
  for command in ls tree "top --count 1"; do
    for column in MEM mem LIMIT PIDS/MAX RBPS OOM; do
      run -1 nsx-cg $command --sort=-$column "/$mine"
      [[ $output == "nsx-cg ${command%% *}: cannot sort by "*": the "*" controller is bound to cgroup v1, at "* ]]
    done
    run -1 nsx-cg $command -Q 'PROCS > 0 or MEM > 1' "/$mine"
    [[ $output == *"cannot filter by MEM: the memory controller is bound to cgroup v1, at /sys/fs/cgroup/memory" ]]
  done
}

# bats test_tags=host-only
@test "a path below a cgroup v1 mount is not a cgroup path" {
  [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] || cannot "no controller is bound to v1 here"
  for command in "ls /sys/fs/cgroup/memory/a" "create /sys/fs/cgroup/memory/a" "run --into=/sys/fs/cgroup/memory -- true" \
    "kill cgroup:/sys/fs/cgroup/memory" "set /sys/fs/cgroup/memory/a pids=1"; do
    run -1 nsx-cg $command
    [[ $output == *"it is in the cgroup v1 hierarchy at /sys/fs/cgroup/memory"$'\n'"hint: give a path below $top, where cgroup v2 is mounted" ]]
  done
  run -1 nsx-cg create "/sys/fs/cgroup/$mine"
  [[ $output == *"it is not in cgroup v2"* ]]
  [ ! -e "$top/sys" ]
}

# bats test_tags=slow
@test "a machine with only cgroup v1 mounted is reported" {
  mkdir "$BATS_TEST_TMPDIR/v1"
  # shellcheck disable=SC2016 # for the inner shell
  run -1 unshare -m sh -c 'umount -l "$1"; mount -t cgroup -o none,name=nsx-test-$$ none "$2" && nsx-cg ls' - "$top" "$BATS_TEST_TMPDIR/v1"
  [[ $output == *"cgroup v2 is not mounted: there is only cgroup v1, at "*"hint: mkdir -p "*" && mount -t cgroup2 "* ]]
}

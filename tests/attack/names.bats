# SPDX-License-Identifier: MIT
# Names of containers and units that an ordinary user gives to cgroups: root trusts none of them. A user with a
# delegated cgroup can make any number of cgroups in it, with any names.
# shellcheck disable=SC2154 # set by bats and the loaded files
load ../lib/common
load ../lib/containers
load attack

mine=nsx-test-$$

# IDs of containers, from which the names below are made.
id=$(printf 'd%07x%056d' $$ 0)
other_id=$(printf 'e%07x%056d' $$ 0)

setup() {
  spawned=()
  top=$(cgroup_mount)
  own=$top/$mine
  # The hierarchy of systemd, on hybrid machines.
  v1=$(findmnt -n -r -t cgroup -o TARGET | grep '/systemd$' | head -n 1)
  [ -n "$top" ] || cannot "find a cgroup2 mount"
  # Like user@1000.service.
  mkdir -p "$own/alice"
  give "$own/alice"
}

teardown() {
  end_spawned
  rm -rf "/run/runc/$mine" "/run/runc/$mine-web"
  rmdir --ignore-fail-on-non-empty /run/runc 2>/dev/null || true
  wait_until remove_cgroups
}

remove_cgroups() {
  local each left=0
  for each in "$own" "$v1/$mine"; do
    find "$each" -depth -type d -exec rmdir {} + 2>/dev/null
    if [ -e "$each" ]; then left=1; fi
  done
  return "$left"
}

# Delegates a cgroup to the ordinary user.
give() {
  local file
  chown "$ordinary_uid:$ordinary_uid" "$1"
  for file in cgroup.procs cgroup.threads cgroup.subtree_control; do
    chown "$ordinary_uid:$ordinary_uid" "$1/$file"
  done
}

# Spawns a process of the ordinary user in its own UTS namespace, in a cgroup that the user creates and names:
# fake NAME. $pid is the process, $uts its namespace.
fake() {
  [ -d "$own/alice/$1" ] || as_user mkdir -p "$own/alice/$1"
  spawn as_user unshare --user --map-root-user --uts sleep 300
  wait_until has_left "$pid" uts
  echo "$pid" >"$own/alice/$1/cgroup.procs"
  uts=$(ns_of "$pid" uts)
}

# The same for root, in a cgroup that root creates: real NAME.
real() {
  mkdir -p "$own/$1"
  spawn unshare --uts sleep 300
  wait_until has_left "$pid" uts
  echo "$pid" >"$own/$1/cgroup.procs"
  uts=$(ns_of "$pid" uts)
}

# Prints the UTS namespace that a target leads to: entered TARGET
entered() {
  nsx-enter -t "$1" -u stat -L -c %i /proc/self/ns/uts
}

# Whether a target is refused as untrusted, and the error has its path: distrusted TARGET NAME
distrusted() {
  run -1 --separate-stderr entered "$1"
  [[ $stderr == "nsx-enter: cannot find "*": only untrusted cgroups have this name"$'\n'"hint: to enter one anyway, give its path: cgroup:/$mine/alice/$2" ]] || {
    echo "$1: $stderr"
    return 1
  }
}

@test "root enters no container whose name comes from a user" {
  fake "lxc.payload.$mine"
  distrusted "container:$mine" "lxc.payload.$mine"
  fake "docker-$id.scope"
  distrusted "container:$id" "docker-$id.scope"
  distrusted "container:${id:0:12}" "docker-$id.scope"
  distrusted "$id" "docker-$id.scope"
  fake "libpod-$other_id.scope/container"
  distrusted "container:$other_id" "libpod-$other_id.scope"
  # It can be entered by its path.
  run -0 entered "cgroup:/$mine/alice/libpod-$other_id.scope"
  [ "$output" = "$uts" ]
}

@test "root enters no unit whose name comes from a user" {
  fake "$mine-backup.service"
  distrusted "unit:$mine-backup" "$mine-backup.service"
  distrusted "unit:$mine-backup.service" "$mine-backup.service"
  distrusted "$mine-backup" "$mine-backup.service"
  fake "app.slice/$mine-app.scope"
  distrusted "unit:$mine-app.scope" "app.slice/$mine-app.scope"
}

@test "a user's names neither hide, nor join, nor block root's names" {
  # The fakes are older, which once made them the container's first process.
  fake "docker-$id.scope"
  fake "lxc.payload.$mine"
  fake "$mine-a.service"
  sleep 0.05 # a clock tick, in which ages are counted, and more
  real "docker-$id.scope"
  for target in "container:$id" "container:${id:0:20}" "$id"; do
    run -0 entered "$target"
    [ "$output" = "$uts" ]
  done
  real "lxc.payload.$mine"
  run -0 entered "container:$mine"
  [ "$output" = "$uts" ]
  real "system.slice/$mine-a.service"
  run -0 entered "unit:$mine-a"
  [ "$output" = "$uts" ]
}

@test "a container names only itself" {
  real "docker-$id.scope/docker-$other_id.scope"
  real "docker-$id.scope/$mine-cron.service"
  run -0 entered "container:$id"
  run -1 --separate-stderr entered "container:$other_id"
  [[ $stderr == *"only untrusted cgroups have this name"*"cgroup:/$mine/docker-$id.scope/docker-$other_id.scope"* ]]
  run -1 --separate-stderr entered "unit:$mine-cron"
  [[ $stderr == *"only untrusted cgroups have this name"* ]]
  run -0 --separate-stderr nsx-ls -J -l -p "$pid" -t uts -o CONTAINER,UNIT
  jq -e ".namespaces[0].container == [\"${id:0:12}\"] and .namespaces[0].unit == \"docker-$id.scope\"" <<<"$output"
}

@test "a cgroup that systemd marked as delegated names nothing for others" {
  real "$mine-daemon.service/lxc.payload.$mine"
  run -0 entered "container:$mine"
  "$attack_dir/attack-delegate" "$own/$mine-daemon.service"
  run -1 --separate-stderr entered "container:$mine"
  [[ $stderr == *"only untrusted cgroups have this name"* ]]
  # The delegated cgroup itself has a trusted name.
  run -0 entered "unit:$mine-daemon"
  [ "$output" = "$uts" ]
}

@test "two cgroups of one name, both made by root, are ambiguous" {
  real "a/lxc.payload.$mine"
  real "b/lxc.payload.$mine"
  run -1 --separate-stderr entered "container:$mine"
  [ "$stderr" = "nsx-enter: ambiguous name '$mine': could be cgroup:/$mine/a/lxc.payload.$mine, cgroup:/$mine/b/lxc.payload.$mine" ]
}

@test "a container that its runtime reports as ended is not searched for in cgroups" {
  real "lxc.payload.$mine"
  run -0 entered "container:$mine"
  mkdir -p "/run/runc/$mine"
  echo '{"init_process_pid":4194305,"init_process_start":7}' >"/run/runc/$mine/state.json"
  run -1 --separate-stderr entered "container:$mine"
  [ "$stderr" = "nsx-enter: cannot enter container:$mine: it is not running: runc recorded PID 4194305, which has exited" ]
}

@test "a reused PID on record is not trusted because of its cgroup's name" {
  mkdir -p "/run/runc/$mine-web"
  fake "$mine-web"
  # As containerd and podman write it: without the start time of the process.
  echo "{\"init_process_pid\":$pid}" >"/run/runc/$mine-web/state.json"
  run -1 --separate-stderr entered "container:$mine-web"
  [[ $stderr == "nsx-enter: cannot enter container:$mine-web: runc recorded PID $pid, which is in an untrusted cgroup of this name"* ]]
  real "$mine-web"
  echo "{\"init_process_pid\":$pid}" >"/run/runc/$mine-web/state.json"
  run -0 entered "container:$mine-web"
  [ "$output" = "$uts" ]
}

@test "nsx-ls marks untrusted names, and does not confuse them with trusted ones" {
  fake "docker-$id.scope"
  run -0 --separate-stderr nsx-ls -J -l -p "$pid" -t uts -o CONTAINER,UNIT
  jq -e ".namespaces[0].container == [\"?${id:0:12}\"] and .namespaces[0].unit == \"?docker-$id.scope\"" <<<"$output"
  run -0 --separate-stderr nsx-ls -l -n -Q "CONTAINER == \"${id:0:12}\" or UNIT == \"docker-$id.scope\"" -o NS
  [ -z "$output" ]
  for view in "--container $id" "container:$id"; do
    # shellcheck disable=SC2086 # a list of words
    run nsx-ls $view
    [ "$status" != 0 ]
    [[ $output == *"only untrusted cgroups have this name"* ]]
  done
  run -0 --separate-stderr nsx-ls --matrix=unit
  grep -q "^?docker-$id.scope " <<<"$output"
  run -0 --separate-stderr nsx-ls --matrix=container
  run ! grep -q "$id" <<<"$output"
  run -0 nsx-enter --list-targets
  run ! grep -q "^container:$id\|^unit:docker-$id" <<<"$output"
}

@test "nsx-cg leaves alone cgroups whose name comes from a user" {
  fake "docker-$id.scope"
  fake "$mine-b.service"
  run -0 --separate-stderr nsx-cg ls -J -o NAME,CONTAINER,UNIT "/$mine/alice/docker-$id.scope"
  jq -e ".cgroups[0].container == \"?$id\" and .cgroups[0].unit == \"?docker-$id.scope\"" <<<"$output"
  run -0 --separate-stderr nsx-cg which -J "$pid"
  jq -e ".[0].unit == \"?$mine-b.service\"" <<<"$output"
  for command in kill freeze ls; do
    run -1 nsx-cg "$command" "container:$id"
    [[ $output == *"only untrusted cgroups have this name"* ]]
    run -1 nsx-cg "$command" "unit:$mine-b"
  done
  # If there is a real one as well, only that is used.
  fake_pid=$pid
  real "system.slice/$mine-b.service/inner"
  nsx-cg kill "unit:$mine-b"
  wait_until is_gone_or_zombie "$pid"
  kill -0 "$fake_pid"
}

is_gone_or_zombie() {
  [ "$(state_of "$1")" = Z ] || is_gone "$1"
}

@test "a process that leaves its cgroup takes no other along" {
  # nsx-cg must act on the cgroup with that name, not on the process's new cgroup.
  real "$mine-c.service"
  as_user mkdir "$own/alice/$mine-d.service"
  hop() {
    while :; do
      echo "$1" >"$own/alice/$mine-d.service/cgroup.procs"
      echo "$1" >"$own/$mine-c.service/cgroup.procs"
    done 2>/dev/null
  }
  real "$mine-c.service" # so that it is never empty
  hop "${spawned[0]}" 3>&- &
  spawned+=("$!")
  named() {
    run -0 nsx-cg ls -d 0 -n -o NAME "unit:$mine-c"
    [ "$output" = "/$mine/$mine-c.service" ]
  }
  attack_tries=$(((attack_tries + 9) / 10)) repeat named
}

@test "an ordinary user finds their own names and root's" {
  fake "libpod-$id.scope/container"
  run -0 as_user nsx-enter -t "container:$id" stat -L -c %i /proc/self/ns/uts
  [ "$output" = "$uts" ]
  run -0 --separate-stderr as_user nsx-ls -J -l -p "$pid" -t uts -o CONTAINER,UNIT
  jq -e ".namespaces[0].container == [\"${id:0:12}\"] and .namespaces[0].unit == \"libpod-$id.scope\"" <<<"$output"
  fake "app.slice/$mine-sync.service"
  run -0 as_user nsx-enter -t "unit:$mine-sync" stat -L -c %i /proc/self/ns/uts
  [ "$output" = "$uts" ]
  run -0 as_user nsx-cg ls -d 0 -n -o NAME "unit:$mine-sync"
  [ "$output" = "/$mine/alice/app.slice/$mine-sync.service" ]
  real "system.slice/$mine-cron.service"
  run -0 as_user nsx-cg ls -d 0 -n -o NAME "unit:$mine-cron"
  [ "$output" = "/$mine/system.slice/$mine-cron.service" ]
  # Names used by both the user and root are reported as ambiguous.
  real "docker-$id.scope"
  run -1 --separate-stderr as_user nsx-enter -t "container:$id" true
  [ "$stderr" = "nsx-enter: ambiguous name '$id': could be cgroup:/$mine/alice/libpod-$id.scope, cgroup:/$mine/docker-$id.scope" ]
}

@test "another ordinary user's names are not trusted either" {
  as_other() {
    setpriv --reuid=4321 --regid=4321 --clear-groups --inh-caps=-all -- "$@"
  }
  fake "docker-$id.scope"
  run -1 --separate-stderr as_other nsx-enter -t "container:$id" true
  [[ $stderr == *"only untrusted cgroups have this name"* ]]
  run -1 as_other nsx-cg ls "container:$id"
}

@test "in a user namespace, unmapped users are others" {
  # All of them have the same number there, which may be the caller's, too.
  fake "docker-$id.scope"
  for uid in 4321 "$ordinary_uid"; do
    run -1 --separate-stderr setpriv --reuid="$uid" --regid="$uid" --clear-groups --inh-caps=-all -- \
      unshare --user nsx-enter -t "container:$id" true
    [[ $stderr == *"only untrusted cgroups have this name"* ]]
  done
}

# bats test_tags=host-only
@test "a v1 hierarchy owned by a user names nothing for others" {
  [ -n "$v1" ] || cannot "find v1's hierarchy of systemd"
  mkdir "$v1/$mine"
  chown "$ordinary_uid" "$v1/$mine"
  as_user mkdir "$v1/$mine/x"
  spawn as_user unshare --user --map-root-user --uts sleep 300
  wait_until has_left "$pid" uts
  echo "$pid" >"$v1/$mine/x/cgroup.procs"
  # v1 lets its owner rename it.
  as_user mv "$v1/$mine/x" "$v1/$mine/docker-$id.scope"
  run -1 --separate-stderr entered "container:$id"
  [[ $stderr == *"only untrusted cgroups have this name"* ]]
  run -0 as_user nsx-enter -t "container:$id" true
}

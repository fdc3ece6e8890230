# SPDX-License-Identifier: MIT
# Pins that another mount namespace has mounted, such as a container or a unit with ProtectSystem: here their
# files look stale.
# shellcheck disable=SC2154,SC2016 # set by bats and the loaded files
load ../lib/common
load ../lib/containers
load ../lib/pins

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  cd "$BATS_TEST_TMPDIR" || return
}

# For scripts of in_own_run: other SCRIPT runs it in a private copy of the mount namespace, which then persists:
# $other is a process in it.
other_namespace='
  other() {
    unshare -m --propagation=private bash -c "set -eu; $1
      : >made; exec sleep 300" 2>said &
    other=$!
    until [ -e made ]; do kill -0 $other; sleep 0.02; done
    trap "kill $other 2>/dev/null || true; end_inits" EXIT
  }
  tidy() { sed "s/PID $other\\b/PID OTHER/"; }
'

@test "ls: a pin that is mounted elsewhere, and where" {
  run -0 in_own_run "$other_namespace"'
    other "nsx-pin add blue; nsx-pin add red --uts"
    touch /run/netns/stale
    nsx-pin ls -n -o NAME,KIND,STATE | tr -s " " | tidy
    [ "$(nsx-pin ls -n -o NS blue)" = "$(nsx-enter -t $other -m stat -L -c %i /run/netns/blue)" ]
    nsx-pin ls -n -o NAME -Q "STATE =~ \"^elsewhere\"" | xargs
    nsx-enter -t $other -m nsx-pin ls -n -o NAME,STATE | tr -s " "'
  [ "${lines[0]}" = "blue net elsewhere (PID OTHER)" ]
  [ "${lines[1]}" = "red uts elsewhere (PID OTHER)" ]
  [ "${lines[2]}" = "stale net stale" ]
  [ "${lines[3]}" = "blue red" ]
  [ "${lines[4]} ${lines[5]} ${lines[6]}" = "blue live red live stale stale" ]
}

@test "gc keeps pins that are mounted elsewhere, and does not list them" {
  run -0 in_own_run "$other_namespace"'
    other "nsx-pin add blue; nsx-pin add red --uts"
    touch /run/netns/stale
    nsx-pin gc --dry-run
    nsx-pin gc
    nsx-enter -t $other -m nsx-pin exec blue -- echo ran
    kill $other; wait $other || true
    until nsx-pin ls -n -o STATE blue | grep -qx stale; do sleep 0.02; done
    nsx-pin gc'
  [ "${lines[*]:0:3}" = "/run/netns/stale (stale) /run/netns/stale (stale) ran" ]
  [ "${lines[*]:3}" = "/run/netns/blue (stale) /run/utsns/red (stale)" ]
}

@test "gc: a pin mounted in a mount namespace without a process" {
  run -0 in_own_run "$other_namespace"'
    other "nsx-pin add blue"
    exec 7</proc/$other/ns/mnt
    kill $other; wait $other || true
    nsx-pin ls -n -o STATE blue
    nsx-pin gc
    exec 7<&-
    until nsx-pin ls -n -o STATE blue | grep -qx stale; do sleep 0.02; done
    nsx-pin gc'
  [ "${lines[0]}" = "elsewhere (a mount namespace without a process)" ]
  [ "${lines[1]}" = "/run/netns/blue (stale)" ]
  [ "${#lines[@]}" = 2 ]
}

@test "gc: mounted below another path of the same directory, and not in another directory at its path" {
  run -0 in_own_run "$other_namespace"'
    mkdir -p /run/netns; touch /run/netns/red
    other "
      mkdir /run/pins; mount --bind /run/netns /tmp; mount -t tmpfs new /run; mkdir /run/netns
      touch /tmp/blue /run/netns/red
      mount --bind /proc/self/ns/net /tmp/blue; mount --bind /proc/self/ns/net /run/netns/red"
    nsx-pin ls -n -o NAME,STATE | tr -s " " | tidy
    nsx-pin gc'
  [ "${lines[*]}" = "blue elsewhere (PID OTHER) red stale /run/netns/red (stale)" ]
}

@test "exec and nsx-enter report who has it mounted" {
  run -0 in_own_run "$other_namespace"'
    other "nsx-pin add blue"
    for command in "nsx-pin exec blue -- echo ran" "nsx-pin pids blue" "nsx-enter -t pin:blue echo ran"; do
      $command 2>&1 | tidy | sed "s/=$other/=OTHER/"
    done'
  [ "${#lines[@]}" = 6 ]
  for i in 0 2 4; do
    [[ ${lines[i]} == *"cannot use /run/netns/blue as a namespace: it is mounted only in another mount namespace: PID OTHER" ]]
    [ "${lines[i + 1]}" = "hint: nsx-enter --mount --target=OTHER" ]
  done
}

@test "rm refuses and reports who has it mounted, except with --force" {
  run -0 in_own_run "$other_namespace"'
    other "nsx-pin add blue; nsx-pin add red --uts"
    nsx-pin add here
    for command in "blue" "--kill red" "--all"; do
      fails nsx-pin rm $command 2>&1 | tidy
    done
    nsx-enter -t $other -m nsx-pin exec blue -- echo ran
    nsx-pin ls -n -o NAME | xargs
    nsx-pin rm --force blue red
    nsx-pin ls -n; lines_with /run/netns/blue /proc/$other/mountinfo'
  [ "${lines[0]}" = "nsx-pin rm: cannot remove the pin blue: its net namespace is mounted in another mount namespace: PID OTHER" ]
  [ "${lines[1]}" = "hint: nsx-pin rm --force blue" ]
  [[ ${lines[2]} == *"the pin red: its uts namespace is mounted in another mount namespace: PID OTHER" ]]
  [ "${#lines[@]}" = 11 ]
  [ "${lines[8]} ${lines[9]} ${lines[10]}" = "ran blue red 0" ]
}

# bats test_tags=host-only
@test "the container that has it mounted is named" {
  local top
  top=$(cgroup_mount)
  [ -n "$top" ] || cannot "find a cgroup v2"
  id=$(printf 'c0ffee%.0s' {1..10})beef
  cgroup=$top/docker-$id.scope
  mkdir "$cgroup"
  export cgroup
  run in_own_run "$other_namespace"'
    other "echo 0 >$cgroup/cgroup.procs; nsx-pin add blue"
    nsx-pin ls -n -o STATE | tidy'
  wait_until rmdir "$cgroup"
  [ "$status" = 0 ]
  [ "$output" = "elsewhere (PID OTHER, container $id)" ]
}

@test "add notes that a pin does not show outside" {
  # There, PID 1 is in the mount namespace of in_own_run, and a child in a copy of it.
  run -0 in_own_run '
    unshare --pid --fork --mount-proc --kill-child bash -c "
      mount --make-shared /run
      nsx-pin add first
      for propagation in private slave shared; do
        unshare -m --propagation=\$propagation nsx-pin add \$propagation
        unshare -m --propagation=\$propagation nsx-pin add \$propagation --uts
      done
      nsx-pin ls -n -t net -o NAME,STATE; nsx-pin ls -n -t uts -o NAME,STATE
      unshare -m --propagation=private sh -c \"mount -t tmpfs own /run; nsx-pin add own\"
      unshare -m --propagation=private nsx-pin add a\\\\b
      true" 2>&1 | tr -s " "'
  hidden=" is pinned in this mount namespace only, as its mounts do not propagate (to pin it where PID 1 sees it: nsx-enter --mount --target=1 nsx-pin add ...)"
  [ "${lines[0]}" = "nsx-pin add: note: private$hidden" ]
  [ "${lines[1]}" = "nsx-pin add: note: private$hidden" ]
  [ "${lines[2]}" = "nsx-pin add: note: slave$hidden" ]
  [ "${lines[3]}" = "nsx-pin add: note: slave$hidden" ]
  [ "${lines[*]:4:7}" = "first live private stale shared live slave stale private stale shared live slave stale" ]
  [ "${lines[-1]}" = "nsx-pin add: note: a\x5cb$hidden" ]
}

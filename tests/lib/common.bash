# SPDX-License-Identifier: MIT
# What every bats file loads. tests/run.sh sets:
#   NSX_STAGE   the root of an installation of this build (meson install with DESTDIR)
#   NSX_BUILD   its build directory
#   NSX_SOURCE  the source tree
# and puts the staged binaries first in PATH.

bats_require_minimum_version 1.5.0

: "${NSX_STAGE:?run the tests by tests/run.sh}" "${NSX_BUILD:?}" "${NSX_SOURCE:?}"

# Part of names that others can see: no other process has it, in any PID namespace, and no other run.
# shellcheck disable=SC2034 # used by the files that load this
own_name=nsx-test-${BATS_RUN_TMPDIR##*-}-$$

# The ordinary user that the tests also run as, or that runs them anyway (tests tagged `rootless`).
ordinary_uid=65534
if [ "$EUID" != 0 ]; then ordinary_uid=$EUID; fi

setup() {
  spawned=()
}

teardown() {
  end_spawned
}

# On an emulated machine (tests/vm), starting a program costs tens of milliseconds, and nearly all of a test's
# time: the following functions start as few as possible.

# Skips what a test cannot do on this machine. Under NSX_MUST_WORK=1, as in CI, that is a failure.
cannot() {
  if [ "${NSX_MUST_WORK:-0}" = 1 ]; then
    echo "must work here: $*"
    return 1
  fi
  skip "$*"
}

# Runs a command as an ordinary user, without groups and capabilities.
become_user=(setpriv --reuid="$ordinary_uid" --regid="$ordinary_uid" --clear-groups
  --inh-caps=-all --)
if [ "$EUID" != 0 ]; then become_user=(env --); fi
as_user() {
  "${become_user[@]}" "$@"
}

# Starts a command in the background: its PID is in $pid, and teardown kills it.
spawn() {
  # A function would run in a shell between us and the command.
  if [ "$1" = as_user ]; then
    shift
    set -- "${become_user[@]}" "$@"
  fi
  "$@" >/dev/null 2>&1 3>&- 4>&- </dev/null &
  pid=$!
  spawned+=("$pid")
}

# Prefix of commands that must run truly in parallel with the test: tests/vm keeps bats on the first CPU.
on_every_cpu=()
# shellcheck disable=SC2034 # used by the files that load this
if [ -n "${NSX_VM:-}" ]; then on_every_cpu=(taskset -c 0-1); fi

# Kills what spawn has started, by PID, and waits for it.
end_spawned() {
  local each
  for each in "${spawned[@]}"; do
    kill -KILL "$each" 2>/dev/null || true
    wait "$each" 2>/dev/null || true
  done
  spawned=()
}

# Repeats a command until it succeeds, for at most ten seconds.
wait_until() {
  local deadline=$((SECONDS + 60)) silent=$BATS_RUN_TMPDIR/silent
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || {
      echo "waited in vain for: $*"
      return 1
    }
    # A pipe without input: read's timeout replaces sleep(1).
    [ -p "$silent" ] || mkfifo "$silent"
    read -r -t 0.02 <>"$silent" || true
  done
}

# Every kind of namespace that this kernel has.
kernel_kinds=()
for kind in cgroup ipc mnt net pid time user uts; do
  if [ -e "/proc/self/ns/$kind" ]; then kernel_kinds+=("$kind"); fi
done
unset kind

all_kinds() {
  printf '%s\n' "${kernel_kinds[@]}"
}

# The inode number of a namespace: ns_of PID KIND.
ns_of() {
  stat -L -c %i "/proc/$1/ns/$2"
}

# The namespaces of a process, a line a kind: the kind and the inode number.
namespaces() {
  (cd "/proc/$1/ns" && exec stat -L -c '%n %i' "${kernel_kinds[@]}")
}

# Whether a process is in another namespace of this kind than ours: for wait_until.
has_left() {
  [ -e "/proc/$1/ns/$2" ] && ! [ "/proc/$1/ns/$2" -ef "/proc/$$/ns/$2" ]
}

# Whether a process runs a program of this name by now: runs PID NAME. For wait_until.
runs() {
  [ "$(<"/proc/$1/comm")" = "$2" ]
}

# Whether a process has a child that runs a program of this name, whose PID is then in $child:
# has_child PARENT NAME. For wait_until.
has_child() {
  local name children=()
  read -r -a children 2>/dev/null <"/proc/$1/task/$1/children" || true
  for child in "${children[@]}"; do
    if read -r name 2>/dev/null <"/proc/$child/comm" && [ "$name" = "$2" ]; then return 0; fi
  done
  return 1
}

# The same for a child that is a zombie.
has_zombie() {
  local children=()
  read -r -a children 2>/dev/null <"/proc/$1/task/$1/children" || true
  for child in "${children[@]}"; do
    if [ "$(state_of "$child")" = Z ]; then return 0; fi
  done
  return 1
}

# Starts `sleep` in new namespaces, made by util-linux's unshare with the given options, and waits until it runs:
# $pid is the process in them. spawn_in KIND OPTIONS...
spawn_in() {
  local kind=$1
  shift
  spawn unshare "$@" -- sleep 300
  wait_until has_left "$pid" "$kind"
}

# Whether no process has this PID any more.
is_gone() {
  ! kill -0 "$1" 2>/dev/null
}

# Runs a command so that nothing_is_left can find its leftovers.
marked() {
  local mounts
  mapfile mounts </proc/self/mountinfo
  printf %s "${mounts[@]}" >"$BATS_TEST_TMPDIR/mountinfo"
  NSX_TEST_MARK=$BATS_TEST_TMPDIR "$@"
}

# Fails if a process that a `marked` command started still exists, or a mount has been added or removed.
nothing_is_left() {
  local left before after
  left=$(grep -lsz "^NSX_TEST_MARK=$BATS_TEST_TMPDIR\$" /proc/[0-9]*/environ) || true
  [ -z "$left" ] || {
    echo "left behind: $left"
    return 1
  }
  mapfile before <"$BATS_TEST_TMPDIR/mountinfo"
  mapfile after </proc/self/mountinfo
  [ "${before[*]}" = "${after[*]}" ] || {
    diff "$BATS_TEST_TMPDIR/mountinfo" <(printf %s "${after[@]}") || return 1
  }
}

# Whether a process has the map of its own user namespace; before, it has that of this one: is_mapped PID FILE
is_mapped() {
  grep -qs . "/proc/$1/$2" && ! cmp -s "/proc/$1/$2" "/proc/self/$2"
}

# The state letter of a process, as in proc(5): R, S, T (stopped), Z ... Empty if it is gone.
state_of() {
  local stat
  if read -r stat 2>/dev/null <"/proc/$1/stat"; then
    # After the name, which may contain anything.
    stat=${stat##*) }
    echo "${stat%% *}"
  fi
}

is_stopped() {
  [ "$(state_of "$1")" = T ]
}

is_not_stopped() {
  ! is_stopped "$1"
}

# A small root directory with these programs and their libraries: make_root DIR PROGRAM...
make_root() {
  local root=$1 program file
  shift
  mkdir -p "$root/proc" "$root/tmp" "$root/inside"
  for program in "$@"; do
    program=$(command -v "$program")
    for file in "$program" $(ldd "$program" | grep -o '/[^ ]*'); do
      mkdir -p "$root/$(dirname "$file")"
      cp -L "$file" "$root/$file"
    done
  done
  chmod -R a+rX "$root"
}

# Its words, separated by single spaces: words $output.
words() {
  echo "$*"
}

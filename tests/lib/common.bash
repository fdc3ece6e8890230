# What every bats file loads. tests/run.sh sets:
#   NSX_STAGE   the root of an installation of this build (meson install with DESTDIR)
#   NSX_BUILD   its build directory
#   NSX_SOURCE  the source tree
# and puts the staged binaries first in PATH.

bats_require_minimum_version 1.5.0

: "${NSX_STAGE:?run the tests by tests/run.sh}" "${NSX_BUILD:?}" "${NSX_SOURCE:?}"

# The name of the ordinary user that the tests also run as.
ordinary_uid=65534

setup() {
  spawned=()
}

teardown() {
  end_spawned
}

# What a test can't do on this machine. Under NSX_MUST_WORK=1, as in CI, that is a failure.
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
as_user() {
  "${become_user[@]}" "$@"
}

# Starts a command in the background: its PID is in $pid, and teardown ends it.
spawn() {
  # A function would be run by a shell between us and the command.
  if [ "$1" = as_user ]; then
    shift
    set -- "${become_user[@]}" "$@"
  fi
  "$@" >/dev/null 2>&1 3>&- 4>&- </dev/null &
  pid=$!
  spawned+=("$pid")
}

# Ends what spawn has started, by its number, and waits for it.
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
  local deadline=$((SECONDS + 10))
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || {
      echo "waited in vain for: $*"
      return 1
    }
    sleep 0.02
  done
}

# The inode number of a namespace: ns_of PID KIND.
ns_of() {
  stat -L -c %i "/proc/$1/ns/$2"
}

# Whether a process is in a namespace of this kind other than ours: for wait_until.
has_left() {
  local inode
  inode=$(ns_of "$1" "$2" 2>/dev/null) && [ "$inode" != "$(ns_of $$ "$2")" ]
}

# Starts `sleep` in new namespaces, made by util-linux's unshare with the given options, and waits
# until it is there: $pid is the process in them. spawn_in KIND OPTIONS...
spawn_in() {
  local kind=$1
  shift
  spawn unshare "$@" -- sleep 300
  wait_until has_left "$pid" "$kind"
}

# Whether no process has this number any more.
is_gone() {
  ! kill -0 "$1" 2>/dev/null
}


# Every kind of namespace that this kernel has.
all_kinds() {
  local file
  for file in cgroup ipc mnt net pid time user uts; do
    if [ -e "/proc/self/ns/$file" ]; then echo "$file"; fi
  done
}

# Runs a command so that nothing_is_left can find what it leaves behind.
marked() {
  cat /proc/self/mountinfo >"$BATS_TEST_TMPDIR/mountinfo"
  NSX_TEST_MARK=$BATS_TEST_TMPDIR "$@"
}

# Fails if a process that a `marked` command started is still there, or a mount has come or gone.
nothing_is_left() {
  local left
  left=$(grep -lsz "^NSX_TEST_MARK=$BATS_TEST_TMPDIR\$" /proc/[0-9]*/environ) || true
  [ -z "$left" ] || {
    echo "left behind: $left"
    return 1
  }
  diff "$BATS_TEST_TMPDIR/mountinfo" /proc/self/mountinfo
}

# The state letter of a process, as ps(1) shows it: R, S, T (stopped), Z ...
state_of() {
  ps -o state= -p "$1" | tr -d ' '
}

is_stopped() {
  [ "$(state_of "$1")" = T ]
}

is_not_stopped() {
  ! is_stopped "$1"
}

# A small root directory that holds these programs and their libraries: make_root DIR PROGRAM...
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

# Its words with one blank between: words $output.
words() {
  echo "$*"
}

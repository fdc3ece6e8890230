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
as_user() {
  setpriv --reuid="$ordinary_uid" --regid="$ordinary_uid" --clear-groups --inh-caps=-all -- "$@"
}

# Starts a command in the background: its PID is in $pid, and teardown ends it.
spawn() {
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

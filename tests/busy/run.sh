#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the README's test command on a busy machine: meanwhile containers of a real docker, pins of ip netns,
# namespaces bound to files, processes in namespaces and cgroups come and go, outside the tests' own /run.
# Usage: sudo bash tests/busy/run.sh [OPTION of tests/run.sh...]
# shellcheck disable=SC2317 # functions called by name
set -eu

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
export NSX_SOURCE=$source_dir
# The name that docker.bash uses for its cgroup.
export own_name=nsx-busy-$$
BATS_FILE_TMPDIR=$(mktemp -d /tmp/nsx-busy.XXXXXX)
chmod 755 "$BATS_FILE_TMPDIR"
cannot() {
  echo "tests/busy/run.sh: cannot $*" >&2
  return 1
}
# shellcheck source=../lib/containers.bash
. "$source_dir/tests/lib/containers.bash"
# shellcheck source=../lib/docker.bash
. "$source_dir/tests/lib/docker.bash"
others=()

# How often each of them did its work.
counts=$BATS_FILE_TMPDIR/counts
mkdir "$counts"

# Repeats it until this script ends: others_do NAME FUNCTION
others_do() {
  (
    trap 'exit 0' TERM
    turn=0
    while :; do
      "$1" $((turn % 10)) || true
      echo $((turn += 1)) >"$counts/$1"
      sleep 0.3
    done
  ) >"$BATS_FILE_TMPDIR/$1.log" 2>&1 &
  others+=($!)
}

containers() {
  docker run -d --name "busy-$1" busy /busybox sleep 600
  docker run -d --name "busy-side-$1" --network "container:busy-$1" --pid host busy /busybox sleep 600
  docker pause "busy-side-$1"
  docker rm -f "busy-side-$1" "busy-$1"
}

pins() {
  ip netns add "nsx-busy-$1"
  ip netns add "nsx-busy-$1-too"
  ip netns exec "nsx-busy-$1" sleep 0.5
  ip netns del "nsx-busy-$1"
  ip netns del "nsx-busy-$1-too"
}

bound() {
  local file=$BATS_FILE_TMPDIR/bound-$1
  touch "$file-uts" "$file-net"
  unshare --uts="$file-uts" --net="$file-net" true
  sleep 0.3
  umount "$file-uts" "$file-net"
  rm "$file-uts" "$file-net"
}

processes() {
  unshare -Urmuinpf --kill-child sh -c 'unshare -Urn sleep 0.5'
  unshare -m sh -c 'mount -t tmpfs none /mnt; sleep 0.5'
}

cgroups() {
  local mount
  mount=$(cgroup_mount)
  mkdir -p "$mount/nsx-busy-$$/$1"
  sleep 0.3
  rmdir "$mount/nsx-busy-$$/$1"
  rmdir "$mount/nsx-busy-$$"
}

calm() {
  local each
  for each in "${others[@]}"; do kill "$each" 2>/dev/null || true; done
  for each in "${others[@]}"; do wait "$each" 2>/dev/null || true; done
  for each in 0 1 2 3 4 5 6 7 8 9; do
    for name in "nsx-busy-$each" "nsx-busy-$each-too"; do
      if [ -e "/run/netns/$name" ]; then ip netns del "$name"; fi
    done
    for name in "$BATS_FILE_TMPDIR/bound-$each"-{uts,net}; do
      if [ -e "$name" ]; then umount "$name" 2>/dev/null || true; fi
    done
  done
  stop_docker || true
  rm -rf "$BATS_FILE_TMPDIR"
}
trap calm EXIT

start_docker
mkdir "$BATS_FILE_TMPDIR/image"
cp "$(command -v busybox)" "$BATS_FILE_TMPDIR/image/"
docker_image busy "$BATS_FILE_TMPDIR/image"
for other in containers pins bound processes cgroups; do others_do "$other"; done

status=0
sh "$source_dir/tests/run.sh" "$@" || status=$?
# They existed all the time.
for other in containers pins bound processes cgroups; do
  echo "beside the tests: $other, $(cat "$counts/$other") times"
done
exit $status

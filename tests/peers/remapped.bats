# SPDX-License-Identifier: MIT
# bats file_tags=host-only
# Containers of a docker that maps their root to another user (dockerd --userns-remap).
# shellcheck disable=SC2154,SC2034 # set by bats and the loaded files
# shellcheck disable=SC2016 # scripts for a shell in the target
load ../lib/common
load ../lib/containers
load ../lib/docker

setup_file() {
  local bare=$BATS_FILE_TMPDIR/bare
  # dockerd takes the range of this user from there.
  echo nobody:100000:65536 >"$BATS_FILE_TMPDIR/ids"
  echo nogroup:100000:65536 >>"$BATS_FILE_TMPDIR/ids"
  mount --bind "$BATS_FILE_TMPDIR/ids" /etc/subuid
  mount --bind "$BATS_FILE_TMPDIR/ids" /etc/subgid
  chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
  start_docker --userns-remap nobody:nogroup
  mkdir -p "$bare/app"
  cp "$(command -v busybox)" "$bare/sleep"
  docker_image bare "$bare"
  docker run -d --name web --hostname web bare /sleep 600 >"$BATS_FILE_TMPDIR/started" 2>&1 || {
    cat "$BATS_FILE_TMPDIR/started"
    return 1
  }
}

teardown_file() {
  stop_docker
  umount /etc/subuid /etc/subgid
}

setup() {
  spawned=()
}

@test "--tools: the program is root of the container, and cannot change the mounts" {
  run -0 nsx-enter -t web --tools -- sh -c 'id -u; uname -n; xargs </proc/self/uid_map; ps -e -o comm= | head -n 1
    touch /target/app/made && stat -c %u:%g /target/app/made; mount -t tmpfs none /tmp 2>/dev/null || echo no mount'
  [ "$output" = "0
web
0 100000 65536
sleep
0:0
no mount" ]
}

@test "--get and --put translate the owners" {
  echo new >"$BATS_TEST_TMPDIR/file"
  chown 33:44 "$BATS_TEST_TMPDIR/file"
  nsx-enter -t web --put="$BATS_TEST_TMPDIR/file:/app/file" --get=/app/file:"$BATS_TEST_TMPDIR/back"
  run -0 nsx-enter -t web --tools -- stat -c %u:%g /target/app/file
  [ "$output" = 33:44 ]
  run -0 stat -c %u:%g "$BATS_TEST_TMPDIR/back"
  [ "$output" = 33:44 ]
}

@test "--bind shows the owners as in the container, --tmpfs belongs to its root" {
  mkdir "$BATS_TEST_TMPDIR/data"
  echo data >"$BATS_TEST_TMPDIR/data/file"
  chown 33:44 "$BATS_TEST_TMPDIR/data/file"
  nsx-enter -t web --mkdir --bind="$BATS_TEST_TMPDIR/data:/data:ro" --tmpfs=/cache
  run -0 nsx-enter -t web --tools -- stat -c %u:%g /target/data/file /target/cache /target/data
  [ "$output" = "33:44
0:0
0:0" ]
  nsx-enter -t web --unbind=/data --unbind=/cache
}

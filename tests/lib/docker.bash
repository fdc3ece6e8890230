# SPDX-License-Identifier: MIT
# A private docker, from Debian's packages, unpacked (tests/peers/fetch.sh): start_docker in setup_file, stop_docker in
# teardown_file. Its containers have only the loopback network; their cgroups are below a private one.
# shellcheck shell=bash disable=SC2154 # own_name of common.bash

# shellcheck disable=SC2120 # options of dockerd
start_docker() {
  local peer
  peer=$(bash "$NSX_SOURCE/tests/peers/fetch.sh" docker 2>"$BATS_FILE_TMPDIR/fetch") || {
    cat "$BATS_FILE_TMPDIR/fetch"
    cannot "fetch docker"
  }
  docker_dir=$BATS_FILE_TMPDIR/docker
  export DOCKER_HOST=unix://$docker_dir/socket docker_path="$peer/usr/bin:$peer/usr/sbin" docker_dir
  export docker_cgroup=$own_name-docker
  mkdir -p "$docker_dir"
  # Its network is not this machine's. It has no descriptor whose end bats waits for.
  PATH=$docker_path:$PATH unshare --net sh -c 'ip link set lo up && exec "$@"' sh \
    dockerd --host "$DOCKER_HOST" --pidfile "$docker_dir/pid" --data-root "$docker_dir/data" --storage-driver vfs \
    --bridge none --iptables=false --ip-masq=false --cgroup-parent "/$docker_cgroup" "$@" \
    >"$docker_dir/log" 2>&1 </dev/null 3>&- 4>&- &
  export docker_daemon=$!
  for _ in {1..600}; do
    if docker info >/dev/null 2>&1; then return; fi
    kill -0 "$docker_daemon" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$docker_dir/log"
  return 1
}

docker() {
  PATH=$docker_path:$PATH command docker "$@" 3>&- 4>&-
}

# Makes an image of a directory: docker_image NAME DIR
docker_image() {
  tar -C "$2" -c . | docker import - "$1" >/dev/null
}

# The PID of a container's first process.
docker_pid() {
  docker inspect -f '{{.State.Pid}}' "$1"
}

stop_docker() {
  local ids mount
  [ -n "${docker_daemon-}" ] || return 0
  ids=$(docker ps -aq) || true
  # shellcheck disable=SC2086 # several
  if [ -n "$ids" ]; then docker rm -f $ids >/dev/null; fi
  kill "$docker_daemon"
  wait "$docker_daemon" || true
  for mount in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if [ -d "$mount/$docker_cgroup" ]; then find "$mount/$docker_cgroup" -depth -type d -exec rmdir {} +; fi
  done
}

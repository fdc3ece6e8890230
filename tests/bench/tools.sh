#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compares the start of a program of the host in a container that has none (nsx-enter --tools) with docker exec in a
# container that has it, and with what cntr does, as commands of util-linux: the container's root and a dozen binds
# in a mount namespace, then its other namespaces. Run by tests/bench/run.sh, which stages nsx.
# shellcheck disable=SC2034,SC2154 # for tests/lib/docker.bash, and set by it
set -eu

: "${NSX_BENCH_STAGE:?run it by tests/bench/run.sh tools}"
programs=$1 # where the programs of this directory are built
NSX_SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
export NSX_SOURCE
own_name=nsx-bench-$$
work=$(mktemp -d /tmp/nsx-bench-tools.XXXXXX)
BATS_FILE_TMPDIR=$work
cannot() {
  echo "tests/bench/tools.sh: cannot $*" >&2
  exit 1
}
. "$NSX_SOURCE/tests/lib/docker.bash"
finish() {
  stop_docker
  rm -rf "$work"
}
trap finish EXIT
start_docker

mkdir -p "$work/box/etc" "$work/box/proc" "$work/box/sys" "$work/box/dev"
cp "$(command -v busybox)" "$work/box/true"
cp "$(command -v busybox)" "$work/box/sleep"
docker_image box "$work/box"
docker run -d --name web box /sleep 3600 >/dev/null
pid=$(docker_pid web)

# What docker(1) is for a shell script, with its path and its daemon.
cat >"$work/docker-exec" <<END
#!/bin/sh
PATH=$docker_path:\$PATH DOCKER_HOST=$DOCKER_HOST exec docker exec web /true
END
cat >"$work/binds" <<END
#!/bin/sh -e
exec unshare -m --propagation slave sh -e -c 'mount --rbind /proc/$pid/root /mnt
  for each in proc sys dev etc/resolv.conf etc/hosts etc/hostname; do mount --rbind /mnt/\$each /\$each; done
  exec nsenter -t $pid -n -p -i -u -C true'
END
chmod +x "$work/docker-exec" "$work/binds"

echo "nsx-enter --tools: $(uname -sr), $(nproc) processors, $(docker --version)"
printf '%-34s %9s %9s %8s\n' "" "nsx us" "peer us" "ratio"
nsx="$NSX_BENCH_STAGE/usr/bin/nsx-enter -t docker:web --tools -- true"
"$programs/pairs" "beside docker exec web /true" 101 "$nsx" "$work/docker-exec"
"$programs/pairs" "by PID" 101 "$NSX_BENCH_STAGE/usr/bin/nsx-enter -t $pid --tools -- true" "$work/docker-exec"
"$programs/pairs" "by PID, beside binds by util-linux" 101 \
  "$NSX_BENCH_STAGE/usr/bin/nsx-enter -t $pid --tools -- true" "$work/binds"

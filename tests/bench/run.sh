#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares the speed of nsx with its peers, both in turn in one run, as ratios. Neither a test nor a lane of CI, as
# times on a busy machine prove nothing. Usage: sudo sh tests/bench/run.sh [PAIRS|ls|pin|cg|tools]
# "ls" runs only nsx-ls on worlds of many processes, "pin" only nsx-pin, "cg" only nsx-cg on many cgroups, "tools"
# only nsx-enter --tools beside docker exec; by default the first three come last.
set -eu

pairs=${1:-1000}
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
build_dir=$source_dir/build-bench

if [ "$(id -u)" != 0 ]; then
  echo "tests/bench/run.sh: it makes and enters namespaces: run it as root (sudo)" >&2
  exit 1
fi
. "$source_dir/tools/packages.sh"
# shellcheck disable=SC2086 # a list of words
install_packages $build_packages libgtest-dev util-linux

if [ -z "${NSX_BENCH_STAGE:-}" ]; then
  [ -f "$build_dir/build.ninja" ] || meson setup --prefix=/usr "$build_dir" "$source_dir" >/dev/null
  ninja -C "$build_dir" --quiet all tests/bench/pairs tests/bench/turns tests/bench/world tests/bench/floor \
    tests/bench/cgroup_floor
  NSX_BENCH_STAGE=$(mktemp -d /tmp/nsx-bench.XXXXXX)
  export NSX_BENCH_STAGE
  trap 'rm -rf "$NSX_BENCH_STAGE"' EXIT
  DESTDIR=$NSX_BENCH_STAGE meson install -C "$build_dir" --quiet --no-rebuild
  # As installed: ld.so's cache has the library, as for the peers, instead of a RUNPATH. A private mount
  # namespace has a private cache.
  libdir=$(dirname "$(find "$NSX_BENCH_STAGE" -name libnsx.so.0)")
  ldconfig -C "$NSX_BENCH_STAGE/cache" "$libdir"
  unshare -m sh -c "mount --bind $NSX_BENCH_STAGE/cache /etc/ld.so.cache; exec sh '$0' $pairs"
  exit
fi

if [ "$pairs" = tools ]; then exec bash "$source_dir/tests/bench/tools.sh" "$build_dir/tests/bench"; fi
case $pairs in ls | pin | cg) exec sh "$source_dir/tests/bench/$pairs.sh" "$build_dir/tests/bench" ;; esac

target=
finish() {
  [ -z "$target" ] || kill -KILL "$target" 2>/dev/null || true
}
trap finish EXIT
unshare --net --uts --mount -- sleep 3600 &
target=$!
# It has entered its namespaces when its link differs from ours.
while [ "$(readlink "/proc/$target/ns/net")" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done

tools=$NSX_BENCH_STAGE/usr/bin
run() {
  "$build_dir/tests/bench/pairs" "$@"
}

echo "$(uname -sr), $(nproc) processors, $(find /proc -maxdepth 1 -name "[0-9]*" | wc -l) processes, $pairs pairs a row"
printf '%-34s %9s %9s %8s\n' "" "nsx us" "peer us" "ratio"
run "unshare -u -- /bin/true" "$pairs" \
  "$tools/nsx-unshare -u -- /bin/true" "unshare -u -- /bin/true"
run "unshare -fp -- /bin/true" "$pairs" \
  "$tools/nsx-unshare -fp -- /bin/true" "unshare -fp -- /bin/true"
# From here on, except for "-n", the sealed starter executes the program.
run "unshare --root=/ -- /bin/true" "$pairs" \
  "$tools/nsx-unshare --root=/ -- /bin/true" "unshare --root=/ -- /bin/true"
run "nsenter -t PID -n -- /bin/true" "$pairs" \
  "$tools/nsx-enter -t $target -n -- /bin/true" "nsenter -t $target -n -- /bin/true"
run "nsenter -t PID -m -- /bin/true" "$pairs" \
  "$tools/nsx-enter -t $target -m -- /bin/true" "nsenter -t $target -m -- /bin/true"
run "nsenter -t PID -a -- /bin/true" "$pairs" \
  "$tools/nsx-enter -t $target -a -- /bin/true" "nsenter -t $target -a -- /bin/true"
run "lsns" "$((pairs / 5))" "$tools/nsx-ls" "lsns"
run "lsns -J -T" "$((pairs / 5))" "$tools/nsx-ls -J -T" "lsns -J -T"
echo
sh "$source_dir/tests/bench/ls.sh" "$build_dir/tests/bench"
echo
sh "$source_dir/tests/bench/pin.sh" "$build_dir/tests/bench"
echo
sh "$source_dir/tests/bench/cg.sh" "$build_dir/tests/bench"

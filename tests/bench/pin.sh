#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares the speed of nsx-pin with ip netns, both in turn, in a private /run. Prints the targets beside the
# results, but passes no judgement, as times on a busy machine prove nothing. Run by tests/bench/run.sh, which
# stages nsx.
set -eu

: "${NSX_BENCH_STAGE:?run it by tests/bench/run.sh pin}"
programs=$1 # where the programs of this directory are built
pin=$NSX_BENCH_STAGE/usr/bin/nsx-pin
if [ "${NSX_BENCH_RUN:-}" != own ]; then
  exec unshare -m sh -c 'mount -t tmpfs -o mode=755 run /run && NSX_BENCH_RUN=own exec sh "$@"' - "$0" "$@"
fi

work=$(mktemp -d /tmp/nsx-bench-pin.XXXXXX)
world=
finish() {
  # The world ends with the process that it waits for, and waits for its own processes.
  exec 9>&-
  [ -z "$world" ] || wait "$world" || true
  rm -rf "$work"
}
trap finish EXIT

# measure LABEL PAIRS MOST NSX PEER: MOST is the highest acceptable ratio of nsx to the peer.
measure() {
  "$programs/pairs" "$1" "$2" "$4" "$5" >"$work/row"
  awk -v most="$3" '{ printf "%s   target %.2f: %s\n", $0, most, $NF <= most ? "met" : "MISSED" }' "$work/row"
}

# Writes a script of commands and prints its name.
script() {
  name=$work/$1
  shift
  { echo '#!/bin/sh -e' && printf '%s\n' "$@"; } >"$name"
  chmod +x "$name"
  echo "$name"
}

echo "nsx-pin: $(uname -sr), $(nproc) processors, $(ip -V)"
printf '%-34s %9s %9s %8s\n' "" "nsx us" "peer us" "ratio"
bare=$(script bare "$pin add --no-lo x" "$pin rm x")
nsx=$(script nsx "$pin add x" "$pin rm x")
ip=$(script ip "ip netns add x" "ip netns del x")
ip_lo=$(script ip-lo "ip netns add x" "ip -n x link set lo up" "ip netns del x")
measure "add --no-lo, rm" 101 1 "$bare" "$ip"
# With lo up, which ip netns leaves down: compared with leaving it down, and with setting it up as well.
measure "add, rm" 101 1 "$nsx" "$ip"
measure "add, rm, beside ip link set lo up" 101 1 "$nsx" "$ip_lo"
$pin add blue
measure "exec blue -- true" 201 1 "$pin exec blue -- true" "ip netns exec blue true"

mkfifo "$work/end" "$work/ready"
$pin exec blue -- "$programs/world" 10000 1 <"$work/end" >"$work/ready" &
world=$!
exec 9>"$work/end"
read -r _ <"$work/ready"
measure "pids, 10,000 processes" 11 0.333 "$pin pids blue" "ip netns pids blue"
exec 9>&-
wait "$world"
world=

for i in $(seq 999); do $pin add "many$i"; done
measure "ls, 1,000 pins" 21 0.2 "$pin ls" "ip netns list"
# Mounts that the last of them leaves disappear with this mount namespace.

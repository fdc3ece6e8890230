#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares the speed of nsx-ls with lsns, and with the system calls that the answer needs, on worlds of sleeping
# processes, all commands in turn. Prints the targets beside the results, but passes no judgement, as times on a
# busy machine prove nothing. Run by tests/bench/run.sh, which stages nsx.
set -eu

: "${NSX_BENCH_STAGE:?run it by tests/bench/run.sh ls}"
programs=$1 # where the programs of this directory are built
nsx_ls=$NSX_BENCH_STAGE/usr/bin/nsx-ls
work=$(mktemp -d /tmp/nsx-bench-ls.XXXXXX)
world=
finish() {
  # The world ends with the process that it waits for, and waits for its own processes.
  exec 9>&-
  [ -z "$world" ] || wait "$world" || true
  rm -rf "$work"
}
trap finish EXIT

# measure ROUNDS PROCESSES NAMESPACES FDS KINDS: NAMESPACES as in the table, where 9 means the machine's own and
# one more.
measure() {
  rounds=$1 processes=$2 namespaces=$3 descriptors=$4 kinds=$5
  extra=$namespaces
  [ "$namespaces" != 9 ] || extra=1
  [ "$kinds" != mixed ] || kinds=uts,ipc,cgroup,user,time
  rm -f "$work/end" "$work/ready"
  mkfifo "$work/end" "$work/ready"
  "$programs/world" "$processes" "$extra" "$descriptors" "$kinds" <"$work/end" >"$work/ready" &
  world=$!
  exec 9>"$work/end"
  read -r _ <"$work/ready"
  "$programs/turns" "$rounds" \
    floor "$programs/floor" floor-all "$programs/floor all" \
    process "$nsx_ls --sources=process" all "$nsx_ls --sources=all" default "$nsx_ls" lsns lsns \
    >"$work/times"
  exec 9>&-
  wait "$world"
  world=
  sed "s/^/$processes,$namespaces,$descriptors,$5 /" "$work/times" >>"$work/all"
  awk -v processes="$processes" -v namespaces="$namespaces" -v kinds="$5" -v descriptors="$descriptors" '
    { label = $1; ms[label] = $2 / 1000; peak[label] = $4 / 1024; lsns[label] = $10 }
    label == "floor" { process_floor = $7 }
    label == "floor-all" { all_floor = $8 }
    END {
      printf "%9d %10d %-5s %7d %8.1f %8.1f %8.1f %8.1f %8.1f %9.1f %8.1f %8.1f %8.2f %8.2f %6.1f\n",
        processes, namespaces, kinds, descriptors, ms["floor"], ms["floor-all"], ms["process"],
        ms["all"], ms["default"], ms["lsns"], lsns["process"], lsns["all"], process_floor,
        all_floor, peak["all"]
    }' "$work/times"
}

echo "nsx-ls: $(uname -sr), $(nproc) processors, $(lsns --version); before: $("$programs/floor" all)"
echo "median wall times in ms; process and all are nsx-ls with these sources; peak memory in MiB"
printf '%9s %16s %7s %17s %26s %9s %17s %17s %6s\n' \
  "" "" "" "necessary calls" "nsx-ls" "" "lsns / nsx-ls" "nsx-ls / calls" ""
printf '%9s %10s %-5s %7s %8s %8s %8s %8s %8s %9s %8s %8s %8s %8s %6s\n' \
  processes namespaces of fds process all process all default lsns process all process all peak
measure 101 100 9 0 uts
measure 101 100 500 0 mixed
measure 31 1000 9 0 uts
measure 21 1000 5000 0 mixed
measure 7 10000 9 0 uts
measure 7 10000 5000 0 mixed
measure 11 100 9 100000 uts
# Like containers: each has a mount namespace in which other namespaces can be mounted.
measure 11 1000 1000 0 mnt
# lsns is slowest with net namespaces. They come last, as the kernel still takes them apart afterwards.
measure 5 10000 5000 0 net

echo
awk '
  { world = $1; time[world, $2] = $3; lsns[world, $2] = $11; peak[world, $2] = $5 / 1024 }
  $2 == "floor" { ratio[world, "process"] = $8 }
  $2 == "floor-all" { ratio[world, "all"] = $9 }
  function target(what, figure, sign, bound) {
    met = sign == "<=" ? figure <= bound : figure >= bound
    printf "%-72s %8.2f  target %s %4s  %s\n", what, figure, sign, bound, met ? "met" : "MISSED"
  }
  function both(what, figures, world, sign, bound_all, bound_process) {
    target(what ", all", figures[world, "all"], sign, bound_all)
    target(what ", process", figures[world, "process"], sign, bound_process)
  }
  function growth(what, few, many) {
    for (label in labels) grown[many, label] = time[many, label] / time[few, label]
    both(what, grown, many, "<=", 11, 11)
  }
  END {
    labels["all"]; labels["process"]
    net = "10000,5000,0,net"; mixed = "10000,5000,0,mixed"; few = "10000,9,0,uts"
    small = "100,9,0,uts"; small_mixed = "100,500,0,mixed"; descriptors = "100,9,100000,uts"
    both("lsns / nsx-ls, 10,000 processes in 5,000 net namespaces", lsns, net, ">=", 40, 70)
    both("lsns / nsx-ls, 10,000 processes in 5,000 mixed namespaces", lsns, mixed, ">=", 40, 70)
    both("lsns / nsx-ls, 10,000 processes in 9 namespaces", lsns, few, ">=", 14, 25)
    target("lsns / nsx-ls, 100 processes in 9 namespaces", lsns[small, "default"], ">=", 1)
    target("lsns / nsx-ls, 100 processes in 500 namespaces", lsns[small_mixed, "default"], ">=", 1)
    growth("from 1,000 to 10,000 processes in 9 namespaces", "1000,9,0,uts", few)
    growth("from 1,000 to 10,000 processes in 5,000 mixed namespaces", "1000,5000,0,mixed", mixed)
    both("nsx-ls / calls, 10,000 processes in 5,000 net namespaces", ratio, net, "<=", 1.5, 1.5)
    both("nsx-ls / calls, 10,000 processes in 5,000 mixed namespaces", ratio, mixed, "<=", 1.5, 1.5)
    both("nsx-ls / calls, 10,000 processes in 9 namespaces", ratio, few, "<=", 1.5, 1.5)
    target("nsx-ls / calls, 100,000 descriptors, all", ratio[descriptors, "all"], "<=", 1.5)
    both("peak MiB, 10,000 processes in 5,000 net namespaces", peak, net, "<=", 32, 32)
    both("peak MiB, 10,000 processes in 5,000 mixed namespaces", peak, mixed, "<=", 32, 32)
  }' "$work/all"

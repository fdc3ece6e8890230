#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares the speed of nsx-cg ls with reading the same files, systemd-cgls and systemd-cgtop, with 5,000 cgroups.
# Passes no judgement, as times on a busy machine prove nothing. Run by tests/bench/run.sh, which stages nsx.
set -eu

: "${NSX_BENCH_STAGE:?run it by tests/bench/run.sh cg}"
programs=$1 # where the programs of this directory are built
nsx_cg=$NSX_BENCH_STAGE/usr/bin/nsx-cg
top=$(findmnt -n -r -t cgroup2 -o TARGET | head -n 1)
name=nsx-bench-$$
own=$top/$name
finish() {
  find "$own" -depth -type d -exec rmdir {} +
}
mkdir "$own"
trap finish EXIT
i=0
while [ $i -lt 50 ]; do
  mkdir "$own/$i"
  seq 99 | sed "s|^|$own/$i/|" | xargs mkdir
  i=$((i + 1))
done
echo "nsx-cg: $(uname -sr), $(nproc) processors, $(find "$own" -type d | wc -l) cgroups; median wall times in us"
"$programs/turns" "${2:-20}" \
  files "$programs/cgroup_floor $own" \
  nsx-cg-ls "$nsx_cg ls $name" \
  nsx-cg-tree "$nsx_cg tree $name" \
  systemd-cgls "systemd-cgls --no-pager /$name" \
  systemd-cgtop "systemd-cgtop -b -n1 -P --depth=9 /$name"

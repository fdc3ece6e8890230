#!/bin/bash
# SPDX-License-Identifier: MIT
# Boots one virtual machine, waits for its end and says how it ended.
#
#   boot.sh [--accel NAME] [--timeout SECONDS] VMLINUZ INITRAMFS DIR
#   boot.sh --shell VMLINUZ INITRAMFS DIR
#
# DIR gets `tap`, the output of the guest's init, and `console`, all other output. The machine has no network;
# /dev/vda is an empty disk. --timeout is the longest silence in `tap`: 240 by default.
#
# The exit status is the verdict: 0 all results are present (good or bad), 1 qemu failed, 10 the kernel
# panicked, 11 the guest hung, 12 it ended without all its results.

set -euo pipefail

memory=1024
disk_size=64M

accel=tcg timeout=240 shell=
while [ $# -gt 3 ]; do
  case $1 in
    --accel) accel=$2 && shift ;;
    --timeout) timeout=$2 && shift ;;
    --shell) shell=1 ;;
    *) break ;;
  esac
  shift
done
if [ $# -ne 3 ]; then
  echo "usage: boot.sh [--accel NAME] [--timeout SECONDS] [--shell] VMLINUZ INITRAMFS DIR" >&2
  exit 1
fi
vmlinuz=$1 initramfs=$2 dir=$3

# Seen with QEMU 7.2: after an emulated cmpxchg16b, EFLAGS hold the low half of another register; an interrupt right
# then saves that, and the kernel ends in a double fault within minutes of forking. Without the flag it does not use
# the instruction.
cpu=max,-cx16

# An oops is a failure of the whole machine, and a panic its end.
append="console=ttyS0 panic=-1 oops=panic cgroup_no_v1=all psi=1 mitigations=off"
append+=" random.trust_cpu=on rdinit=/init"
# On a busy machine the clock may not tick within the hundredth of a second that the kernel allows.
append+=" no_timer_check"
# QEMU can only reuse a program's translated code at the same address: with randomized addresses, starting one takes
# three times as long.
append+=" norandmaps"
# Memory need not be cleared twice, either.
append+=" init_on_alloc=0"

qemu=(
  qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none -monitor none
  -accel "$accel" -cpu "$cpu" -smp 2 -m "$memory"
  -kernel "$vmlinuz" -initrd "$initramfs"
  -drive "file=$dir/disk,format=raw,if=virtio,cache=unsafe"
)

pid=
stop() {
  if [ -n "$pid" ]; then
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -f "$dir/disk"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

truncate -s "$disk_size" "$dir/disk"
if [ -n "$shell" ]; then
  "${qemu[@]}" -append "$append quiet" -serial mon:stdio
  exit
fi

: >"$dir/tap"
: >"$dir/console"
"${qemu[@]}" -append "$append" -serial "file:$dir/console" -serial "file:$dir/tap" \
  </dev/null >"$dir/qemu" 2>&1 &
pid=$!

verdict=
size=0 since=$SECONDS
while kill -0 "$pid" 2>/dev/null; do
  sleep 0.5
  now=$(stat -c %s "$dir/tap")
  if [ "$now" != "$size" ]; then
    size=$now since=$SECONDS
  elif [ $((SECONDS - since)) -ge "$timeout" ]; then
    verdict=11
    kill "$pid" 2>/dev/null || true
    break
  fi
done
status=0
wait "$pid" || status=$?
pid=

if [ -n "$verdict" ]; then exit "$verdict"; fi
if grep -q 'Kernel panic' "$dir/console"; then exit 10; fi
if [ "$status" -ne 0 ]; then
  cat "$dir/qemu" >&2
  exit 1
fi
if ! tail -n 1 "$dir/tap" | grep -q '^# exit status [0-9]'; then exit 12; fi

#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the tests on other kernels, in virtual machines. See --help, and HACKING.md.
#
# One job each: kernels.sh fetches a kernel, initramfs.sh assembles the guest, init is its first process, boot.sh
# boots it and reports how it ended, report.awk counts its results.

set -euo pipefail

# What must be installed here to fetch and boot a kernel ...
host_packages=(
  bats coreutils cpio debian-archive-keyring diffutils dpkg findutils kmod libc-bin mawk qemu-system-x86
  sed util-linux xz-utils zstd
)
# ... and packages that the guest gets a copy of, for the tests. All of them are installed here too.
guest_packages=(
  attr bash bats bsdutils bubblewrap busybox-static cgroup-tools coreutils dash diffutils findutils grep gzip hostname
  iproute2 jq kmod libc-bin login mawk mount ncurses-base ncurses-bin passwd perl-base procps
  runc sed strace tar uidmap util-linux util-linux-extra
)

usage() {
  cat <<'END'
Usage: tests/vm/run.sh [options] [MACHINE...] [-- TEST...]
       tests/vm/run.sh --shell MACHINE
       tests/vm/run.sh --list

Runs the tests in virtual machines with other kernels of Debian's, and with systemd (default: each of
them), as root and as an ordinary user, on cgroup v2 alone. The last line counts the tests of all.

  MACHINE           bookworm (6.1), trixie (6.12), backports (trixie-backports' newest, 7.x); or systemd: trixie's
                    kernel and systemd as the first process, for the tests that are tagged `systemd`
  TEST              a bats file, or -f REGEX for the tests whose name matches (default: those of
                    tests/attack, tests/cli, tests/peers and tests/vm)

  --full            also run the tests that are tagged `slow` or `any-kernel`, those tagged `one-kernel` on
                    each kernel, not on the last alone, and all tests on the kernels between the oldest and
                    the newest, which otherwise run those of kernel interfaces
  --jobs=N          run so many machines at once (default 2: each emulates two processors)
  --parts=N         part all tests of a kernel, by files, among so many machines (default 2: then
                    the last one does not run alone for long); chosen tests are not parted
  --timeout=SECS    a machine that has no new result for so long hangs (default 240); one test may take
                    three quarters of it
  --results=DIR     where each kernel's results and console go (default: vm-results in the build directory)
  --shell MACHINE   boot, and give an interactive shell inside
  --list            print the kernels, with the version that is cached
  --no-install      install no packages
  --help            print this help

Environment:
  NSX_STAGE, NSX_BUILD   an installation and its build directory (default: builds in build-vm)
  NSX_VM_CACHE           where kernels are kept (default ~/.cache/nsx-vm)
  NSX_VM_MIRROR          the address of a Debian archive (default: the one of this machine's apt)
  NSX_MUST_WORK=1        a skipped test, or a kernel that is not to be had, is a failure
END
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
NSX_SOURCE=$(cd "$here/../.." && pwd)
# shellcheck source=settings.bash
. "$here/settings.bash"

fail() {
  echo "tests/vm/run.sh: $*" >&2
  exit 1
}

full='' jobs=2 parts=2 timeout=240 results='' mode=tests install=yes
kernels=() tests=() bats_options=()
mapfile -t known < <("$here/kernels.sh" names)
oldest=${known[0]} newest=${known[-1]}
known+=(systemd)

# The kernel that a machine boots.
kernel_of() { # MACHINE
  if [ "$1" = systemd ]; then echo trixie; else echo "$1"; fi
}

# The number of machines that share its tests.
parts_of() { # MACHINE
  if [ "$1" = systemd ]; then echo 1; else echo "$parts"; fi
}

list() {
  local name dir
  for name in "${known[@]}"; do
    dir=$("$here/kernels.sh" cached "$(kernel_of "$name")") || dir=
    printf '%-10s  %s\n' "$name" "${dir:+$(basename "$dir"/lib/modules/*)}"
  done
}

while [ $# -gt 0 ]; do
  case $1 in
    --full) full=1 ;;
    --jobs=*) jobs=${1#*=} ;;
    --parts=*) parts=${1#*=} ;;
    --timeout=*) timeout=${1#*=} ;;
    --results=*) results=${1#*=} ;;
    --shell) mode=shell ;;
    --list) list && exit ;;
    --no-install) install= ;;
    --help) usage && exit ;;
    --)
      shift
      break
      ;;
    -*) fail "unknown option $1; try --help" ;;
    *)
      [[ " ${known[*]} " = *" $1 "* ]] || fail "no such kernel: $1 (have: ${known[*]})"
      kernels+=("$1")
      ;;
  esac
  shift
done
[[ $jobs =~ ^[1-9][0-9]*$ && $parts =~ ^[1-9][0-9]*$ && $timeout =~ ^[1-9][0-9]*$ ]] ||
  fail "--jobs, --parts and --timeout take a number"
while [ $# -gt 0 ]; do
  case $1 in
    -f)
      [ $# -gt 1 ] || fail "-f takes a regular expression"
      bats_options+=(-f "$2")
      shift
      ;;
    -*) fail "of bats' options only -f can be used: $1" ;;
    *)
      test=$(realpath -q --relative-base="$NSX_SOURCE" "$1") && [ -e "$test" ] ||
        test=$(realpath -q --relative-base="$NSX_SOURCE" "$NSX_SOURCE/$1")
      [[ $test == tests/* && -e $NSX_SOURCE/$test ]] || fail "no such test below $NSX_SOURCE/tests: $1"
      tests+=("$test")
      ;;
  esac
  shift
done
[ "$mode" != shell ] || [ "${#kernels[@]}" -eq 1 ] || fail "--shell takes one kernel"
[ "${#kernels[@]}" -gt 0 ] || kernels=("${known[@]}")

cd "$NSX_SOURCE"
# With few files, a machine could have nothing to do.
if [ "${#tests[@]}" -gt 0 ] || [ "${#bats_options[@]}" -gt 0 ]; then parts=1; fi
if [ "${#tests[@]}" -eq 0 ]; then
  mapfile -t tests < <(find tests/attack tests/cli tests/peers tests/vm -name fixtures -prune -o -name '*.bats' -print |
    sort)
fi

# The tags that a kernel's tests must not have: tests that cannot run in a guest at all, and those that only --full
# has time for.
tags_of() { # KERNEL
  if [ "$1" = systemd ]; then
    echo systemd
    return
  fi
  local tags='!host-only,!systemd'
  if [ -z "$full" ]; then
    tags+=',!slow,!any-kernel'
    if [ "$1" != "$newest" ]; then tags+=',!one-kernel'; fi
  fi
  echo "$tags"
}

if [ -n "$install" ]; then
  # shellcheck source=../../tools/packages.sh
  . "$NSX_SOURCE/tools/packages.sh"
  install_packages "${host_packages[@]}" "${guest_packages[@]}" || exit 1
fi

# Builds nsx for the guest, unless the caller has.
build() {
  NSX_BUILD=$NSX_SOURCE/build-vm
  NSX_STAGE=$NSX_BUILD/stage
  echo "== build ($NSX_BUILD)"
  if [ -n "$install" ]; then
    # shellcheck disable=SC2086,SC2154 # a list of words, from packages.sh
    install_packages $build_packages libgtest-dev || exit 1
  fi
  local log=$NSX_BUILD.log
  {
    { [ -f "$NSX_BUILD/build.ninja" ] || meson setup --prefix=/usr "$NSX_BUILD" "$NSX_SOURCE"; } &&
      ninja -C "$NSX_BUILD" && rm -rf "$NSX_STAGE" &&
      DESTDIR=$NSX_STAGE meson install -C "$NSX_BUILD" --no-rebuild
  } >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    fail "the build failed"
  }
  rm "$log"
  chmod -R a+rX "$NSX_STAGE"
}
if [ -z "${NSX_STAGE:-}" ]; then
  build
elif [ -z "${NSX_BUILD:-}" ]; then
  fail "NSX_STAGE is set, but not its NSX_BUILD"
fi
export NSX_SOURCE NSX_BUILD NSX_STAGE
: "${results:=$NSX_BUILD/vm-results}"

work=$(mktemp -d "${TMPDIR:-/tmp}/nsx-vm.XXXXXX")
lanes=()
cleanup() {
  local lane
  for lane in "${lanes[@]}"; do
    kill "$lane" 2>/dev/null || true
  done
  wait
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# The files for a kernel between the oldest and the newest: those of interfaces that changed between these.
interface_tests=(
  tests/cli/enter-{files,mounts,tools}.bats tests/cli/{enter,unshare,unshare-maps,pin,targets,mount-sys}.bats
  tests/cli/ls{,-bpf,-held,-one,-places}.bats tests/attack/{fuse,exe,proc,devpts}.bats tests/vm/*.bats
)
runs_all() { # KERNEL
  [ -n "$full" ] || [ "$1" = "$oldest" ] || [ "$1" = "$newest" ] || [ "$1" = systemd ] || [ "$parts" = 1 ]
}

# $work/KERNEL/where has the directory of a kernel, or is empty if it was not found.
fetch() {
  local name dir
  for name in "${kernels[@]}"; do
    mkdir -p "$work/$name"
    dir=$("$here/kernels.sh" get "$(kernel_of "$name")") || continue
    if [ "$name" = systemd ]; then
      "$here/systemd.sh" >"$work/systemd/unpacked" 2>"$work/systemd/log" || {
        grep -E '^([EW]|systemd.sh):' "$work/systemd/log" >&2 || true
        continue
      }
    fi
    echo "$dir" >"$work/$name/where"
  done
}

# The files with tests for a machine, each with their number: a guest would take seconds to find that a file has
# none. They are in $work/KERNEL/tests, "NUMBER FILE".
choose_tests() { # KERNEL
  local tags file number
  tags=$(tags_of "$1")
  for file in "${tests[@]}"; do
    runs_all "$1" || [[ " ${interface_tests[*]} " == *" $file "* ]] || continue
    # Files that cannot be counted have to fail there.
    number=$(bats --count "${bats_options[@]}" --filter-tags "$tags" "$file" 2>/dev/null) || number=${number:-1}
    [ "$number" = 0 ] || echo "$number $file"
  done >"$work/$1/tests"
  # A guest without a file would have no results.
  [ -s "$work/$1/tests" ] || echo "0 ${tests[0]}" >"$work/$1/tests"
}

# The files of one part: those with most tests first, each to the part with the fewest. part_of KERNEL PART
part_of() {
  sort -k 1,1rn -k 2 "$work/$1/tests" | awk -v parts="$(parts_of "$1")" -v mine="$2" '
    { least = 1; for (i = 2; i <= parts; i++) if (load[i] < load[least]) least = i
      load[least] += $1; if (least == mine) print $2 }' | sort
}

# Writes the initramfs of one machine, which runs one part of the tests: assemble KERNEL MODE FILE [PART]
assemble() {
  local name=$1 mode=$2 out=$3 part=${4:-1} dir rows='' columns='' tests=()
  dir=$(<"$work/$name/where")
  if [ "$mode" = tests ]; then mapfile -t tests < <(part_of "$name" "$part"); fi
  if [ "$mode" = shell ] && [ -t 0 ]; then
    read -r rows columns < <(stty size)
    # A terminal that does not know its size reports 0.
    if [ "$rows" = 0 ]; then rows='' columns=''; fi
  fi
  local bats_options=("${bats_options[@]}" --filter-tags "$(tags_of "$name")")
  # shellcheck disable=SC2034 # they are printed
  local kernel=$name terminal=${TERM:-linux} environment=(
    "NSX_SOURCE=$NSX_SOURCE" "NSX_BUILD=$NSX_BUILD" "NSX_STAGE=$NSX_STAGE"
    "NSX_MUST_WORK=${NSX_MUST_WORK:-0}" "NSX_VM=$name" "NSX_VM_FULL=$full"
    "BATS_TEST_TIMEOUT=$((timeout * 3 / 4))"
  )
  declare -p kernel mode tests bats_options environment rows columns terminal |
    sed 's/^declare -[-a]* //' >"$out.settings"
  "$here/initramfs.sh" modules "$out.modules" "$dir"
  "$here/initramfs.sh" settings "$out.cpio" "$out.settings"
  : >"$out.systemd"
  if [ "$name" = systemd ]; then "$here/initramfs.sh" systemd "$out.systemd" "$(<"$work/systemd/unpacked")"; fi
  cat "$work/base.cpio" "$out.systemd" "$out.modules" "$out.cpio" >"$out"
  rm "$out.settings" "$out.systemd" "$out.modules" "$out.cpio"
}

# Prints the accelerator for qemu. KVM only if it has just booted a kernel: the device may exist and not work.
accelerator() { # KERNEL
  if [ -w /dev/kvm ] && assemble "$1" probe "$work/probe.cpio" && mkdir "$work/probe" &&
    "$here/boot.sh" --accel kvm --timeout 5 "$(<"$work/$1/where")/vmlinuz" "$work/probe.cpio" \
      "$work/probe" 2>/dev/null; then
    echo kvm
  else
    echo tcg
  fi
  rm -rf "$work/probe" "$work/probe.cpio"
}

# Runs one machine; results are in $work/KERNEL.PART: tap, console, lane (how it ended, if badly), and
# first-console, if it was booted twice.
lane() { # KERNEL PART ACCELERATOR
  local name=$1 dir=$work/$1.$2 verdict began=$SECONDS
  local booted=
  trap 'if [ -n "$booted" ]; then kill "$booted" && wait "$booted"; fi; exit 143' TERM
  mkdir "$dir"
  assemble "$name" tests "$dir/initramfs" "$2"
  while :; do
    "$here/boot.sh" --accel "$3" --timeout "$timeout" "$(<"$work/$name/where")/vmlinuz" "$dir/initramfs" \
      "$dir" &
    booted=$! verdict=0
    wait "$booted" || verdict=$?
    # QEMU occasionally makes a kernel panic while it boots. If no test has started, none can be at fault.
    if [ "$verdict" != 10 ] || [ -e "$dir/first-console" ] || grep -q '^1\.\.' "$dir/tap"; then break; fi
    mv "$dir/console" "$dir/first-console"
  done
  rm -f "$dir/initramfs"
  case $verdict in
    0) ;;
    10) echo "the kernel panicked" ;;
    11) echo "the machine hung: nothing came from it for $timeout seconds" ;;
    12) echo "the machine ended without all its results" ;;
    *) echo "the machine could not be run" ;;
  esac >"$dir/lane"
  echo $((SECONDS - began)) >"$dir/seconds"
}

# Prints the important part of a console: from shortly before the panic, or the end.
console_end() { # FILE
  if grep -q 'Kernel panic' "$1"; then
    grep -B 10 -A 30 -m 1 'Kernel panic' "$1"
  else
    tail -n 30 "$1"
  fi | tr -d '\r'
}

passed=0 failed=0
# A kernel that is not available: a failure if it is required.
report_absence() { # KERNEL
  if [ "${NSX_MUST_WORK:-0}" = 1 ]; then
    echo "$1: FAILED: the kernel is not to be had, and NSX_MUST_WORK=1"
    failed=$((failed + 1))
  else
    echo "$1: skipped: the kernel is not to be had"
  fi
}

# Prints the results of one machine, keeps its files, and adds to the sums.
report() { # KERNEL PART
  local name=$1 dir=$work/$1.$2 how release counts ok bad skipped
  release=$(basename "$(<"$work/$name/where")"/lib/modules/*)
  mkdir -p "$dir"
  if [ "$(parts_of "$name")" -gt 1 ]; then name+=-$2; fi
  how=$(cat "$dir/lane" 2>/dev/null) || how="the machine could not be prepared"
  touch "$dir/tap" "$dir/console"
  if [ -n "$how" ]; then echo "Bail out! $how" >>"$dir/tap"; fi
  mkdir -p "$results"
  cp "$dir/tap" "$results/$name.tap"
  cp "$dir/console" "$results/$name.console"
  if [ -e "$dir/first-console" ]; then cp "$dir/first-console" "$results/$name.first-console"; fi
  awk -v must_work="$((${NSX_MUST_WORK:-0} == 1))" -v lane="$how" -f "$here/report.awk" "$dir/tap" \
    >"$dir/report"
  counts=$(tail -n 1 "$dir/report")
  read -r ok bad skipped <<<"$counts"
  echo "$name: Linux $release: $ok passed, $bad failed, $skipped skipped, $(cat "$dir/seconds" 2>/dev/null) s"
  if [ -e "$dir/first-console" ]; then
    echo "  booted twice: at first the kernel panicked before a test had begun ($results/$name.first-console)"
  fi
  sed '$d' "$dir/report"
  if [ -n "$how" ]; then
    echo "  the end of its last results ($results/$name.tap):"
    tail -n 5 "$dir/tap" | sed 's/^/  | /'
    echo "  its console ($results/$name.console):"
    console_end "$dir/console" | sed 's/^/  | /'
  fi
  passed=$((passed + ok))
  failed=$((failed + bad))
}

fetch
have=()
for name in "${kernels[@]}"; do
  if [ -e "$work/$name/where" ]; then have+=("$name"); fi
done

if [ "${#have[@]}" -gt 0 ]; then
  "$here/initramfs.sh" base "$work/base.cpio" "${guest_packages[@]}"
fi

if [ "$mode" = shell ]; then
  [ "${#have[@]}" -gt 0 ] || exit 1
  assemble "${have[0]}" shell "$work/initramfs"
  "$here/boot.sh" --accel "$(accelerator "${have[0]}")" --shell "$(<"$work/${have[0]}/where")/vmlinuz" \
    "$work/initramfs" "$work"
  exit
fi

if [ "${#have[@]}" -gt 0 ]; then
  accel=$(accelerator "${have[0]}")
  for name in "${have[@]}"; do choose_tests "$name" & done
  wait
  echo "== ${have[*]}: $(du -m "$work/base.cpio" | cut -f1) MiB each, $accel, $jobs at a time"
  # The parts of a kernel are not consecutive: the first takes longest, and must not be the last of all.
  for ((part = 1; part <= parts; part++)); do
    for name in "${have[@]}"; do
      if [ "$part" -gt "$(parts_of "$name")" ]; then continue; fi
      while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
      lane "$name" "$part" "$accel" &
      lanes+=("$!")
    done
  done
  for each in "${lanes[@]}"; do wait "$each" || true; done
  lanes=()
fi

for name in "${kernels[@]}"; do
  if [ ! -e "$work/$name/where" ]; then
    report_absence "$name"
    continue
  fi
  for ((part = 1; part <= $(parts_of "$name"); part++)); do report "$name" "$part"; done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

#!/bin/sh
# SPDX-License-Identifier: MIT
# On a fresh machine: installs the build dependencies of nsx, builds it, and runs a live demonstration.
# Usage: sudo sh tools/quickstart.sh
set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
build_dir=$source_dir/build

if [ "$(id -u)" != 0 ]; then
  echo "quickstart.sh: run this as root (sudo): it installs packages and creates namespaces" >&2
  exit 1
fi

. "$source_dir/tools/packages.sh"
# shellcheck disable=SC2086 # a list of words
install_packages $build_packages

echo "== building in $build_dir"
if [ ! -f "$build_dir/build.ninja" ]; then
  meson setup -Dtests=false "$build_dir" "$source_dir" >/dev/null
fi
ninja -C "$build_dir" --quiet
PATH=$build_dir/tools:$PATH
export PATH

if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi
say() {
  printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}

# Shows a command as a user would type it, then runs it.
show() {
  printf '$ %s\n' "$*"
  "$@"
}

# Ends what the tour has left running, in any case; the program ends with its parent.
keeper=
finish() {
  [ -z "$keeper" ] || kill -KILL "$keeper" 2>/dev/null || true
}
trap finish EXIT

say "Create: a shell in new mount, UTS, IPC, network and PID namespaces, which sleeps like a service."
echo "$ nsx-unshare -muinp --kill-child --mount-proc -- sh -c 'echo demo >/proc/sys/kernel/hostname; sleep 60' &"
nsx-unshare -muinp --kill-child --mount-proc -- \
  sh -c 'echo demo >/proc/sys/kernel/hostname; sleep 60' &
keeper=$!
demo=
# The child of the waiting nsx-unshare, once it has changed its name.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  sleep 0.2
  demo=$(nsx-ls -n -l -t pid -o PPID,PID | sed -n "s/^ *$keeper  *//p")
  [ -z "$demo" ] || break
done
if [ -z "$demo" ]; then
  echo "quickstart.sh: the demonstration did not start" >&2
  exit 1
fi

say "List: the namespaces of this process, and the other processes in them."
show nsx-ls -p "$demo"

say "List: the hierarchy of PID namespaces."
show nsx-ls --tree=parent -t pid

say "Enter: the hostname, processes and network inside."
show nsx-enter -t "$demo" --uts -- uname -n
show nsx-enter -t "$demo" --pid --mount -- sh -c 'echo /proc/[0-9]*'
show nsx-enter -t "$demo" --net -- cat /proc/net/dev

say "Plan: print each step without carrying it out."
show nsx-enter -t "$demo" --all --plan -- bash

say "Unprivileged users can do the same in a user namespace: root inside, nobody outside."
if ! show setpriv --reuid=65534 --regid=65534 --clear-groups \
  "$build_dir/tools/nsx-unshare" --map-root-user --net --uts -- \
  sh -c 'id -u; cat /proc/self/uid_map'; then
  echo "(On this machine, ordinary users cannot create user namespaces or cannot read $build_dir.)"
fi

say "Done. For more, see $source_dir/README.md and 'man -l $source_dir/man/nsx.7'."
echo "To install:  sudo meson install -C $build_dir"

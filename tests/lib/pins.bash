# SPDX-License-Identifier: MIT
# Shared by the tests of pins: they run with a private, empty /run, so that the machine's pins stay unchanged.

# Runs a script there. On one CPU: a mount namespace can only be pinned in an older one, and some kernels determine
# their order on each CPU separately.
in_own_run() {
  local cpu
  cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
  taskset -c "$cpu" unshare -m --propagation=slave bash -c \
    "set -eu; mount -t tmpfs -o mode=755 run /run; $(declare -f inode_of type_of lines_with live_inits no_live_init end_inits inits_end fails)
    trap end_inits EXIT
    $1"
}

# The number of the namespace that is bound to a file.
inode_of() {
  stat -L -c %i "$1"
}

# The type of the file system that a file is on: nsfs for a namespace.
type_of() {
  stat -f -L -c %T "$1"
}

# The number of lines with this text: lines_with TEXT FILE.
lines_with() {
  grep -cF -- "$1" "$2" || true
}

# The live inits that nsx-pin has left in this test, without zombies.
live_inits() {
  local comm process
  while read -r comm; do
    process=${comm%/comm}
    if grep -qsF "BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR" "$process/environ" &&
      grep -qs '^State:.[^ZX]' "$process/status"; then
      echo "${process##*/}"
    fi
  done < <(grep -lsx nsx-pin-init /proc/[0-9]*/comm)
}

no_live_init() {
  [ -z "$(live_inits)" ]
}

# Run at the end of a script that may have failed.
end_inits() {
  local init
  for init in $(live_inits); do kill -KILL "$init" || true; done
}

# Whether they end soon: nobody waits for a process that detects the end of its maker.
inits_end() {
  for _ in {1..200}; do
    if no_live_init; then return; fi
    sleep 0.05
  done
  return 1
}

# Whether a command fails: a failing command prefixed by "!" would not end a script.
fails() {
  if "$@"; then return 1; fi
}

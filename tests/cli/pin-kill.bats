# SPDX-License-Identifier: MIT
# What remains when nsx-pin is killed midway: only leftovers that gc and a new add remove, and never a name that
# leads into the wrong namespaces. And if a system call fails: no pin, if the command fails.
load ../lib/common
load ../lib/pins

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  command -v strace >/dev/null || cannot "find strace"
  cd "$BATS_TEST_TMPDIR" || return
}

# Kills `nsx-pin $1`, run after `$2`, at each of its system calls once it has started.
killed_everywhere() {
  in_own_run '
    # Mounts that others make meanwhile must not appear in the table.
    mount --make-rprivate /
    prepare() { '"$2"'; }
    nsx-pin add blue -nup; nsx-pin rm blue
    mounts() { cut -d " " -f 4-5 /proc/self/mountinfo; }
    prepare
    strace -o trace nsx-pin '"$1"' 2>/dev/null
    nsx-pin rm --all; nsx-pin gc
    before=$(mounts); find /run >files
    points=0
    # The number of calls of each kind, without those after the last change: these can include a search of all
    # processes, which never repeats exactly.
    awk "{ sub(/\\(.*/, \"\"); name[NR] = \$0 }
      /^(mkdirat|move_mount|umount2|unlinkat)\$/ { last = NR }
      END {
        for (i = 1; i <= last + 14 && i <= NR; ++i) ++count[name[i]]
        for (each in count) print each, count[each]
      }" trace |
      grep -E "^(clone|clone3|vfork|mkdirat|flock|open_tree|move_mount|umount2|unlinkat|mount|write|recvmsg|wait4|pipe2|ioctl|openat|close) " >calls
    # At the start, before anything is done, a few are enough.
    while read -r call count; do
      for ((n = count > 14 ? count - 14 : 1; n <= count; n++)); do
        prepare
        strace -o trace -e inject=$call:signal=KILL:when=$n nsx-pin '"$1"' >/dev/null 2>&1 || points=$((points + 1))
        # All or nothing.
        if got=$(nsx-pin exec blue -- stat -L -c %i /proc/self/ns/net /proc/self/ns/uts 2>/dev/null); then
          if grep -qx "$(inode_of /proc/self/ns/net)\|$(inode_of /proc/self/ns/uts)" <<<"$got"; then
            echo "killed at $call $n: it leads into the wrong namespaces"; exit 1
          fi
        fi
        nsx-pin gc >/dev/null
        nsx-pin rm blue >/dev/null 2>&1 || true
        nsx-pin rm green >/dev/null 2>&1 || true
        nsx-pin add blue -nup && nsx-pin rm blue || { echo "killed at $call $n"; exit 1; }
        [ "$before" = "$(mounts)" ] && find /run | cmp - files || { echo "killed at $call $n"; exit 1; }
      done
    done <calls
    inits_end
    echo "$points points"'
}

# bats test_tags=slow, host-only
@test "add, killed at each system call" {
  run -0 killed_everywhere "add blue -nup" ":"
  [ "${lines[-1]%% *}" -gt 20 ]
}

# bats test_tags=slow, host-only
@test "rm, killed at each system call" {
  run -0 killed_everywhere "rm blue" "nsx-pin add blue -nup"
  [ "${lines[-1]%% *}" -gt 20 ]
}

# bats test_tags=slow, host-only
@test "mv, killed at each system call" {
  run -0 killed_everywhere "mv blue green" "nsx-pin add blue -nu"
  [ "${lines[-1]%% *}" -gt 20 ]
}

# Runs a command with one failing system call at a time, with an empty /run: a failure must leave no mount and no
# file. "$2" is run after a success.
failing_everywhere() {
  in_own_run '
    mount --make-rprivate /
    nsx-pin add blue -nu; nsx-pin rm blue; touch /run/file
    # Without the files of umount(8) there, and the mounts of others below this /run.
    state() {
      find /run -path /run/mount -prune -o -print
      grep -E " /run/(file|[a-z]+ns/blue) " /proc/self/mountinfo | cut -d " " -f 4-
    }
    is_as_before() { [ "$(state)" = "$before" ]; }
    before=$(state) failures=0
    for call in openat fstat newfstatat fstatfs statx mkdirat flock mount open_tree move_mount fcntl pipe2 \
      socketpair sendmsg recvmsg write; do
      for ((n = 1; ; ++n)); do
        status=0
        strace -f -qq -o trace -e trace=$call -e inject=$call:error=EIO:when=$n '"$1"' >said 2>&1 || status=$?
        # Messages of the program, which has started by then, are not those of nsx.
        if ! grep -q ^nsx- said; then
          '"$2"'
          grep -q INJECTED trace || break
        else
          grep -q INJECTED trace || { cat said; exit 1; }
          failures=$((failures + 1))
        fi
        # A helper may still be undoing its work when the command has ended.
        for ((i = 0; i < 100; ++i)); do if is_as_before; then break; fi; sleep 0.05; done
        is_as_before || { echo "left after $call $n, status $status:"; cat said; state; exit 1; }
      done
    done
    echo "$failures failures"'
}

# bats test_tags=slow, host-only
@test "add, with each system call failing in turn: a failure leaves no pin" {
  run -0 failing_everywhere "nsx-pin add blue" "nsx-pin rm blue"
  echo "$output"
  [ "${lines[-1]%% *}" -gt 20 ]
}

# bats test_tags=slow, host-only
@test "add of several, with each system call failing in turn" {
  run -0 failing_everywhere "nsx-pin add blue -nu" "nsx-pin rm blue"
  echo "$output"
  [ "${lines[-1]%% *}" -gt 20 ]
}

# bats test_tags=slow, host-only
@test "nsx-unshare --net=FILE and --pin, with each system call failing in turn" {
  run -0 failing_everywhere "nsx-unshare --net=/run/file true" "umount /run/file"
  echo "$output"
  [ "${lines[-1]%% *}" -gt 10 ]
  run -0 failing_everywhere "nsx-unshare --net --pin=blue true" "nsx-pin rm blue"
  echo "$output"
  [ "${lines[-1]%% *}" -gt 10 ]
}

# What is left when nsx-pin is killed in the middle: nothing that gc and a new add do not see to, and never
# a name that leads into the wrong namespaces.
load ../lib/common
load ../lib/pins

setup() {
  # shellcheck disable=SC2034 # of common.bash
  spawned=()
  command -v strace >/dev/null || cannot "find strace"
  cd "$BATS_TEST_TMPDIR" || return
}

# Kills `nsx-pin $1` at each call of the kernel that it makes once it has started, after `$2`.
killed_everywhere() {
  in_own_run '
    # What others mount meanwhile is not to show in the table.
    mount --make-rprivate /
    prepare() { '"$2"'; }
    nsx-pin add blue -nup; nsx-pin rm blue
    mounts() { cut -d " " -f 4-5 /proc/self/mountinfo; }
    prepare
    strace -o trace nsx-pin '"$1"' 2>/dev/null
    nsx-pin rm --all; nsx-pin gc
    before=$(mounts); find /run >files
    points=0
    # How many calls of each there are, but for those behind the last change: a search of all processes can
    # be there, which is never twice the same.
    awk "{ sub(/\\(.*/, \"\"); name[NR] = \$0 }
      /^(mkdir|move_mount|umount2|unlink|rmdir)\$/ { last = NR }
      END {
        for (i = 1; i <= last + 14 && i <= NR; ++i) ++count[name[i]]
        for (each in count) print each, count[each]
      }" trace |
      grep -E "^(clone|clone3|vfork|mkdir|flock|open_tree|move_mount|umount2|unlink|rmdir|mount|write|recvmsg|wait4|pipe2|ioctl|openat|close) " >calls
    # At the start, where nothing is done yet, a few will do.
    while read -r call count; do
      for ((n = count > 14 ? count - 14 : 1; n <= count; n++)); do
        prepare
        strace -o trace -e inject=$call:signal=KILL:when=$n nsx-pin '"$1"' >/dev/null 2>&1 || points=$((points + 1))
        # All of it, or nothing.
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

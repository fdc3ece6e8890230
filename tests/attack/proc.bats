# SPDX-License-Identifier: MIT
# Writes to /proc for a program in a target go to the kernel's /proc, not to what the target has mounted there
# (CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881, runc).
load ../lib/common
load attack

starter=$NSX_BUILD/lib/starter/nsx-starter

# Runs a script in a new mount namespace, which ends by running the starter: that has to set a context there.
# The messages are those of lib/starter/starter.hh.
take_context() {
  unshare -m --propagation=private bash -c "$1"'; exec -a tool "$0" "" "" thread-self/attr/exec "stolen context" true /bin/true true' "$starter"
}

@test "control: the kernel's own /proc gets the context, and rejects it" {
  run -1 take_context ':'
  [ "$output" = "tool: cannot set the security context stolen context: Invalid argument" ]
}

@test "a /proc that is not procfs gets no context" {
  run -1 take_context 'mount -t tmpfs tmpfs /proc; mkdir -p /proc/thread-self/attr; : >/proc/thread-self/attr/exec
    exec 8</proc/thread-self/attr/exec'
  [ "$output" = "tool: cannot set the security context stolen context: /proc is covered by another mount" ]
}

@test "a directory of a procfs in place of /proc gets no context" {
  run -1 take_context 'mount --bind /proc/$$ /proc'
  [ "$output" = "tool: cannot set the security context stolen context: /proc is covered by another mount" ]
}

@test "a file over attr/exec gets no context" {
  file=$BATS_TEST_TMPDIR/file
  : >"$file"
  run -1 take_context "mount --bind $file /proc/\$\$/task/\$\$/attr/exec"
  [ "$output" = "tool: cannot set the security context stolen context: /proc is covered by another mount" ]
  [ ! -s "$file" ]
}

@test "a link in place of /proc is not followed" {
  run -1 take_context "mount -t tmpfs tmpfs $BATS_TEST_TMPDIR; mkdir $BATS_TEST_TMPDIR/{old,usr,bin,lib,lib64}
    for dir in usr bin lib lib64; do mount --rbind /\$dir $BATS_TEST_TMPDIR/\$dir; done
    cp $starter $BATS_TEST_TMPDIR/starter; ln -s /old $BATS_TEST_TMPDIR/proc
    exec chroot $BATS_TEST_TMPDIR /starter '' '' thread-self/attr/exec 'stolen context' true /bin/true true"
  [[ "$output" = *"cannot set the security context stolen context: Not a directory"* ]]
}

# SPDX-License-Identifier: MIT
# Defects of the peers, by the numbers of their list, that nsx-enter does not have.
load ../lib/common
load ../lib/containers

teardown() {
  end_spawned
  leave_cgroup
}

# bats test_tags=slow
@test "defect 2: --join-cgroup leaves the standard input alone" {
  spawn unshare -u sleep 300
  wait_until has_left "$pid" uts
  make_cgroup
  echo "$pid" >"$cgroup/cgroup.procs"
  run -0 bash -c 'echo "from outside" | nsx-enter -t "$1" -u -c -- cat' - "$pid"
  [ "$output" = "from outside" ]
}

# bats test_tags=slow,rootless
@test "defect 9: --wdns DIR never runs DIR" {
  for option in -W --wdns; do
    run -1 nsx-enter -t $$ -u $option /tmp true
    [ "${lines[0]}" = "nsx-enter: cannot run /tmp: it is a directory" ]
    [ "${lines[1]}" = "hint: did you mean --wdns=/tmp?" ]
  done
  run -0 nsx-enter -t $$ -u --wdns=/tmp -- pwd
  [ "$output" = /tmp ]
}

# bats test_tags=slow,rootless
@test "defect 10: --all without a target is reported" {
  run -1 nsx-enter -a -- true
  [ "${lines[0]}" = "nsx-enter: --all needs a target (--target=PID)" ]
}

# bats test_tags=slow
@test "defect 11: a terminated nsx-enter takes the program along" {
  in_all
  for signal in TERM HUP; do
    nsx-enter -t "$pid" -p -m -- sleep 300 3>&- 4>&- &
    waiting=$!
    spawned+=("$waiting")
    wait_until has_child "$waiting" sleep
    spawned+=("$child")
    kill -$signal "$waiting"
    ended=0
    wait "$waiting" || ended=$?
    [ $ended = $((128 + $(kill -l $signal))) ]
    wait_until is_gone "$child"
  done
}

# bats test_tags=any-kernel,rootless
@test "defect 12: an ordinary user's --all enters their container, whichever namespaces it has" {
  for kinds in -Un -Ur -Urmuipn -UrmuipnCT -Urm -UrC; do
    spawn as_user unshare $kinds --fork --kill-child -- sleep 300
    wait_until has_child "$pid" sleep
    pid=$child
    spawned+=("$pid")
    options=--all
    # Without an id map the caller has no identity there.
    [ $kinds != -Un ] || options="--all --preserve-credentials"
    run -0 as_user nsx-enter -t "$pid" $options -- sh -c 'cat /proc/self/status; stat -L -c %i /proc/self/ns/user'
    [ "${lines[-1]}" = "$(ns_of "$pid" user)" ]
  done
}

# bats test_tags=any-kernel,rootless
@test "defect 12: an ordinary user enters a bubblewrap sandbox" {
  spawn as_user bwrap --unshare-all --die-with-parent --bind / / --proc /proc --dev /dev -- sleep 300
  outer=$pid
  # bwrap's own init is between it and the program.
  inner() { has_child "$outer" bwrap && has_child "$child" sleep; }
  wait_until inner
  target=$child
  # Its namespaces belong to one user namespace, and its program is in a descendant of that.
  for options in "" -a "-n -m -p"; do
    run -0 as_user nsx-enter -t "$target" $options -- stat -L -c %i /proc/self/ns/net /proc/self/ns/mnt
    [ "${lines[*]}" = "$(ns_of "$target" net) $(ns_of "$target" mnt)" ]
  done
  run -0 as_user nsx-enter -t "$target" -- sh -c 'stat -L -c %i /proc/self/ns/user; id -u'
  [ "${lines[*]}" = "$(ns_of "$target" user) $ordinary_uid" ]
}

# bats test_tags=slow,rootless
@test "defect 13: an ordinary user's --user needs no other option" {
  in_user
  run -0 as_user nsx-enter -t "$pid" -U -- sh -c 'id -u; id -g'
  [ "${lines[*]}" = "0 0" ]
}

# bats test_tags=slow
@test "defect 15: root, directory, environment, ids and cgroup are the target's, even if its PID is another's" {
  [ -w /proc/sys/kernel/ns_last_pid ] || cannot "choose the next PID"
  mkdir "$BATS_TEST_TMPDIR/right" "$BATS_TEST_TMPDIR/wrong"
  cat >"$BATS_TEST_TMPDIR/script" <<'END'
set -eu
cd "$1/right"
sleep 300 &
target=$!
# strace stops each when it has opened the process, before it reads any more of it.
tracers=
for option in -r -w -e -Sfollow -c -n; do
  strace -qq -o /dev/null -e trace=pidfd_send_signal -e inject=pidfd_send_signal:signal=STOP:when=1 \
    nsx-enter -t "$target" -r/ $option -- sh -c 'echo entered; pwd' >"$1/out$option" 2>&1 &
  tracers="$tracers $!"
done
held=
until [ "$(wc -w <<<"$held")" = 6 ]; do
  sleep 0.05
  held=
  for tracer in $tracers; do
    child=$(cat "/proc/$tracer/task/$tracer/children")
    child=${child% }
    if grep -qs '^State:.t' "/proc/$child/status" && readlink "/proc/$child"/fd/* | grep -q pidfd; then
      held="$held $child"
    fi
  done
done
kill -KILL $target
wait $target || true
cd "$1/wrong"
n=0
until [ -e "/proc/$target" ]; do
  echo $((target - 1)) >/proc/sys/kernel/ns_last_pid
  sleep 300 &
  n=$((n + 1))
  [ $n -lt 100 ]
done
[ "$(readlink "/proc/$target/cwd")" = "$1/wrong" ]
grep -l . "$1"/out* || echo "all were held"
kill -CONT $held
for tracer in $tracers; do
  wait "$tracer" || true
done
END
  run -0 unshare -p -f --kill-child --mount-proc -- bash "$BATS_TEST_TMPDIR/script" "$BATS_TEST_TMPDIR"
  [[ "$output" = *"all were held"* ]]
  for option in -r -w -e -Sfollow -c -n; do
    said=$(cat "$BATS_TEST_TMPDIR/out$option")
    echo "$option: $said"
    [[ "$said" = "nsx-enter: cannot "*": No such process"* ]]
  done
}

# bats test_tags=any-kernel
@test "defect 16: --root leaves no working directory outside" {
  make_root "$BATS_TEST_TMPDIR/root" sh
  cd /usr
  for options in "-r$BATS_TEST_TMPDIR/root" "--root=$BATS_TEST_TMPDIR/root -t $$ -u"; do
    run -0 nsx-enter $options -- sh -c 'pwd; cd ..; pwd; [ -d inside ] && echo inside'
    [ "${lines[*]}" = "/ / inside" ]
  done
}

# bats test_tags=slow
@test "defect 17: after -p alone a note says that /proc shows the old PID namespace, once" {
  in_all
  note="nsx-enter: note: /proc still shows the old PID namespace (--mount-proc mounts a new one)"
  for options in -p "-p -n" "-p -F"; do
    run -0 --separate-stderr nsx-enter -t "$pid" $options -- true
    [ "$stderr" = "$note" ]
  done
  for options in "-p -m" "-p --mount-proc" -a "-n" ""; do
    run -0 nsx-enter -t "$pid" $options -- true
    [ "$output" = "" ]
  done
  # If the namespace is the caller's own, nothing changes.
  run -0 nsx-enter -t $$ -p -- true
  [ "$output" = "" ]
}

@test "defect 18: a refusal names the missing privilege" {
  run -1 as_user nsx-enter -t 1 -n -- true
  [[ "$output" = *"Permission denied"$'\n'"hint: needs the right to trace that process (as its user, or CAP_SYS_PTRACE): run as root" ]]
  # The caller's own process, in namespaces of root.
  spawn unshare -n -- "${become_user[@]}" sleep 300
  wait_until grep -qsx sleep "/proc/$pid/comm"
  run -1 as_user nsx-enter -t "$pid" -n -- true
  [[ "$output" = *"Operation not permitted"$'\n'"hint: needs CAP_SYS_ADMIN in the user namespace that owns it"* ]]
  run -1 as_user nsx-enter -t "$pid" -u -r -- true
  [[ "$output" = *"cannot change the root directory to "*"Operation not permitted"$'\n'"hint: needs CAP_SYS_CHROOT"* ]]
  run -1 as_user nsx-enter -t "$pid" -u -S 0 -- true
  [[ "$output" = *"cannot become UID 0: Operation not permitted"$'\n'"hint: needs CAP_SETUID"* ]]
  run -1 as_user nsx-enter -t "$pid" -r/ -G 0 -- true
  [[ "$output" = *"Operation not permitted"$'\n'"hint: needs CAP_"* ]]
}

# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats and the loaded file
load ../lib/common

# The census by BPF shows what the one by /proc does, in every view. Other processes come and go, so only lines about
# namespaces made here are compared.

setup() {
  # shellcheck disable=SC2034 # for teardown
  spawned=()
  around=()
  nsx-ls --features | grep -qx "bpf yes" || cannot "use BPF here"
}

# Adds the namespaces of a process, and of its future children, to those that are compared.
note() {
  stat -L -c %i "/proc/$1"/ns/* 2>/dev/null | sort -u >>"$BATS_TEST_TMPDIR/all"
}

# shellcheck disable=SC2016 # for perl and other shells
make_scene() {
  stat -L -c %i /proc/self/ns/* | sort -u >"$BATS_TEST_TMPDIR/ours"
  spawn unshare -Ur -- unshare -Ur -n -m -u -i -C -- unshare -T -- sleep 300
  wait_until grep -qsx sleep "/proc/$pid/comm"
  member=$pid
  note "$member"
  spawn unshare -n -p -f --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  note "$child"
  # Namespaces for children that do not exist yet.
  spawn perl -e 'use POSIX; syscall(272, 0x20000080) == 0 or die; $0 = "scene"; POSIX::pause()'
  wait_until grep -qsx scene "/proc/$pid/comm"
  note "$pid"
  # A zombie in a user namespace of its own.
  spawn unshare -Ur -- perl -e 'if (fork == 0) { exit } $0 = "scene"; use POSIX; POSIX::pause()'
  wait_until grep -qsx scene "/proc/$pid/comm"
  note "$pid"
  # Descriptors, one of them by O_PATH, and a socket of a namespace that no process is in any more.
  spawn_in net -n
  target=$pid
  note "$target"
  spawn perl -e 'use Socket; use POSIX;
    open(my $own, "<", "/proc/self/ns/net"); open(my $other, "<", "/proc/$ARGV[0]/ns/net");
    sysopen(my $path, "/proc/$ARGV[0]/ns/net", 010000000) or die;
    sysopen(my $uts, "/proc/$ARGV[0]/ns/uts", 010000000) or die;
    syscall(308, fileno($other), 0) == 0 or die; socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die;
    syscall(308, fileno($own), 0) == 0 or die; $0 = "scene"; POSIX::pause()' "$target"
  wait_until grep -qsx scene "/proc/$pid/comm"
  kill -KILL "$target"
  wait_until is_gone "$target"
  sort -u "$BATS_TEST_TMPDIR/all" | comm -23 - "$BATS_TEST_TMPDIR/ours" >"$BATS_TEST_TMPDIR/made"
}

# The rows of a view that are about the scene, by a command that runs nsx-ls. JSON becomes a line a row.
about_the_scene() {
  local features=$1
  shift
  NSX_KERNEL_FEATURES=$features "${around[@]}" nsx-ls "$@" 2>/dev/null >"$BATS_TEST_TMPDIR/view"
  if [ "$1" = -J ]; then
    jq -c '.. | objects | select(has("ns") and has("type") and has("nprocs"))' <"$BATS_TEST_TMPDIR/view" |
      awk -F'[:,]' 'NR == FNR { made[$1]; next } $2 in made' "$BATS_TEST_TMPDIR/made" -
  else
    grep -F -f "$BATS_TEST_TMPDIR/made" "$BATS_TEST_TMPDIR/view"
  fi
}

is_equal_now() {
  about_the_scene "$@" >"$BATS_TEST_TMPDIR/by-bpf"
  about_the_scene "-bpf${1#+bpf}" "${@:2}" >"$BATS_TEST_TMPDIR/by-proc"
  [ -s "$BATS_TEST_TMPDIR/by-proc" ] && cmp -s "$BATS_TEST_TMPDIR/by-proc" "$BATS_TEST_TMPDIR/by-bpf"
}

# A view is the same by both ways. Other processes can open the scene's namespaces for a moment, as a census does.
is_the_same() {
  local try
  for try in {1..20}; do
    is_equal_now "$@" && return
  done
  echo "$try times different: $*"
  diff "$BATS_TEST_TMPDIR/by-proc" "$BATS_TEST_TMPDIR/by-bpf"
  return 1
}

columns=NS,TYPE,PATH,NPROCS,PID,PPID,COMMAND,UID,USER,NETNSID,NSFS,PNS,ONS,ID,HELD-BY,NAME,CONTAINER,UNIT,CGROUP,THREADS
columns+=,OWNER-USER,UIDMAP,GIDMAP,LEADER

@test "every view is the same with and without BPF" {
  make_scene
  [ "$(wc -l <"$BATS_TEST_TMPDIR/made")" -ge 12 ]
  for view in -l -P --tree --tree=owner --tree=process --matrix "-p $member" "-t net" "-t user -t uts"; do
    # shellcheck disable=SC2086 # several words
    is_the_same +bpf $view
  done
  for sources in process thread children fd socket mount process,relation fd,socket; do
    is_the_same +bpf -J -o NS,TYPE,NPROCS,PID,HELD-BY,PNS,ONS --sources="$sources"
  done
  for others in "" ,-pidfd-ns ,-pidfd-ns,-pidfd-info,-ns-id; do
    is_the_same "+bpf$others" -J -o "$columns"
  done
}

@test "a namespace is found by its number as without BPF" {
  make_scene
  by_bpf='census: bpf: [0-9]+ tasks, [0-9]+ namespaces'
  listns=-listns,-ns-handle
  local found=0 inode show=(readlink /proc/self/ns/{cgroup,ipc,mnt,net,user,uts})
  while read -r inode; do
    # The first process in a PID namespace without any is its init, with which it ends.
    stat -L -c %i /proc/[0-9]*/ns/pid_for_children 2>/dev/null | grep -qx "$inode" && continue
    # Not all can be entered: then the errors are compared.
    run env NSX_KERNEL_FEATURES=-bpf,$listns nsx-enter -t "ns:$inode" "${show[@]}"
    local status_before=$status output_before=$output
    run env NSX_KERNEL_FEATURES=+bpf,$listns nsx-enter -t "ns:$inode" "${show[@]}"
    [ "$status" = "$status_before" ]
    [ "$output" = "$output_before" ]
    [ "$status" != 0 ] || found=$((found + 1))
  done <"$BATS_TEST_TMPDIR/made"
  [ "$found" -ge 8 ]
  NSX_KERNEL_FEATURES=+bpf,$listns NSX_DEBUG=census nsx-enter -t "ns:$(head -n 1 "$BATS_TEST_TMPDIR/made")" true 2>&1 >/dev/null |
    grep -qE "$by_bpf"
  run -1 env NSX_KERNEL_FEATURES=+bpf,$listns nsx-enter -t ns:4026532999999 true
  [[ $output == *"no namespace that you can see has the inode number or ID 4026532999999"* ]]
}

# shellcheck disable=SC2016 # for another shell
@test "the processes in a pinned namespace are the same with and without BPF" {
  run -0 unshare -m --propagation=private sh -c 'mount -t tmpfs none /run && nsx-pin add --uts --ipc x
    nsx-pin exec x -- sh -c "sleep 30 & sleep 30 & sleep 30 & wait" >/dev/null 2>&1 &
    for try in $(seq 100); do [ "$(nsx-pin pids x | wc -l)" -ge 4 ] && break; sleep 0.1; done
    NSX_KERNEL_FEATURES=-bpf nsx-pin pids x >/run/by-proc
    NSX_KERNEL_FEATURES=+bpf NSX_DEBUG=census nsx-pin pids x >/run/by-bpf 2>/run/trace
    kill $(cat /run/by-bpf)
    cmp /run/by-proc /run/by-bpf && grep -q "census: bpf: [0-9]* tasks" /run/trace && wc -l </run/by-bpf'
  [ "${lines[0]}" -ge 4 ]
}

# A process in a uts namespace of its own that perl changes: as_perl CODE ARGUMENT...
as_perl() {
  spawn unshare -u -- perl -e "$1"' ; open(my $name, ">", "/proc/self/comm"); print $name "ready"; close $name; sleep 300' "${@:2}"
  wait_until grep -qsx ready "/proc/$pid/comm"
  note "$pid"
}

@test "command lines are those of /proc, whatever processes make of them" {
  stat -L -c %i /proc/self/ns/* | sort -u >"$BATS_TEST_TMPDIR/ours"
  as_perl "" plain "two words" "" "" last
  # The last byte is overwritten, as setproctitle(3) does, so the line ends in the environment.
  as_perl '$0 = "x" x 200' 1
  as_perl '$0 = ""' 1
  as_perl "" "$(printf 'long%.0s' {1..1000})"
  as_perl "" "$(printf 'long%.0s' {1..2000})"
  # PR_SET_MM_MAP: the arguments are elsewhere, in memory that is empty, of a file, or missing.
  move='open(my $stat, "<", "/proc/self/stat"); my @fields = split(/ /, (<$stat> =~ s/.*\) //sr));
    my ($code, $code_end, $stack) = @fields[23, 24, 25];
    my ($data, $data_end, $break, undef, undef, $env, $env_end) = @fields[42 .. 48];
    my $map = pack("Q12LL", $code, $code_end, $data, $data_end, $break, syscall(12, 0), $stack,
      $to, $to + 16, $env, $env_end, 0, 0, 0xffffffff);
    syscall(157, 35, 14, $map, length($map), 0) == 0 or die "$!";'
  as_perl 'my $to = syscall(9, 0, 4096, 3, 0x22, -1, 0); '"$move"
  printf "contents of a\0\0\0" >"$BATS_TEST_TMPDIR/file"
  as_perl 'open(our $file, "<", $ARGV[0]); my $to = syscall(9, 0, 4096, 1, 2, fileno($file), 0); '"$move" "$BATS_TEST_TMPDIR/file"
  as_perl 'my $to = syscall(9, 0, 4096, 3, 0x22, -1, 0); syscall(11, $to, 4096);
    $to = syscall(9, 0, 4096, 3, 0x22, -1, 0); '"$move"' syscall(11, $to, 4096)'
  sort -u "$BATS_TEST_TMPDIR/all" | comm -23 - "$BATS_TEST_TMPDIR/ours" >"$BATS_TEST_TMPDIR/made"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/made")" -eq 8 ]
  for others in "" ,-pidfd-info; do
    is_the_same "+bpf$others" -J -o NS,TYPE,NPROCS,PID,COMMAND
  done
  grep -F "plain two words   last" "$BATS_TEST_TMPDIR/by-bpf"
  grep -F xxxxxxxx "$BATS_TEST_TMPDIR/by-bpf"
  run -1 grep -F "contents of a" "$BATS_TEST_TMPDIR/by-bpf"
  [ "$(grep -c '"ready"' "$BATS_TEST_TMPDIR/by-bpf")" -ge 2 ]
  NSX_DEBUG=census NSX_KERNEL_FEATURES=+bpf nsx-ls 2>&1 >/dev/null |
    grep -E 'census: bpf: looked up [0-9]+ processes'
}

@test "cgroups that many processes share are read once, and are theirs" {
  top=$(findmnt -n -r -t cgroup2 -o TARGET | head -n 1)
  own=$top/nsx-test-$BATS_ROOT_PID-$BATS_TEST_NUMBER
  mkdir "$own" || cannot "create a cgroup"
  stat -L -c %i /proc/self/ns/* | sort -u >"$BATS_TEST_TMPDIR/ours"
  for number in {1..16}; do
    spawn unshare -u -- sleep 300
    wait_until grep -qsx sleep "/proc/$pid/comm"
    note "$pid"
    [ "$number" -lt 8 ] || echo "$pid" >"$own/cgroup.procs"
  done
  spawn unshare -Ur -- perl -e 'if (fork == 0) { exit } $0 = "scene"; use POSIX; POSIX::pause()'
  wait_until grep -qsx scene "/proc/$pid/comm"
  note "$pid"
  sort -u "$BATS_TEST_TMPDIR/all" | comm -23 - "$BATS_TEST_TMPDIR/ours" >"$BATS_TEST_TMPDIR/made"
  is_the_same +bpf -J -o NS,TYPE,NPROCS,PID,CGROUP
  is_the_same +bpf -J -o NS,TYPE,NPROCS,PID,CGROUP,COMMAND
  [ "$(grep -c "/${own##*/}\"" "$BATS_TEST_TMPDIR/by-bpf")" = 9 ]
  NSX_DEBUG=census NSX_KERNEL_FEATURES=+bpf nsx-ls -o NS,CGROUP 2>&1 >/dev/null |
    grep -E 'census: bpf: [1-9][0-9]+ processes are in the cgroups of others'
  end_spawned
  wait_until rmdir "$own"
}

@test "the census is by BPF if forced, and by /proc if disabled" {
  by_bpf='census: bpf: [0-9]+ tasks, [0-9]+ namespaces, [0-9]+ processes read again'
  NSX_DEBUG=census NSX_KERNEL_FEATURES=+bpf nsx-ls 2>&1 >/dev/null | grep -qE "$by_bpf"
  run -1 grep -E "$by_bpf" <(NSX_DEBUG=census NSX_KERNEL_FEATURES=-bpf nsx-ls 2>&1 >/dev/null)
}

@test "the census is by BPF if a single process has thousands of descriptors" {
  # Before Linux 6.2, their number is unknown.
  [ "$(stat -c %s /proc/self/fd)" != 0 ] || return 0
  # shellcheck disable=SC2016 # for perl
  spawn prlimit --nofile=8192 perl -e 'use POSIX; for (1 .. 6000) { dup(0) } $0 = "scene"; POSIX::pause()'
  wait_until grep -qsx scene "/proc/$pid/comm"
  NSX_DEBUG=census nsx-ls --sources=fd 2>&1 >/dev/null | grep -q 'census: bpf: [0-9]* tasks'
}

@test "without a capability that it needs, or in another namespace, the census is by /proc" {
  for capability in bpf perfmon sys_ptrace; do
    run -0 setpriv --bounding-set="-$capability" --inh-caps="-$capability" -- \
      env NSX_KERNEL_FEATURES=+bpf nsx-ls --features
    grep -qx "bpf no" <<<"$output"
    run -0 --separate-stderr setpriv --bounding-set="-$capability" --inh-caps="-$capability" -- \
      env NSX_KERNEL_FEATURES=+bpf NSX_DEBUG=census nsx-ls
    [[ $stderr != *"census: bpf"* ]]
  done
  for namespace in -Ur "-p -f --mount-proc" "-T -f"; do
    # shellcheck disable=SC2086 # several words
    run -0 --separate-stderr unshare $namespace -- sh -c 'nsx-ls --features && NSX_KERNEL_FEATURES=+bpf NSX_DEBUG=census nsx-ls'
    grep -qx "bpf no" <<<"$output"
    [[ $stderr != *"census: bpf"* ]]
  done
}

@test "without one of its capabilities, nsx-ls shows the same with and without BPF" {
  make_scene
  for capability in bpf perfmon sys_ptrace net_admin sys_admin dac_override dac_read_search; do
    around=(setpriv "--bounding-set=-$capability" "--inh-caps=-$capability" --)
    is_the_same +bpf -J -o NS,TYPE,NPROCS,PID,PPID,UID,COMMAND,CGROUP,HELD-BY,PNS,ONS
  done
}

# bats test_tags=needs-no-proc
@test "of a /proc that hides processes, or belongs to another PID namespace, nsx-ls shows what is there" {
  make_scene
  # shellcheck disable=SC2016 # for another shell
  around=(unshare -m sh -c 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"' -)
  is_the_same +bpf -J -o NS,TYPE,NPROCS,PID,COMMAND,HELD-BY
  # shellcheck disable=SC2016 # for another shell
  spawn unshare -p -m -f --kill-child -- sh -c 'mount -t proc proc /proc && echo elsewhere >/proc/self/comm; exec sleep 300'
  wait_until has_child "$pid" sleep
  run -0 --separate-stderr nsenter -m -t "$child" env NSX_KERNEL_FEATURES=+bpf NSX_DEBUG=census nsx-ls -n -r -o PID
  [ "$(sort -u <<<"$output")" = 1 ]
  [[ $stderr != *"census: bpf"* ]]
}

# Runs a command for which seccomp(2) refuses bpf(2), as in a container.
without_bpf_call() {
  perl -e 'my $filter = pack("SCCL" x 4, 0x20, 0, 0, 0, 0x15, 0, 1, 321, 0x06, 0, 0, 0x50001, 0x06, 0, 0, 0x7fff0000);
    my $program = pack("Sx6P", 4, $filter);
    syscall(157, 22, 2, $program, 0, 0) == 0 or die "$!"; exec(@ARGV)' "$@"
}

@test "if seccomp refuses bpf(2), the census is by /proc" {
  make_scene
  run -0 --separate-stderr without_bpf_call env NSX_KERNEL_FEATURES=+bpf NSX_DEBUG=census nsx-ls
  [[ $stderr == *"census: bpf: cannot create a BPF map: Operation not permitted"* ]]
  around=(without_bpf_call)
  is_the_same +bpf -J -o NS,TYPE,NPROCS,PID,COMMAND,CGROUP,HELD-BY
}

# A process with a namespace that only a descriptor of its own holds, or a message that nobody has received yet.
hold_in() {
  spawn perl -e 'use Socket; use POSIX;
    open(my $own, "<", "/proc/self/ns/uts"); syscall(272, 0x04000000) == 0 or die;
    open(my $other, "<", "/proc/self/ns/uts"); open(my $out, ">", $ARGV[0]); print $out (stat($other))[1], "\n"; close $out;
    syscall(308, fileno($own), 0) == 0 or die; socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die;
    my $data = "x"; my $part = pack("PQ", $data, 1); my $rights = pack("Qiiix4", 20, 1, 1, fileno($other));
    my $message = pack("QLx4PQPQLx4", 0, 0, $part, 1, $rights, length($rights), 0);
    if ($ARGV[1] eq "message") { syscall(46, fileno($a), $message, 0) == 1 or die; close $other; }
    $0 = "scene"; POSIX::pause()' "$BATS_TEST_TMPDIR/made" "$1"
  wait_until grep -qsx scene "/proc/$pid/comm"
  [ -s "$BATS_TEST_TMPDIR/made" ]
}

@test "a descriptor in flight over a socket is not seen, as without BPF" {
  for features in +bpf,-listns -bpf,-listns; do
    hold_in descriptor
    run -0 about_the_scene "$features" -n -r -o NS,HELD-BY
    hold_in message
    run -1 about_the_scene "$features" -n -r -o NS,HELD-BY
  done
}

@test "a program that the kernel refuses is no error" {
  # A sysfs without BTF, and a file in its place.
  run -0 --separate-stderr unshare -m -- sh -c 'mount -t tmpfs none /sys && NSX_KERNEL_FEATURES=+bpf nsx-ls -l -n -r -o NS'
  [ -n "$output" ]
  # shellcheck disable=SC2016 # for another shell
  run -0 --separate-stderr unshare -m -- sh -c 'mount -t tmpfs none /sys && mkdir -p /sys/kernel/btf &&
    echo hostile >/sys/kernel/btf/vmlinux && NSX_DEBUG=census NSX_KERNEL_FEATURES=+bpf nsx-ls -l -n -r -o NS'
  [ -n "$output" ]
  [[ $stderr == *"census: bpf: cannot read /sys/kernel/btf/vmlinux: it is not in the kernel's sysfs"* ]]
}

@test "nothing stays loaded, also if nsx-ls is killed" {
  export NSX_KERNEL_FEATURES=+bpf
  nsx-ls >/dev/null
  for after in 0.001 0.005 0.01 0.02 0.04; do
    timeout -s KILL "$after" nsx-ls >/dev/null 2>&1 || true
  done
  nsx-ls >/dev/null &
  nsx-ls >/dev/null
  wait $!
  # Programs end with their last descriptor, which another process can still be about to close.
  wait_until none_is_loaded
}

# Whether no process has a BPF program of that name: bpftool(8) may not be installed.
none_is_loaded() {
  ! cat /proc/[0-9]*/fdinfo/* 2>/dev/null | grep -q '^link_type:.*iter'
}

# bats test_tags=slow,host-only
@test "in a storm, every view by BPF is right" {
  storm=$NSX_BUILD/tests/storm/ls-storm
  [ -x "$storm" ] || cannot "find ls-storm: build with -Dtests=true"
  touch "$BATS_TEST_TMPDIR/pin"
  run env NSX_KERNEL_FEATURES=+bpf "$storm" "${NSX_STORM_RUNS:-1}" "$BATS_TEST_TMPDIR/pin"
  echo "$output"
  [ "$status" = 0 ]
}

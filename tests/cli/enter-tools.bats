# SPDX-License-Identifier: MIT
# nsx-enter --tools: a program of the host, or of another root directory, in a target that has none.
# shellcheck disable=SC2154 # set by bats and the loaded files
# shellcheck disable=SC2016 # scripts for a shell in the target
load ../lib/common
load ../lib/containers

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  root=$BATS_TEST_TMPDIR/root
  chmod 755 "$BATS_TEST_TMPDIR"
}

teardown() {
  end_spawned
}

# A container in which only its first process is left: no program to start.
bare_container() {
  make_busybox_root "$root"
  mkdir -p "$root"/{dev/pts,dev/shm,sys,run,app}
  printf 'root:x:0:0::/:\nservice:x:0:0::/:\n' >"$root/etc/passwd"
  in_root "$root"
  rm -r "${root:?}/bin" "${root:?}/usr/bin"
  before=$(list_state)
}

# What a program with --tools must leave alone: the mounts of the target and of the host, and the target's files.
list_state() {
  cut -d ' ' -f 4- "/proc/$pid/mountinfo"
  cut -d ' ' -f 4- /proc/self/mountinfo
  find "$root" -xdev | sort
}

nothing_changed() {
  local after
  after=$(list_state)
  [ "$after" = "$before" ] || {
    diff <(echo "$before") <(echo "$after")
    return 1
  }
}

tools() {
  nsx-enter -t "$pid" --tools "$@"
}

@test "--tools runs the host's programs in a target without any" {
  bare_container
  run -127 nsx-enter -t "$pid" -- sh -c true
  [[ $output == *"nsx-enter -t $pid --tools -- sh"* ]]
  run -1 nsx-enter -t "$pid"
  [[ $output == *"nsx-enter -t $pid --tools" ]]
  run -0 tools -- sh -c 'command -v strace; ls -d /target/app; cat /etc/passwd'
  [ "$output" = "$(command -v strace)
/target/app
root:x:0:0::/:/usr/sbin/nologin
service:x:0:0::/:/usr/sbin/nologin" ]
  nothing_changed
}

@test "--tools joins the namespaces of the target, except the mount namespace, which is new" {
  bare_container
  for kind in net pid ipc uts cgroup; do
    run -0 tools -- stat -L -c %i "/proc/self/ns/$kind"
    [ "$output" = "$(ns_of "$pid" $kind)" ]
  done
  run -0 tools -- stat -L -c %i /proc/self/ns/mnt
  [ "$output" != "$(ns_of "$pid" mnt)" ]
  [ "$output" != "$(ns_of $$ mnt)" ]
  run -0 tools -- ps -e -o comm=
  [ "${lines[0]}" = busybox ]
  [ "${#lines[@]}" = 2 ]
  # With a kind, only that is joined, and the files are shown as well.
  run -0 nsx-enter -t "$pid" --net --tools -- sh -c 'stat -L -c %i /proc/self/ns/net; ls /target'
  [ "${lines[0]}" = "$(ns_of "$pid" net)" ]
  [[ $output == *app* ]]
}

@test "the tools are read-only, the target's files and /tmp are writable" {
  bare_container
  run -0 tools -- sh -c 'for each in / /usr /etc /dev; do touch $each/x 2>/dev/null && echo $each; done
    touch /tmp/x /var/tmp/x && touch /target/app/x && echo >/dev/null && mktemp -d >/dev/null; rm /target/app/x'
  [ "$output" = "" ]
  run -0 tools -- touch "/tmp/$own_name"
  [ ! -e "/tmp/$own_name" ]
  nothing_changed
}

@test "--tools-rw makes the tools writable" {
  bare_container
  mkdir -p "$BATS_TEST_TMPDIR/box"
  make_busybox_root "$BATS_TEST_TMPDIR/box" sh touch ls
  run -0 nsx-enter -t "$pid" --tools="$BATS_TEST_TMPDIR/box" --tools-rw -- sh -c 'touch /etc/made; ls -d /target/app'
  [ "$output" = /target/app ]
  [ -e "$BATS_TEST_TMPDIR/box/etc/made" ]
  run -1 nsx-enter -t "$pid" --tools="$BATS_TEST_TMPDIR/box" -- sh -c 'touch /etc/second'
  [ ! -e "$BATS_TEST_TMPDIR/box/etc/second" ]
  # Neither the place of the target's files nor any other was created in them.
  [ ! -e "$BATS_TEST_TMPDIR/box/target" ]
}

@test "the tools can be those of another container" {
  make_busybox_root "$BATS_TEST_TMPDIR/box" sh cat readlink
  echo box >"$BATS_TEST_TMPDIR/box/etc/name"
  in_root "$BATS_TEST_TMPDIR/box"
  local box=$pid
  bare_container
  run -0 nsx-enter -t "$pid" --tools="pid:$box" -- sh -c 'cat /etc/name; [ -d /target/app ] && readlink /proc/self/exe'
  [ "$output" = "box
/bin/busybox" ]
  [ ! -e "$BATS_TEST_TMPDIR/box/target" ]
}

@test "--target-at chooses the place of the target's files" {
  bare_container
  run -0 tools --target-at=/inside -- sh -c 'ls -d /inside/app; pwd'
  [ "$output" = "/inside/app
/inside" ]
  run -0 tools --target-at=/mnt -- ls -d /mnt/app
  run -0 tools --target-at=/usr/share -- ls -d /usr/share/app
  run -0 tools --target-at=/tmp/a/b -- ls -d /tmp/a/b/app
  for each in /run/x /proc /dev; do
    run -1 tools --target-at=$each -- true
    [[ $output == "nsx-enter: cannot place the target's files at $each: the target's own files are there" ]]
  done
  run -1 tools --target-at=/usr/missing -- true
  [[ $output == *"cannot place the target's files at /usr/missing: it is not a directory in the root directory of the host"* ]]
  [[ $output == *"--target-at=/target"* ]]
  for each in x / /x/ /x/../y /x//y; do
    run -1 tools "--target-at=$each" -- true
    [[ $output == *"invalid directory '$each' for --target-at"* ]]
  done
  nothing_changed
}

@test "the program starts in the target's working directory, and knows its target" {
  bare_container
  run -0 tools --wdns=/target/app -- /bin/pwd
  [ "$output" = /target/app ]
  run -0 tools -- sh -c 'pwd; echo $NSX_TARGET'
  [ "$output" = "/target
$pid" ]
  # A target whose working directory is not the root directory.
  spawn unshare -m --fork --kill-child -- sh -c 'cd /usr/share && exec sleep 300'
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
  run -0 tools -- /bin/pwd
  [ "$output" = /target/usr/share ]
}

@test "a shell's prompt names the target" {
  bare_container
  run -0 tools --plan
  [[ $output == *"set the variables NSX_TARGET=$pid, no PWD, debian_chroot=$pid, PS1=($pid) "* ]]
  # No program of the shell is run by a name.
  run -0 nsx-enter -t "pid:$pid" --tools --plan
  [[ $output == *" PS1=(pid:$pid) "* ]]
}

@test "--target-path appends the target's directories to PATH" {
  bare_container
  run -0 env PATH=/usr/bin:/bin:"$PATH" nsx-enter -t "$pid" --tools --target-path -- sh -c 'echo $PATH'
  [[ $output == "/usr/bin:/bin:"*":/target/"* ]]
  run -0 tools -- sh -c 'echo $PATH'
  [ "$output" = "$PATH" ]
}

@test "links of the target lead to nothing of the host" {
  make_busybox_root "$root"
  mkdir -p "$root/deep"
  rm -r "${root:?}/etc"
  # Each place that is shown of the target is a link out of it.
  for each in etc sys run dev; do ln -s "../../../../../$each" "$root/$each"; done
  in_root "$root"
  rm -r "${root:?}/bin" "${root:?}/usr/bin"
  before=$(list_state)
  run -0 tools -- sh -c 'ls -A /run /sys; stat -c %t:%T /dev/null; cat /etc/hostname'
  [ "$output" = "/run:

/sys:
1:3
$(cat /etc/hostname)" ]
  nothing_changed
}

@test "what the target put in place of /proc, /dev and /run is not used, or cannot lead anywhere" {
  make_busybox_root "$root"
  mkdir -p "$root"/{dev,run,sys}
  ln -s /etc/shadow "$root/run/link"
  echo evil >"$root/dev/null"
  in_root "$root"
  rm -r "${root:?}/bin" "${root:?}/usr/bin"
  run -0 tools -- sh -c 'cat /run/link 2>&1 | sed "s/.*: //"; stat -c %t:%T /dev/null; stat -f -c %T /proc'
  [ "$output" = "Too many levels of symbolic links
1:3
proc" ]
}

@test "the target's processes see neither the mount namespace nor the tools" {
  bare_container
  local target=$pid
  spawn nsx-enter -t "$target" --tools -- sleep 301
  wait_until has_child "$pid" sleep
  spawned+=("$child")
  pid=$target
  nothing_changed
  # Only the program, and the process that waits for it, are in it.
  run -0 nsx-ls -t mnt -o NPROCS,COMMAND -p "$child"
  [[ $output == *"sleep 301"* ]]
  end_spawned
}

@test "the target's root reaches the tools read-only, also through the program" {
  make_busybox_root "$root" sh
  mkdir -p "$root"/{dev,run,sys}
  in_root "$root"
  local target=$pid
  spawn nsx-enter -t "$target" --tools -- sleep 301
  wait_until has_child "$pid" sleep
  spawned+=("$child")
  run -0 nsx-enter -t "$target" -- sh -c 'busybox grep -l "^sleep.301" /proc/[0-9]*/cmdline | while IFS=/ read -r _ _ n _; do
    echo >>/proc/$n/root/usr/x; echo >>/proc/$n/root/etc/passwd; done 2>&1 | busybox sed "s/.*: //"'
  [ "$output" = "Read-only file system" ] || [ "$(sort -u <<<"$output")" = "Read-only file system" ]
  pid=$target
}

@test "an ordinary user uses the tools in a user namespace of their own" {
  in_user
  run -0 as_user nsx-enter -t "$pid" --tools -- sh -c 'id -u; touch /usr/x 2>&1 | sed "s/.*: //"; ls -d /target/usr
    stat -L -c %i /proc/self/ns/user; ps -e -o args= | head -n 1; echo x >/dev/null; script -qec "echo on terminal" /dev/null | tr -d "\r"'
  [ "$output" = "0
Read-only file system
/target/usr
$(ns_of "$pid" user)
sleep 300
on terminal" ]
  # Another user's target stays closed.
  in_all
  run -1 as_user nsx-enter -t "$pid" --tools -- true
  [[ $output == *"Permission denied"* ]]
}

@test "a target with a user namespace: the host's root becomes its root" {
  spawn nsx-unshare -U -muinpC --map-users=0:100000:65536 --map-groups=0:100000:65536 --fork --kill-child -- sleep 300
  wait_until has_child "$pid" sleep
  pid=$child
  spawned+=("$pid")
  run -0 tools -- sh -c 'id -u; xargs </proc/self/uid_map; mount -t tmpfs x /tmp 2>/dev/null || echo no mount'
  [ "$output" = "0
0 100000 65536
no mount" ]
}

@test "--as-container limits the capabilities, the default keeps the caller's" {
  bare_container
  run -0 tools -- grep CapEff /proc/self/status
  [[ $output == *"$(sed -n 's/^CapEff:\s*//p' /proc/self/status)" ]]
  run -0 tools --as-container -- sh -c 'pwd; grep -c . /proc/self/status >/dev/null; cat /proc/self/oom_score_adj'
  [ "${lines[0]}" = /target ]
}

@test "a user of the target is looked up in its files" {
  bare_container
  echo 'web:x:33:44::/app:/nothing' >>"$root/etc/passwd"
  run -0 tools --as=web -- sh -c 'id -u; id -g; echo $HOME; id -un'
  [ "$output" = "33
44
/
web" ]
}

@test "what the target says of its users gives nobody rights, and leads to none of its files" {
  bare_container
  mkdir "$root/home"
  printf 'root::0:0::/target/home:/target/home/sh\nweb::1000:1000::/target/home:/target/home/sh\n' >"$root/etc/passwd"
  echo 'echo hostile' >"$root/home/.bash_profile"
  cp "$root/home/.bash_profile" "$root/home/.profile"
  run -0 bash -c 'echo "echo \$HOME \$SHELL" | nsx-enter -t "$1" --tools --as=root' sh "$pid"
  [ "$output" = "/ /bin/sh" ]
  run -0 bash -c 'echo "echo \$HOME" | env -u HOME -u SHELL nsx-enter -t "$1" --tools' sh "$pid"
  [ "$output" = / ]
  # No program regains rights: su(1) would find a root without a password.
  run tools --as=web -- su root -c id
  [ "$status" != 0 ]
  [[ $output != *"uid=0"* ]]
  run -0 tools -- sh -c 'cut -d " " -f 5,6 /proc/self/mountinfo | grep -E "^/(usr|target|proc|etc) " | grep -v nosuid || echo none'
  [ "$output" = none ]
}

@test "neither the umask of the caller nor a place below the tools' directories changes what is created" {
  bare_container
  run -0 sh -c 'umask 077; nsx-enter -t "$1" --tools --setuid=1000 --setgid=1000 -- sh -c "echo >/dev/null && umask"' sh "$pid"
  [ "$output" = 0077 ]
  echo 'nameserver 10.9.9.9' >"$root/etc/resolv.conf"
  before=$(list_state)
  run -0 tools --target-at=/etc -- cat /etc/etc/resolv.conf
  [ "$output" = "nameserver 10.9.9.9" ]
  nothing_changed
}

@test "strace attaches to the target's first process" {
  bare_container
  # A trace ends when the first system call of it was seen.
  run -0 tools -- sh -c 'strace -p 1 -o /tmp/log &
    until [ -s /tmp/log ]; do sleep 0.1; done; kill -INT $!; wait; cat /tmp/log'
  [[ $output == *"Process 1 attached"* ]]
  [[ $output == *"restart_syscall("* || $output == *nanosleep* ]]
}

@test "--plan shows every mount and does nothing" {
  bare_container
  run -0 tools --plan -- true
  [[ $output == *"bind /usr of the host on /usr, read-only"* ]]
  [[ $output == *"bind / of PID $pid on /target"* ]]
  [[ $output == *"mount the names in the target's /etc/passwd on it, read-only"* ]]
  [[ $output == *"change the root directory to the new one, read-only, and the working directory to /target/"* ]]
  run -0 tools --plan --json -- true
  jq -e 'map(select(.action == "attach-tree")) | length > 5' <<<"$output" || jq . <<<"$output" | head -n 20
  nothing_changed
}

@test "impossible requests are refused" {
  run -1 nsx-enter --tools --net=/proc/self/ns/net -- true
  [[ $output == *"--tools needs a target (--target=PID)"* ]]
  for each in --tools-rw --target-path --target-at=/x; do
    run -1 nsx-enter -t $$ $each -- true
    [[ $output == *"${each%%=*} needs --tools"* ]]
  done
  for each in --mount --root --mount-proc --mount-sys --wd=/; do
    run -1 nsx-enter -t $$ --tools $each -- true
    [[ $output == *"mutually exclusive"* ]]
  done
  run -1 nsx-enter -t $$ --tools=/nowhere -- true
  [[ $output == *"/nowhere: No such file or directory"* ]]
  run -1 nsx-enter -t $$ --tools=pid:999999999 -- true
  # A named network alone has no files to show.
  nsx-pin add "$own_name-net" --net
  run -1 nsx-enter -t "pin:$own_name-net" --tools -- true
  nsx-pin rm "$own_name-net"
  [[ $output == *"it has no mount namespace"* ]]
}

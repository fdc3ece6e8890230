#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A container tries to get files of the host into a copy of its own files, and to have files of the host written:
# nsx-enter --get and --put, and what "docker cp" and "kubectl cp" were vulnerable to.

load ../lib/common
load ../lib/containers
load attack

setup() {
  spawned=()
  # Where the ordinary user gets, too, and not below /tmp, which is another file system in the container.
  dir=$(mktemp -d /var/tmp/nsx-copy.XXXXXX)
  chmod 755 "$dir"
  host=$dir/host root=$dir/root work=$dir/work
  mkdir -m 777 "$host" "$root" "$work"
  echo "of the host" >"$host/file"
  chmod -R a+rwX "$host"
  hostile_root "$root"
  cp "$attack_dir/attack-pin_swap" "$root/bin/"
  chmod -R a+rX "$root"
}

teardown() {
  end_spawned
  rm -rf "$dir"
}

# A container whose /data/dir alternates between a directory and a link to a directory of the host: swapping [as_user
# OPTIONS...]. Without options it is root's.
swapping() {
  mkdir -p "$root/data/dir"
  echo "of the target" >"$root/data/dir/file"
  ln -s "$host" "$root/data/link"
  chmod 777 "$root/data" "$root/data/dir"
  if [ $# = 0 ]; then set -- -m; fi
  contain "$root" "$@" -- /bin/attack-pin_swap /data/dir /data/link
}

# Whether nothing was written to the host's directory.
host_is_unchanged() {
  [ "$(ls -A "$host")" = file ] && [ "$(<"$host/file")" = "of the host" ]
}

# Whether a naive way gets a file of the host within 10,000 tries.
wins() {
  for ((i = 0; i < 10000; i++)); do
    if "$@"; then return; fi
  done
  return 1
}

@test "control: copying by /proc/PID/root follows the link out of the target" {
  swapping
  reads_host() {
    [[ $(cat "/proc/$pid/root/data/dir/file" 2>/dev/null) == "of the host" ]]
  }
  writes_host() {
    echo x 2>/dev/null >"/proc/$pid/root/data/dir/written" || true
    [ -e "$host/written" ]
  }
  wins reads_host
  wins writes_host
}

# CVE-2018-15664.
gets_no_host_file() {
  rm -rf "${work:?}"/*
  "${as[@]}" nsx-enter -t "$pid" --get="/data/dir/file:$work/file" 2>"$dir/error" || true
  "${as[@]}" nsx-enter -t "$pid" --get="/data/dir/:$work/dir" 2>>"$dir/error" || true
  "${as[@]}" nsx-enter -t "$pid" --get="/data:$work/all" 2>>"$dir/error" || true
  if grep -r "of the host" "$work"; then return 1; fi
  if [ -e "$work/file" ]; then got=$((got + 1)); fi
}

puts_no_host_file() {
  "${as[@]}" nsx-enter -t "$pid" --put="$dir/tree/sub/1:/data/dir/1" 2>"$dir/error" || true
  "${as[@]}" nsx-enter -t "$pid" --put="$dir/tree/sub:/data/dir" 2>>"$dir/error" || true
  # Here the exchange is below the directory that is named.
  "${as[@]}" nsx-enter -t "$pid" --put="$dir/tree/.:/data" 2>>"$dir/error" && put=$((put + 1))
  host_is_unchanged
}

# A source with more directories than the exchange takes time for.
make_source() {
  mkdir -p "$dir/tree/sub" "$dir/tree/dir"
  for i in 1 2 3 4 5 6 7 8; do
    echo "$i" >"$dir/tree/sub/$i"
    mkdir "$dir/tree/dir/d$i"
    echo "$i" >"$dir/tree/dir/d$i/file"
  done
  chmod -R a+rX "$dir/tree"
}

# bats test_tags=any-kernel
@test "a directory exchanged for a link leads neither --get nor --put to the host, as root" {
  as=() got=0 put=0
  swapping
  make_source
  repeat gets_no_host_file
  repeat puts_no_host_file
  # The attack left some copies to succeed, so it was on.
  [ "$got" -gt 0 ]
  [ "$put" -gt 0 ]
}

# bats test_tags=any-kernel
@test "a directory exchanged for a link leads neither --get nor --put to the host, as an ordinary user" {
  as=("${become_user[@]}") got=0 put=0
  if [ "$EUID" = 0 ]; then chown -R "$ordinary_uid:$ordinary_uid" "$root"; fi
  swapping as_user -rmp
  make_source
  repeat gets_no_host_file
  repeat puts_no_host_file
  [ "$got" -gt 0 ]
  [ "$put" -gt 0 ]
}

# CVE-2019-1002101, CVE-2019-11246: a link that an earlier copy brought, and a file "behind" it now.
@test "a second copy does not write through links of the first" {
  mkdir -p "$root/data/tree"
  ln -s "$host" "$root/data/tree/dir"
  ln -s "$host/file" "$root/data/tree/file"
  contain "$root" -m -- /bin/sleep 300
  nsx-enter -t "$pid" --get="/data/tree:$work"
  [ -L "$work/tree/dir" ]
  rm "$root/data/tree"/*
  mkdir "$root/data/tree/dir"
  echo "of the target" | tee "$root/data/tree/dir/file" >"$root/data/tree/dir/new"
  echo "of the target" >"$root/data/tree/file"
  run -1 nsx-enter -t "$pid" --get="/data/tree:$work"
  [[ $output == *"it is a symbolic link, and the source is a directory" ]]
  rm -r "$root/data/tree/dir"
  nsx-enter -t "$pid" --get="/data/tree:$work"
  [ ! -L "$work/tree/file" ] && [ "$(<"$work/tree/file")" = "of the target" ]
  # Nor is one written through that an earlier copy left where a single file goes.
  rm "$work/tree/file"
  ln -s "$host/file" "$work/tree/file"
  nsx-enter -t "$pid" --get="/data/tree/file:$work/tree"
  [ ! -L "$work/tree/file" ]
  host_is_unchanged
}

# CVE-2018-1002100: paths with "..", which a directory cannot have. Links can.
@test "links with .. and absolute links, on the way and at the end, stay in the target" {
  mkdir -p "$root/data" "$root$host"
  echo "of the target" >"$root$host/file"
  ln -s "../../../../../../../../..$host" "$root/data/above"
  ln -s "$host" "$root/data/absolute"
  ln -s "/proc/1/root$host" "$root/data/magic"
  ln -s "/proc/self/fd/../cwd/file" "$root/data/cwd"
  contain "$root" -m -- /bin/sleep 300
  for path in /data/above/file /data/absolute/file "/data/../..$host/file" "../..$host/file"; do
    run -0 nsx-enter -t "$pid" --get="$path:-"
    [ "$output" = "of the target" ]
    echo "written" | nsx-enter -t "$pid" --put=-:"$path"
    [ "$(<"$root$host/file")" = written ]
    echo "of the target" >"$root$host/file"
  done
  cd "$host"
  for path in /data/magic/file /data/cwd; do
    run -1 nsx-enter -t "$pid" --get="$path:$work"
    run -1 nsx-enter -t "$pid" --put="$dir/tree:$path"
  done
  host_is_unchanged
}

# bats test_tags=host-only
@test "nothing that a copy brings to the host has privileges" {
  mkdir "$root/data"
  cp "$(command -v busybox)" "$root/data/program"
  setcap cap_sys_admin+ep "$root/data/program" || cannot "set file capabilities"
  chmod 6755 "$root/data/program"
  contain "$root" -m -- /bin/sleep 300
  nsx-enter -t "$pid" --get="/data:$work/tree" --get="/data/program:$work"
  for file in "$work/program" "$work/tree/program"; do
    [ "$(stat -c %a "$file")" = 755 ]
    [ -z "$(getcap "$file")" ]
  done
  # In the other direction, they stay, unless they would apply outside as well.
  nsx-enter -t "$pid" --put="$root/data/program:/copy"
  [ "$(stat -c %a "$root/copy")" = 6755 ]
  [ -n "$(getcap "$root/copy")" ]
}

# CVE-2019-14271: the helper of "docker cp" loaded libraries of the container.
@test "the process in the target loads nothing of it, and is in none of its mounts" {
  contain "$root" -m -- /bin/sleep 300
  strace -f -qq -e trace=open,openat,openat2,execve,setns,chroot,pivot_root -o "$dir/trace" \
    nsx-enter -t "$pid" --get="/bin:$work" --put="$host:/data"
  [ -e "$work/bin/busybox" ] && [ -e "$root/data/file" ]
  local main
  main=$(head -n 1 "$dir/trace" | cut -d ' ' -f 1)
  awk -v main="$main" '$1 != main' "$dir/trace" >"$dir/inside"
  [ -s "$dir/inside" ]
  if grep -E 'execve|chroot|pivot_root|CLONE_NEWNS|\.so|nsswitch|gconv|locale' "$dir/inside"; then return 1; fi
}

# The child that works in a user namespace has its root's IDs.
@test "the process in the target is out of reach of root there" {
  mkfifo "$work/fifo"
  chmod 666 "$work/fifo"
  in_user
  "${become_user[@]}" nsx-enter -t "$pid" --put="$work/fifo:$work/copy" 3>&- 4>&- &
  local parent=$!
  spawned+=("$parent")
  exec 7>"$work/fifo"
  wait_until has_child "$parent" nsx-enter
  wait_until [ "/proc/$child/ns/user" -ef "/proc/$pid/ns/user" ]
  # shellcheck disable=SC2016 # for the inner shell
  run -0 as_user nsenter -t "$pid" -U -m --preserve-credentials sh -c '
    for file in exe fd/0 root cwd; do readlink /proc/$0/$file && echo "reached $file"; done
    for file in environ maps mem; do dd bs=1 count=1 if=/proc/$0/$file of=/dev/null && echo "reached $file"; done
    exit 0' "$child"
  exec 7>&-
  [[ $output != *reached* ]]
  [[ $output == *"Permission denied"* ]]
  wait "$parent"
}

@test "a tree that changes while it is copied neither hangs nor brings other files" {
  mkdir -p "$root/data/tree"
  contain "$root" -m -- /bin/sh -c 'exec 3>/data/tree/log; while :; do
    echo line >&3; : >/data/tree/log; echo x >/data/tree/new; /bin/busybox rm /data/tree/new
    /bin/busybox truncate -s 3000000 /data/tree/big; /bin/busybox truncate -s 0 /data/tree/big; done'
  wait_until [ -e "$root/data/tree/big" ]
  copies() {
    rm -rf "$work/tree"
    timeout 60 nsx-enter -t "$pid" --get="/data/tree:$work" || return
    [ "$(cd "$work/tree" && echo .[!.]*)" = '.[!.]*' ]
  }
  repeat copies
}

# SPDX-License-Identifier: MIT
# nsx-enter --get and --put: files out of and into targets that have no programs.
load ../lib/common
load ../lib/containers
load ../lib/terminal

setup() {
  spawned=()
  root=$BATS_TEST_TMPDIR/root
  work=$BATS_TEST_TMPDIR/work
  mounted=()
  mkdir "$work"
  cd "$work" || return
  shared=
}

teardown() {
  end_spawned
  for each in "${mounted[@]}"; do umount "$each"; done
  cd /
  if [ -n "$shared" ]; then chmod -R u+rwX "$shared" && rm -r "$shared"; fi
}

# A container of root, whose root directory is also reachable as $root.
start() {
  make_busybox_root "$root" sh sleep
  in_root "$root"
}

# A container of the ordinary user with the machine's files, and the working directory as a place where that user can
# write.
start_as_user() {
  shared=$(mktemp -d /tmp/nsx-files.XXXXXX)
  chmod 1777 "$shared"
  cd "$shared" || return
  work=$shared
  in_user
}

enter() {
  nsx-enter -t "$pid" "$@"
}

# Fails with exactly this message: fails_with MESSAGE COMMAND...
fails_with() {
  local message=$1
  shift
  run --separate-stderr "$@"
  if [ "$status" != 1 ] || [ "${stderr%%$'\n'*}" != "nsx-enter: $message" ]; then
    printf '%s\n' "$*" "status $status" "expected: nsx-enter: $message" "found: $stderr"
    return 1
  fi
}

# Everything about the files of a tree that a copy keeps, sorted. Names of the same file have one number.
tree_of() {
  (cd "$1" && find . -printf '%i|%P|%y|%m|%U|%G|%T@|%l|' \( -type f -printf '%s' -o -true \) -printf '\n') |
    LC_ALL=C sort -t '|' -k 2 | awk -F'|' -v OFS='|' '{ if (!($1 in seen)) seen[$1] = ++n; $1 = seen[$1]; print }'
}

same_trees() {
  diff <(tree_of "$1") <(tree_of "$2")
  diff -r --no-dereference --exclude=pipe "$1" "$2"
}

# A tree with a file of each kind: make_tree DIR
make_tree() {
  mkdir -p "$1/sub/deeper" "$1/closed"
  echo text >"$1/file"
  echo secret >"$1/closed/secret"
  : >"$1/empty"
  chmod 4755 "$1/file"
  chmod 0600 "$1/closed/secret"
  ln "$1/file" "$1/sub/same"
  ln -s ../file "$1/sub/link"
  ln -s /etc/passwd "$1/absolute"
  ln -s missing "$1/dangling"
  mkfifo -m 620 "$1/pipe"
  touch -d '2001-02-03 04:05:06.789' "$1/file" "$1/sub/deeper"
  touch -h -d '2002-03-04 05:06:07.891' "$1/dangling"
  touch -d '2003-04-05 06:07:08.912' "$1/pipe"
  chmod 0500 "$1/closed"
  chmod 2750 "$1/sub"
}

@test "--get: a file, by the rules of cp" {
  start
  echo log >"$root/tmp/app.log"
  mkdir there
  enter --get=/tmp/app.log
  enter --get=/tmp/app.log:there
  enter --get=/tmp/app.log:there/
  enter --get tmp/app.log:renamed
  enter --get=/tmp/app.log:"$PWD/absolute"
  for file in app.log there/app.log renamed absolute; do
    [ "$(<"$file")" = log ]
    rm "$file"
  done
  rmdir there
  of="from PID $pid"
  fails_with "cannot copy '/tmp/app.log' $of: cannot write missing/x: No such file or directory" \
    enter --get=/tmp/app.log:missing/x
  fails_with "cannot copy '/tmp/app.log' $of: cannot write missing/: No such file or directory" \
    enter --get=/tmp/app.log:missing/
  fails_with "cannot copy '/nothing' $of: No such file or directory" enter --get=/nothing
  fails_with "cannot copy '/tmp/app.log/' $of: Not a directory" enter --get=/tmp/app.log/
  [ -z "$(ls -A)" ]
}

@test "--put: a file, by the rules of cp" {
  start
  echo conf >app.conf
  enter --put=app.conf:/tmp
  enter --put="$PWD/app.conf:/tmp/"
  enter --put app.conf:tmp/renamed
  [ "$(<"$root/tmp/app.conf") $(<"$root/tmp/renamed")" = "conf conf" ]
  # It replaces a file, and never a directory.
  echo new >app.conf
  mkdir "$root/tmp/dir" "$root/tmp/dir/app.conf"
  enter --put=app.conf:/tmp/renamed
  [ "$(<"$root/tmp/renamed")" = new ]
  fails_with "cannot copy 'app.conf' to PID $pid: cannot write /tmp/dir/app.conf: Is a directory" \
    enter --put=app.conf:/tmp/dir
  fails_with "cannot copy 'app.conf' to PID $pid: cannot write /missing/x: No such file or directory" \
    enter --put=app.conf:/missing/x
  fails_with "cannot copy 'missing' to PID $pid: No such file or directory" enter --put=missing:/tmp
  [ "$(cd "$root/tmp" && find . | LC_ALL=C sort | xargs)" = ". ./app.conf ./dir ./dir/app.conf ./renamed" ]
}

@test "several copies are made in the order given, until one fails" {
  start
  echo one >"$root/tmp/a"
  enter --get=/tmp/a:b --put=b:/tmp/c --get=/tmp/c:d
  [ "$(<d)" = one ]
  run -1 enter --put=d:/tmp/e --get=/missing --put=d:/tmp/f
  [ -e "$root/tmp/e" ]
  [ ! -e "$root/tmp/f" ]
}

@test "colons, backslashes and dashes in names" {
  start
  echo 1 >'a:b'
  echo 2 >'c\d'
  echo 3 >-
  enter --put='a\:b:/tmp' --put='c\d:/tmp' --put='./-:/tmp' --put='a\:b:/tmp/e\\\:f'
  [ "$(<"$root/tmp/a:b")$(<"$root/tmp/c\\d")$(<"$root/tmp/-")$(<"$root/tmp/e\\:f")" = 1231 ]
}

# bats test_tags=host-only
@test "a tree goes in and out with everything that a file has" {
  start
  make_tree tree
  echo attribute | setfattr -n user.nsx -v "$(printf 'a\nb')" tree/file || cannot "set attributes here"
  setfattr -n user.nsx -v directory tree/sub
  enter --put=tree:/tmp --get=/tmp/tree:back
  # An unprivileged copy of a set-user-ID file may appear on the host, a privileged one not.
  same_trees tree "$root/tmp/tree"
  [ "$(getfattr --only-values -n user.nsx "$root/tmp/tree/sub/same")" = $'a\nb' ]
  [ "$(getfattr --only-values -n user.nsx back/sub)" = directory ]
  [ "$(stat -c %a back/file back/sub | xargs)" = "755 750" ]
  chmod 4755 back/file
  chmod 2750 back/sub
  same_trees tree back
}

# bats test_tags=any-kernel
@test "a tree of 1,000 files" {
  start
  for ((i = 0; i < 1000; i++)); do
    mkdir -p "tree/$((i % 7))/$((i % 11))"
    echo "$i" >"tree/$((i % 7))/$((i % 11))/$i"
  done
  enter --put=tree:/tmp/tree --get=/tmp/tree:back
  [ "$(find back -type f | wc -l)" = 1000 ]
  same_trees tree "$root/tmp/tree"
  same_trees tree back
}

@test "the content of a directory is merged into another, which keeps its mode" {
  start
  mkdir -p src/a/b "$root/tmp/dest/a"
  echo new >src/a/b/file
  echo old >"$root/tmp/dest/a/kept"
  chmod 750 "$root/tmp/dest" "$root/tmp/dest/a"
  enter --put=src/.:/tmp/dest
  [ "$(<"$root/tmp/dest/a/b/file") $(<"$root/tmp/dest/a/kept")" = "new old" ]
  [ "$(stat -c %a "$root/tmp/dest" "$root/tmp/dest/a" | xargs)" = "750 750" ]
  mkdir out
  enter --get=/tmp/dest/.:out
  diff -r "$root/tmp/dest" out
  # A directory does not replace a file, nor a file's link.
  mkdir bad
  ln -s "$work/out" bad/a
  fails_with "cannot copy '/tmp/dest/.' from PID $pid: cannot write bad/a: it is a symbolic link, and the source is a directory" \
    enter --get=/tmp/dest/.:bad
  rm bad/a
  : >bad/a
  fails_with "cannot copy '/tmp/dest/.' from PID $pid: cannot write bad/a: Not a directory" enter --get=/tmp/dest/.:bad
}

@test "holes stay holes" {
  start
  truncate -s 200M sparse
  printf begin | dd of=sparse conv=notrunc status=none
  printf middle | dd of=sparse conv=notrunc bs=1M seek=100 status=none
  enter --put=sparse:/tmp --get=/tmp/sparse:back
  cmp sparse back
  [ "$(stat -c %s back)" = $((200 << 20)) ]
  [ "$(stat -c %b back)" -le $(($(stat -c %b sparse) + 64)) ]
  [ "$(stat -c %b "$root/tmp/sparse")" -le $(($(stat -c %b sparse) + 64)) ]
}

@test "standard input and output" {
  start
  head -c 3000000 /dev/urandom >random
  enter --put=-:/tmp/random <random
  cmp random "$root/tmp/random"
  enter --put=-:/tmp/random < <(head -c 3000000 random)
  enter --get=/tmp/random:- | cmp - random
  enter --get=/tmp/random:- >out
  cmp random out
  enter --get=/proc/version:- | cmp - /proc/version
  # The present file keeps its owner and mode, a new one has those of the caller.
  chmod 640 "$root/tmp/random"
  chown 12:34 "$root/tmp/random"
  echo short | enter --put=-:/tmp/random
  [ "$(<"$root/tmp/random") $(stat -c '%a %u:%g' "$root/tmp/random")" = "short 640 12:34" ]
  (umask 027 && echo x | enter --put=-:/tmp/new)
  [ "$(stat -c '%a %u' "$root/tmp/new")" = "640 0" ]
  # A FIFO of the host is read, too.
  enter --put=<(echo substituted):/tmp/fifo
  [ "$(<"$root/tmp/fifo")" = substituted ]
  fails_with "cannot copy '/tmp' from PID $pid: cannot write -: the source is not a regular file" enter --get=/tmp:-
  fails_with "cannot copy '-' to PID $pid: cannot write /tmp: Is a directory" enter --put=-:/tmp </dev/null
  fails_with "cannot read standard input: Bad file descriptor" bash -c "nsx-enter -t $pid --put=-:/tmp/x <&-"
  fails_with "cannot write standard output: Bad file descriptor" bash -c "nsx-enter -t $pid --get=/tmp/new:- >&-"
}

@test "owners are translated by the target's user namespace, for root" {
  spawn unshare -m -U sleep 300
  wait_until has_left "$pid" user
  echo "0 100000 1000" >"/proc/$pid/uid_map"
  echo "0 200000 1000" >"/proc/$pid/gid_map"
  mkdir tree inside
  for id in 0 33 5000; do
    echo $id >tree/$id
    chown $id:$id tree/$id
  done
  ln -s x tree/link
  mkfifo tree/pipe
  chown -h 33:33 tree/link tree/pipe
  enter --put=tree:"$work/inside"
  owners() {
    (cd "$1" && stat -c '%n %u:%g' -- *)
  }
  # Nobody has the number 5000 inside.
  [ "$(owners inside/tree)" = $'0 100000:200000\n33 100033:200033\n5000 100000:200000\nlink 100033:200033\npipe 100033:200033' ]
  # An owner from outside keeps its number.
  echo host >inside/tree/host
  chown 7:7 inside/tree/host
  enter --get="$work/inside/tree:$work/back"
  [ "$(owners back)" = $'0 0:0\n33 33:33\n5000 0:0\nhost 7:7\nlink 33:33\npipe 33:33' ]
  echo x | enter --put=-:"$work/inside/stdin"
  [ "$(stat -c %u:%g inside/stdin)" = 100000:200000 ]
}

# bats test_tags=rootless,host-only
@test "an ordinary user's own container, as that user" {
  start_as_user
  mkdir inside host
  chmod 1777 inside host
  make_tree tree
  if [ "$EUID" = 0 ]; then chown -hR "$ordinary_uid:$ordinary_uid" tree; fi
  before=$(tree_of tree | sed 's/|[0-9]*|[0-9]*|\([0-9.]*\)|/|\1|/')
  as_user nsx-enter -t "$pid" --put="$work/tree:$work/inside" --get="$work/inside/tree:$work/host/back"
  [ "$(stat -c %u inside/tree host/back/sub | sort -u)" = "$ordinary_uid" ]
  # Both are the same directory of the machine, seen from both sides.
  [ "$(tree_of inside/tree | sed 's/|[0-9]*|[0-9]*|\([0-9.]*\)|/|\1|/')" = "$before" ]
  diff -r --no-dereference --exclude=pipe tree host/back
  echo x | as_user nsx-enter -t "$pid" --put=-:"$work/inside/new"
  as_user nsx-enter -t "$pid" --get="$work/inside/new:-" | grep -qx x
  # What only root may read stays closed to the user.
  if [ "$EUID" = 0 ]; then
    fails_with "cannot copy '/etc/shadow' from PID $pid: Permission denied" \
      as_user nsx-enter -t "$pid" --get="/etc/shadow:$work/host"
    [ ! -e host/shadow ]
  fi
}

@test "an ordinary user's own container with a range of IDs, as that user" {
  start_as_user
  end_spawned
  spawn as_user unshare -m -U sleep 300
  wait_until has_left "$pid" user
  echo "0 100000 1000" >"/proc/$pid/uid_map"
  echo "0 200000 1000" >"/proc/$pid/gid_map"
  mkdir -m 700 inside
  mkdir -m 777 host
  echo closed >inside/theirs
  chmod 600 inside/theirs
  chown -R 100000:200000 inside
  make_tree tree
  chown -hR "$ordinary_uid:$ordinary_uid" tree
  # The user reads the source, root of the container writes the copy, and the other way round.
  as_user nsx-enter -t "$pid" --put="$work/tree:$work/inside" --get="$work/inside:$work/host/back"
  [ "$(find inside -printf '%U:%G\n' | sort -u)" = 100000:200000 ]
  [ "$(find host/back -printf '%U\n' | sort -u)" = "$ordinary_uid" ]
  diff -r --no-dereference --exclude=pipe tree host/back/tree
  [ "$(<host/back/theirs)" = closed ]
}

@test "an ordinary user gets nothing of a container of root" {
  start
  for copy in --get=/etc/passwd:/tmp --put=/etc/passwd:/tmp; do
    fails_with "cannot open the root directory of PID $pid: Permission denied" as_user nsx-enter -t "$pid" $copy
  done
}

@test "links in the target lead to files in the target" {
  start
  echo inside >"$root/etc/file"
  ln -s /etc/file "$root/tmp/absolute"
  ln -s ../../../../../../etc/file "$root/tmp/above"
  ln -s /etc "$root/tmp/dir"
  ln -s /proc/self/root/etc/passwd "$root/tmp/magic"
  enter --get=/tmp/absolute --get=/tmp/above --get=/tmp/dir/file --get=/../../etc/file:dots --get=/tmp/dir:etc
  for file in absolute above file dots etc/file; do [ ! -L $file ] && [ "$(<$file)" = inside ]; done
  run -1 enter --get=/tmp/magic
  # A link that is named is written through; in a directory it is replaced.
  echo new >new
  cp new absolute
  enter --put=new:/tmp/absolute
  [ -L "$root/tmp/absolute" ] && [ "$(<"$root/etc/file")" = new ]
  echo newer >absolute
  enter --put=absolute:/tmp
  [ ! -L "$root/tmp/absolute" ] && [ "$(<"$root/tmp/absolute")" = newer ] && [ "$(<"$root/etc/file")" = new ]
  ln -s missing "$root/tmp/dangling"
  fails_with "cannot copy 'new' to PID $pid: cannot write /tmp/dangling: it is a symbolic link to a missing file" \
    enter --put=new:/tmp/dangling
}

@test "a root directory that is read-only, with a writable file in it" {
  start
  echo hosts >"$root/etc/hosts"
  echo theirs >"$work/theirs"
  end_spawned
  spawn unshare -m sh -c 'mount --bind "$1" "$1" && mount --bind "$2" "$1/etc/hosts" &&
    mount -o remount,bind,ro "$1" && exec chroot "$1" /bin/sleep 300' sh "$root" "$work/theirs"
  wait_until runs "$pid" sleep
  echo new >new
  fails_with "cannot copy 'new' to PID $pid: cannot write /etc/x: Read-only file system" enter --put=new:/etc/x
  fails_with "cannot copy 'new' to PID $pid: cannot write /bin/busybox: Read-only file system" \
    enter --put=new:/bin/busybox
  inode=$(stat -c %i theirs)
  enter --put=new:/etc/hosts
  [ "$(<theirs)" = new ] && [ "$(stat -c %i theirs)" = "$inode" ] && [ "$(<"$root/etc/hosts")" = hosts ]
  enter --get=/etc/hosts:-
  # In a directory that is writable, its name cannot be replaced either.
  end_spawned
  spawn unshare -m sh -c 'mount --bind "$2" "$1/etc/hosts" && exec chroot "$1" /bin/sleep 300' sh "$root" "$work/theirs"
  wait_until runs "$pid" sleep
  echo newer >new
  enter --put=new:/etc/hosts
  [ "$(<theirs)" = newer ] && [ "$(stat -c %i theirs)" = "$inode" ]
  echo new | enter --put=-:/etc/hosts
  [ "$(<theirs)" = new ]
  [ "$(ls -A "$root/etc")" = hosts ]
}

# bats test_tags=host-only
@test "sockets, devices and file systems of the kernel are skipped, and named ones are errors" {
  start
  mkdir "$root/tmp/tree"
  mknod "$root/tmp/tree/null" c 1 3
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$root/tmp/tree/socket"
  echo x >"$root/tmp/tree/x"
  run -0 --separate-stderr enter --get=/tmp/tree
  [ "$(ls tree)" = x ]
  [ "$(sort <<<"$stderr")" = "nsx-enter: note: skipped /tmp/tree/null, a device
nsx-enter: note: skipped /tmp/tree/socket, a socket" ]
  run -0 --separate-stderr enter --put="$root/tmp/tree:/tmp/copy"
  [[ $stderr == *"note: skipped $root/tmp/tree/null, a device"* ]]
  fails_with "cannot copy '/tmp/tree/null' from PID $pid: it is a device" enter --get=/tmp/tree/null
  fails_with "cannot copy '/tmp/tree/socket' from PID $pid: it is a socket" enter --get=/tmp/tree/socket
  run -0 --separate-stderr enter --get=/:all
  [[ $stderr == *"nsx-enter: note: skipped /proc, which is a file system of the kernel"* ]]
  [ -e all/bin/busybox ] && [ ! -e all/proc ]
}

@test "nothing is written to proc, even if a link or a mount leads there" {
  start
  echo x >x
  ln -s /proc/sys/kernel/domainname "$root/tmp/link"
  touch "$root/tmp/mounted"
  reason="it is on a file system of the kernel"
  fails_with "cannot copy 'x' to PID $pid: cannot write /tmp/link: $reason" enter --put=x:/tmp/link
  fails_with "cannot copy 'x' to PID $pid: cannot write /proc/sys/kernel/domainname: $reason" \
    enter --put=x:/proc/sys/kernel/domainname
  spawn unshare -m sh -c 'mount --bind /proc/sys/kernel/domainname "$1/tmp/mounted" && exec sleep 300' sh "$root"
  wait_until runs "$pid" sleep
  fails_with "cannot copy 'x' to PID $pid: cannot write $root/tmp/mounted: $reason" enter --put=x:"$root/tmp/mounted"
}

@test "a target without a process: a mount namespace" {
  start
  echo mine >"$root/tmp/file"
  number=$(ns_of "$pid" mnt)
  nsx-enter -t "ns:$number" --get=/tmp/file --put=file:/tmp/back
  [ "$(<"$root/tmp/back")" = mine ]
  fails_with "cannot copy files of net namespace $(ns_of "$pid" net): it has no mount namespace" \
    nsx-enter -t "ns:$(ns_of "$pid" net)" --get=/tmp/file
}

@test "a failure leaves no incomplete file" {
  start
  mount -t tmpfs -o size=1M tmpfs "$root/tmp" && mounted+=("$root/tmp")
  mkdir small
  mount -t tmpfs -o size=1M tmpfs small && mounted+=("$work/small")
  end_spawned
  in_root "$root"
  head -c 3000000 /dev/zero >big
  cp big "$root/big"
  echo old >small/big
  mkdir src
  echo first >src/1
  cp big src/2
  run -1 --separate-stderr enter --get=/big:small
  [[ $stderr == *"cannot copy '/big' from PID $pid: cannot write small/big: No space left on device"* ]]
  [ "$(ls -A small)" = big ] && [ "$(<small/big)" = old ]
  nsx-enter -t "$pid" -m -- /bin/busybox mount -t tmpfs -o size=1M tmpfs /tmp
  run -1 --separate-stderr enter --put=src:/tmp
  [[ $stderr == *"cannot copy 'src' to PID $pid: cannot write /tmp/src/2: No space left on device"* ]]
  run -0 nsx-enter -t "$pid" -m -- /bin/busybox find /tmp
  [ "${lines[*]}" = "/tmp /tmp/src /tmp/src/1" ] || [ "${lines[*]}" = "/tmp /tmp/src" ]
}

has_hidden_file() {
  [ -n "$(find "$1" -name '.nsx-*')" ]
}

is_empty() {
  [ -z "$(ls -A "$1")" ]
}

# Where the file system has no files without a name: strace makes open(2) fail.
@test "without O_TMPFILE, a file is complete or absent as well, also after a signal" {
  # Its directories have the same paths as here, which strace compares.
  spawn_in mnt -m
  # The first open(2) in a directory.
  no_tmpfile=(strace -f -qq -o trace -e trace=openat -e inject=openat:error=EOPNOTSUPP:when=1)
  mkdir in out
  echo text >in/file
  "${no_tmpfile[@]}" -P "$PWD/out" nsx-enter -t "$pid" --get="$PWD/in/file:out"
  grep -q 'O_TMPFILE.*INJECTED' trace
  [ "$(ls -A out) $(<out/file)" = "file text" ]
  rm in/file

  mkfifo fifo
  "${no_tmpfile[@]}" -P "$PWD/in" nsx-enter -t "$pid" --put=fifo:"$PWD/in/file" 3>&- 4>&- &
  tracer=$!
  spawned+=("$tracer")
  exec 7>fifo
  echo something >&7
  wait_until has_hidden_file in
  wait_until has_child "$tracer" nsx-enter
  kill -KILL "$child"
  wait_until is_empty in
  exec 7>&-
  wait "$tracer" || true

  # The process that writes on the host notices the end of the caller before the next piece. strace delays each.
  mkdir in/dir out/dir
  head -c 60000000 /dev/zero >in/dir/big
  "${no_tmpfile[@]}" -e trace=openat,copy_file_range -e inject=copy_file_range:delay_enter=300000 -P "$PWD/out/dir" \
    -P "$PWD/in/dir/big" nsx-enter -t "$pid" --get="$PWD/in/dir:out" 3>&- 4>&- &
  tracer=$!
  spawned+=("$tracer")
  wait_until has_hidden_file out/dir
  wait_until has_child "$tracer" nsx-enter
  kill -TERM "$child"
  status=0
  wait "$tracer" || status=$?
  [ "$status" = 143 ]
  wait_until is_empty out/dir
}

# Whether a process has a file open: has_open PID FILE
has_open() {
  local each
  for each in "/proc/$1/fd"/*; do
    if [ "$each" -ef "$2" ]; then return; fi
  done
  return 1
}

@test "a signal ends both processes and leaves nothing" {
  start
  mkfifo fifo
  for signal in INT TERM KILL; do
    marked true
    env --default-signal=INT NSX_TEST_MARK="$BATS_TEST_TMPDIR" nsx-enter -t "$pid" --put=fifo:/tmp/file 3>&- 4>&- &
    entering=$!
    spawned+=("$entering")
    exec 7>fifo
    echo something >&7
    wait_until has_child "$entering" nsx-enter
    inner=$child
    wait_until has_open "$inner" fifo
    kill -s $signal "$entering" 2>/dev/null
    wait "$entering" || true
    wait_until is_gone "$inner"
    exec 7>&-
    nothing_is_left
    [ -z "$(ls -A "$root/tmp")" ]
  done
}

@test "a directory is not copied into itself" {
  mkdir -p "$BATS_TEST_TMPDIR/d/e"
  echo data >"$BATS_TEST_TMPDIR/d/file"
  for copy in "--put=$BATS_TEST_TMPDIR/d:$BATS_TEST_TMPDIR/d/e" "--get=$BATS_TEST_TMPDIR/d:$BATS_TEST_TMPDIR/d/z"; do
    run -1 nsx-enter -t $$ "$copy"
    [[ $output == *": the source contains the destination"* ]]
  done
  [ "$(find "$BATS_TEST_TMPDIR/d" | wc -l)" -lt 20 ]
}

# bats test_tags=host-only
@test "a tree that is nested too deeply is an error" {
  start
  path=$root/tmp/deep
  mkdir "$path"
  python3 -c '
import os, sys
os.chdir(sys.argv[1])
for i in range(500):
    os.mkdir("d")
    os.chdir("d")' "$path"
  run -1 --separate-stderr enter --get=/tmp/deep
  [[ $stderr == "nsx-enter: cannot copy '/tmp/deep/d/d/"*"' from PID $pid: more than 400 directories are nested" ]]
  rm -rf deep
}

@test "--plan prints the copies and makes none" {
  start
  run -0 enter --plan --get=/etc/passwd:x --put=-:/tmp/y --get=/a:-
  [ "$output" = "1. copy /etc/passwd of PID $pid to x
2. copy standard input to /tmp/y of PID $pid
3. copy /a of PID $pid to standard output" ]
  run -0 enter --plan --json --put=x:/y
  [ "$output" = '{"steps":[{"action":"copy-in","description":"copy x to /y of PID '"$pid"'","needs":null}]}' ]
  [ ! -e x ] && [ ! -e "$root/tmp/y" ]
}

# bats test_tags=rootless
@test "usage errors" {
  usage() {
    fails_with "$@"
    [ "${stderr_lines[-1]}" = "Try 'nsx-enter --help'." ]
  }
  usage "--get needs a target (--target=PID)" nsx-enter --get=/x
  usage "--put copies files and runs no program" nsx-enter -t $$ --put=x:/x true
  usage "--get and --net are mutually exclusive" nsx-enter -t $$ --get=/x --net
  usage "--put and --as-container are mutually exclusive" nsx-enter -t $$ --as-container --put=x:/x
  usage "--json needs --plan" nsx-enter -t $$ --get=/x --json
  usage "invalid argument 'x' for --put: expected SRC:DEST" nsx-enter -t $$ --put=x
  usage "invalid argument 'a:b:c' for --get: more than one colon" nsx-enter -t $$ --get=a:b:c
  usage "invalid argument ':x' for --get: a path is empty" nsx-enter -t $$ --get=:x
  usage "invalid argument 'x:' for --get: a path is empty" nsx-enter -t $$ --get=x:
  usage "invalid argument '-' for --get: '-' cannot be the source" nsx-enter -t $$ --get=-
  usage "invalid argument 'x:-' for --put: '-' cannot be the destination" nsx-enter -t $$ --put=x:-
}

@test "progress is shown on a terminal, and only there" {
  start
  mkfifo slow
  (for _ in 1 2 3 4 5 6 7 8; do head -c 400000 /dev/zero; sleep 0.3; done) >slow 3>&- 4>&- &
  run -0 at_terminal "nsx-enter -t $pid --put=$work/slow:/tmp/x"
  [[ $output == *"slow: "[0-9]*" MiB"* ]]
  [ "$(stat -c %s "$root/tmp/x")" = 3200000 ]
  (for _ in 1 2 3 4; do echo x; sleep 0.4; done) >slow 3>&- 4>&- &
  run -0 enter --put=slow:/tmp/x
  [ -z "$output" ]
}

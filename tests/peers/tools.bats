# SPDX-License-Identifier: MIT
# bats file_tags=host-only
# The recipes of nsx-enter(1) for a container without a shell, with a real docker; and other containers with --tools.
# shellcheck disable=SC2154,SC2034 # set by bats and the loaded files
# shellcheck disable=SC2016 # scripts for a shell in the target
load ../lib/common
load ../lib/containers
load ../lib/docker

setup_file() {
  start_docker
  local bare=$BATS_FILE_TMPDIR/bare
  mkdir -p "$bare/etc" "$bare/app/build"
  # One static program alone.
  cp "$(command -v busybox)" "$bare/httpd"
  echo 'name = old' >"$bare/etc/app.conf"
  printf 'root:x:0:0::/:\nservice:x:70:70::/:\n' >"$bare/etc/passwd"
  docker_image bare "$bare"
  mkdir -p "$BATS_FILE_TMPDIR/volume"
  {
    docker run -d --name web --hostname web bare /httpd -f -p 127.0.0.1:80 -h /app
    docker run -d --name closed --read-only --user 70 --cap-drop ALL --tmpfs /scratch \
      -v "$BATS_FILE_TMPDIR/volume:/volume" bare /httpd -f -p 8080 -h /app
  } >"$BATS_FILE_TMPDIR/started" 2>&1 || {
    cat "$BATS_FILE_TMPDIR/started"
    return 1
  }
}

teardown_file() {
  stop_docker
}

setup() {
  spawned=()
  before=$(state)
}

teardown() {
  local after
  end_spawned
  # Nothing is left: no process, mount or file in the containers, no mount on the host.
  after=$(state)
  [ "$after" = "$before" ] || {
    diff <(echo "$before") <(echo "$after")
    return 1
  }
}

state() {
  local name pid
  cut -d ' ' -f 4- /proc/self/mountinfo
  for name in web closed; do
    pid=$(docker_pid $name)
    docker top $name -o pid
    cut -d ' ' -f 4- "/proc/$pid/mountinfo"
    # Only the edited file.
    docker diff $name | grep -v -e app.conf -e 'C /etc$' | sort
  done
}

@test "the recipes of the manual are those below" {
  run -0 sed -n '/-t web\|--target web/{ s/^# //p }' "$NSX_SOURCE/man/nsx-enter.1"
  output=${output//\\e/\\}
  [ "$output" = "nsx-enter --target web --tools
nsx-enter --target web --tools -- strace -p 1
nsx-enter --target web --tools -- vi /target/etc/app.conf
nsx-enter --target web --net -- tcpdump -i eth0 -w web.pcap
nsx-enter --target web --bind=/srv/build:/app:ro
nsx-enter --target web --unbind=/app
socat TCP-LISTEN:8080,fork EXEC:'nsx-enter -t web -n -- socat - TCP\:127.0.0.1\:80'" ]
}

@test "a shell with the host's tools" {
  run -127 nsx-enter -t web -- sh
  [[ $output == *"nsx-enter -t web --tools -- sh"* ]]
  run -0 nsx-enter -t web --tools -- sh -c 'hostname; ls /target; ps -e -o comm= | head -n 1; cat /proc/1/comm
    ip -o link | wc -l; cat /etc/resolv.conf >/dev/null; df /target >/dev/null; findmnt -n -o FSTYPE /dev/shm; id -un 70'
  [ "$output" = "web
app
dev
etc
httpd
proc
sys
httpd
httpd
1
tmpfs
service" ]
}

@test "strace of the first process" {
  run -0 nsx-enter -t web --tools -- sh -c 'strace -p 1 -o /tmp/log & until [ -s /tmp/log ]; do sleep 0.1; done
    kill -INT $!; wait; cat /tmp/log'
  [[ $output == *"Process 1 attached"* ]]
}

@test "tcpdump to a file on the host" {
  nsx-enter -t web -n -- tcpdump -i lo -U -c 1 -w - >"$BATS_TEST_TMPDIR/capture" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
  local dump=$!
  spawned+=("$dump")
  listens() { grep -q 'listening on lo' "$BATS_TEST_TMPDIR/said"; }
  wait_until listens
  nsx-enter -t web -n -- socat -u - TCP:127.0.0.1:80 </dev/null
  wait "$dump"
  run -0 tcpdump -n -r "$BATS_TEST_TMPDIR/capture"
  [[ $output == *"127.0.0.1.80"* ]]
}

@test "editing a configuration file with the host's editor" {
  printf ',s/old/new/\nw\nq\n' | nsx-enter -t web --tools -- busybox ed /target/etc/app.conf >/dev/null
  run -0 nsx-enter -t web --tools -- cat /target/etc/app.conf
  [ "$output" = "name = new" ]
}

@test "mounting a debug build" {
  mkdir "$BATS_TEST_TMPDIR/build"
  echo built >"$BATS_TEST_TMPDIR/build/index.html"
  nsx-enter -t web --bind="$BATS_TEST_TMPDIR/build:/app/build:ro"
  run -0 nsx-enter -t web -n -- busybox wget -q -O - http://127.0.0.1/build/
  [ "$output" = built ]
  nsx-enter -t web --unbind=/app/build
}

@test "publishing a port of a running container" {
  echo published | nsx-enter -t web --tools -- tee /target/app/made >/dev/null
  # A net namespace in place of the host's, where any port is free.
  spawn unshare -n -- sh -c 'ip link set lo up && exec socat TCP-LISTEN:8080,fork,reuseaddr \
    EXEC:"nsx-enter -t web -n -- socat - TCP\:127.0.0.1\:80"'
  local outer=$pid
  served() { nsx-enter -t "$outer" -n -- busybox wget -q -O - http://127.0.0.1:8080/made 2>/dev/null | grep -qx published; }
  wait_until served
  nsx-enter -t web --tools -- rm /target/app/made
}

@test "a read-only container without capabilities" {
  run -0 nsx-enter -t closed --tools -- sh -c 'touch /target/app/x 2>&1 | sed "s/.*: //"; touch /target/scratch/x && rm /target/scratch/x
    echo out >/target/volume/x; sed -n "s/^CapEff:.//p" /proc/self/status; id -u'
  [ "$output" = "Read-only file system
$(sed -n 's/^CapEff:\s*//p' /proc/self/status)
0" ]
  [ "$(cat "$BATS_FILE_TMPDIR/volume/x")" = out ]
  rm "$BATS_FILE_TMPDIR/volume/x"
  run -0 nsx-enter -t closed --tools --as-container -- sh -c 'id -u; sed -n "s/^CapEff:.//p" /proc/self/status'
  [ "$output" = "70
0000000000000000" ]
}

@test "the tools of another container" {
  local box=$BATS_TEST_TMPDIR/box
  make_busybox_root "$box" sh ls
  docker_image box "$box"
  docker run -d --name box box /bin/busybox sleep 600 >/dev/null
  run -0 nsx-enter -t web --tools=container:box -- sh -c 'ls -d /target/app; ls /bin'
  docker rm -f box >/dev/null
  [ "$output" = "/target/app
busybox
ls
sh" ]
}

@test "a bubblewrap sandbox" {
  spawn bwrap --unshare-all --die-with-parent --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
    --proc /proc --dev /dev --dir /only -- sleep 300
  local outer=$pid
  inner() { has_child "$outer" bwrap && has_child "$child" sleep; }
  wait_until inner
  run -0 nsx-enter -t "$child" --tools -- sh -c 'ls -d /target/only /etc/passwd; ps -e -o comm= | head -n 2 | xargs'
  [ "$output" = "/etc/passwd
/target/only
bwrap sleep" ]
  spawned+=("$child")
}

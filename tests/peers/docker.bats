# SPDX-License-Identifier: MIT
# bats file_tags=host-only
# Side by side with a real docker: nsx names, finds, enters, keeps and compares the containers that docker has
# started.
# shellcheck disable=SC2154,SC2034 # set by bats and the loaded files
load ../lib/common
load ../lib/containers
load ../lib/docker
load ../lib/terminal

setup_file() {
  start_docker
  local root=$BATS_FILE_TMPDIR/root
  make_busybox_root "$root" sh sleep id cat env grep ls pwd readlink hostname sort
  rmdir "$root/old" "$root/proc"; rm -r "${root:?}/usr"
  printf '%s\n' root:x:0:0:root:/root:/bin/sh web:x:1000:1000:web:/home:/bin/sh >"$root/etc/passwd"
  printf '%s\n' root:x:0: web:x:1000: logs:x:2000:web >"$root/etc/group"
  mkdir -p "$root/home" "$root/sub/bin"
  cp "$root/bin/busybox" "$root/sub/bin/"
  docker_image box "$root"
  # Only one program, which is not a shell.
  mkdir -p "$BATS_FILE_TMPDIR/bare"
  cp "$root/bin/busybox" "$BATS_FILE_TMPDIR/bare/sleep"
  docker_image bare "$BATS_FILE_TMPDIR/bare"
  {
    docker run -d --name web --user web --workdir /home --env COLOR=blue --hostname web box sleep 600
    docker run -d --name sidecar --network container:web box sleep 600
    docker run -d --name distroless bare /sleep 600
    docker run -d --name chrooted box sh -c 'exec busybox chroot /sub /bin/busybox sleep 600'
    docker run -d --name frozen box sleep 600
    docker run -d --name peeping --pid host box sleep 600
    docker pause frozen
  } >"$BATS_FILE_TMPDIR/started" 2>&1 || {
    cat "$BATS_FILE_TMPDIR/started"
    return 1
  }
  all=(web sidecar distroless chrooted frozen peeping)
}

teardown_file() {
  stop_docker
}

setup() {
  spawned=()
  all=(web sidecar distroless chrooted frozen peeping)
}

# The namespaces of a process, one a line: TYPE NUMBER.
namespaces_of() {
  local kind
  for kind in cgroup ipc mnt net pid time user uts; do echo "$kind $(stat -L -c %i "/proc/$1/ns/$kind")"; done
}

@test "every container is found by its name, its ID and the customary spellings" {
  for name in "${all[@]}"; do
    pid=$(docker_pid "$name")
    id=$(docker inspect -f '{{.Id}}' "$name")
    for target in "$name" "container:$name" "docker:$name" "/$name" "$id" "${id:0:12}" "pid:$pid" "$pid"; do
      run -0 --separate-stderr nsx-enter -t "$target" --net --uts -- readlink /proc/self/ns/net /proc/self/ns/uts
      [ "$output" = "$(readlink "/proc/$pid/ns/net" "/proc/$pid/ns/uts")" ]
    done
  done
  run -1 nsx-enter -t wep -- true
  [[ $output == *"(did you mean 'web'?)"* ]]
  run -1 nsx-enter -t none-such -- touch "$BATS_TEST_TMPDIR/ran"
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "nsx-ls: the namespaces of each container, and everything that shares one" {
  for name in "${all[@]}"; do
    pid=$(docker_pid "$name")
    run -0 --separate-stderr nsx-ls -l -n -r -p "$pid" -o TYPE,NS
    [ "$(sort <<<"$output")" = "$(namespaces_of "$pid")" ]
    run -0 --separate-stderr nsx-ls -l -n -r --container "$name" -o NS
    # Namespaces of the container itself, not the machine's.
    own=$(namespaces_of "$pid" | grep -vxF -f <(namespaces_of self) | sed 's/.* //' | sort)
    [ -n "$own" ]
    [ "$(sort <<<"$output" | grep -xF "$own")" = "$own" ]
  done
  run -0 --separate-stderr nsx-ls -J -l -t net -o NS,CONTAINER
  [ "$(jq -r --argjson ns "$(stat -L -c %i "/proc/$(docker_pid web)/ns/net")" \
    '.namespaces[] | select(.ns == $ns).container | sort | join(" ")' <<<"$output")" = "sidecar web" ]
  run -0 --separate-stderr nsx-ls -n -r --matrix=container -t net
  [[ $output == *"=web"* ]] || [[ $output == *"=sidecar"* ]]
  run -0 nsx-ls --compare -t net container:web container:sidecar
  run -1 nsx-ls --compare -t net container:web container:frozen
  run -0 nsx-ls --compare -t pid container:peeping $$
}

@test "an ordinary user sees the containers' processes, and learns why they cannot be entered" {
  pid=$(docker_pid web)
  run -1 --separate-stderr as_user nsx-enter -t "$pid" -- true
  [[ $stderr == *"Permission denied"* || $stderr == *"Operation not permitted"* ]]
  # Whatever it may see of docker's state, it gets neither the container nor the host instead.
  run -1 --separate-stderr as_user nsx-enter -t web -- touch "$BATS_TEST_TMPDIR/ran"
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
  [ -n "$stderr" ]
  run -0 --separate-stderr as_user nsx-ls -l -n -r -o PID,TYPE
}

@test "a shell if there is one; otherwise a hint, and the host's shell in the rest" {
  for name in web sidecar frozen peeping; do
    run -0 --separate-stderr bash -c 'echo "readlink /proc/self/ns/mnt; hostname" | nsx-enter -t "$1"' sh "$name"
    [ "$output" = "$(readlink "/proc/$(docker_pid "$name")/ns/mnt"; nsenter -t "$(docker_pid "$name")" -u uname -n)" ]
  done
  run -1 --separate-stderr nsx-enter -t distroless </dev/null
  [[ $stderr == *"cannot find a shell in the files of container distroless"* ]]
  run -127 --separate-stderr nsx-enter -t distroless -- ls /
  [[ $stderr == *"to use the host's programs: nsx-enter -t distroless --tools -- ls"* ]]
  run -0 --separate-stderr nsx-enter -t distroless --net --pid --ipc --uts -- sh -c 'readlink /proc/self/ns/net'
  [ "$output" = "$(readlink "/proc/$(docker_pid distroless)/ns/net")" ]
  # chroot(2) makes no namespace: --root uses its root directory.
  run -0 nsx-enter -t chrooted -- /bin/sh -c 'ls -d /sub'
  run -0 nsx-enter -t chrooted --root -- /bin/busybox ls -d /bin
  run -127 nsx-enter -t chrooted --root -- /bin/sh -c true
}

# What docker exec gives a program: ids, capabilities, cgroups, limits, environment, and directory. A seccomp filter
# cannot be copied.
as_seen='grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs):" /proc/self/status
  cat /proc/self/cgroup /proc/self/limits /proc/self/oom_score_adj
  env | grep -v ^_= | sort; pwd; umask'

@test "--as-container is docker exec, byte for byte" {
  docker run -d --name strict --user web --cap-drop CHOWN --security-opt no-new-privileges --ulimit nofile=77:99 \
    --oom-score-adj 44 --env KEY=value box sleep 600 >/dev/null
  for name in web strict; do
    run -0 --separate-stderr nsx-enter -t "$name" --as-container -- sh -c "$as_seen"
    [ "$output" = "$(seen_by "$as_seen" docker exec "$name")" ]
    [[ $output == *CapBnd* && $output == *0::/* ]]
  done
  docker rm -f strict >/dev/null
  # A user by name, with that user's groups in the container.
  run -0 --separate-stderr nsx-enter -t sidecar --as=web -- sh -c 'id; echo "$HOME"'
  [ "$output" = "$(docker exec --user web sidecar sh -c 'id; echo "$HOME"')" ]
  run -1 --separate-stderr nsx-enter -t sidecar --as=nobody-here -- touch "$BATS_TEST_TMPDIR/ran"
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "as docker exec: environment, ids, working directory and cgroup" {
  pid=$(docker_pid web)
  run -0 --separate-stderr nsx-enter -t web --all --env --setuid follow --setgid follow --wd --join-cgroup -- \
    /bin/sh -c 'echo "$COLOR $(id -u):$(id -g) $(pwd)"; cat /proc/self/cgroup'
  [ "${lines[0]}" = "$(docker exec web /bin/sh -c 'echo "$COLOR $(id -u):$(id -g) $(pwd)"')" ]
  # That of cgroup v2: on a machine with both, docker exec joins those of v1, too.
  [ "${lines[-1]}" = "$(docker exec web cat /proc/self/cgroup | grep ^0::)" ]
}

@test "nsx-cg finds a container's cgroup by its name" {
  path=$(sed -n 's/^0:://p' "/proc/$(docker_pid web)/cgroup")
  run -0 --separate-stderr nsx-cg which container:web
  [[ "${lines[*]}" == *"$path"* ]]
}

@test "a pin keeps a container's network after docker has removed it" {
  docker run -d --name brief box sleep 600 >/dev/null
  inode=$(stat -L -c %i "/proc/$(docker_pid brief)/ns/net")
  nsx-pin add -t brief --net nsx-brief
  run -0 docker rm -f brief
  run -0 --separate-stderr nsx-pin exec nsx-brief -- stat -L -c %i /proc/self/ns/net
  [ "$output" = "$inode" ]
  nsx-pin rm nsx-brief
  # A removed container is not found, and nothing is entered instead.
  run -1 nsx-enter -t brief -- touch "$BATS_TEST_TMPDIR/ran"
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "a list of ten containers fits a terminal of 80 columns" {
  for n in 1 2 3 4; do docker run -d --name "shop-frontend-$n" box sleep 600 >/dev/null; done
  for view in "nsx-ls" "nsx-ls -l -o +CONTAINER,UNIT,HELD-BY" "nsx-ls -T" "nsx-ls --matrix=container" "nsx-cg ls" "nsx-cg tree"; do
    run shown_at 80 "NO_COLOR=1 $view 2>/dev/null"
    [[ $output == *"shop-front"* ]]
    no_wider_than 80 || {
      echo "$view"
      return 1
    }
  done
  for n in 1 2 3 4; do docker rm -f "shop-frontend-$n" >/dev/null; done
}

# The image "bare" has one program, which is not a shell, cp or tar.
@test "files go into and out of a container without programs" {
  local work=$BATS_TEST_TMPDIR root
  root=/proc/$(docker_pid distroless)/root
  mkdir -p "$work/tree/sub"
  echo one >"$work/tree/sub/file"
  ln "$work/tree/sub/file" "$work/tree/same"
  ln -s sub/file "$work/tree/link"
  chmod 640 "$work/tree/sub/file"
  chown 1000:2000 "$work/tree/sub/file"
  nsx-enter -t distroless --put="$work/tree:/srv" --get="/srv:$work/back"
  diff -r --no-dereference "$work/tree" "$work/back"
  [ "$(stat -c '%a %u:%g %h' "$work/back/same" "$root/srv/same" | sort -u)" = "640 1000:2000 2" ]
  # As docker itself gets it.
  docker cp distroless:/srv "$work/dockers"
  diff -r --no-dereference "$work/dockers" "$work/back"
  nsx-enter -t distroless --get=/sleep:"$work"
  cmp "$work/sleep" "$BATS_FILE_TMPDIR/bare/sleep"
}

@test "files that docker mounts into a container are written in place, and its root may be read-only" {
  local work=$BATS_TEST_TMPDIR before
  mkdir "$work/volume"
  docker run -d --name closed --read-only --tmpfs /scratch -v "$work/volume:/volume" bare /sleep 600 >/dev/null
  echo "10.9.0.2 db" >"$work/hosts"
  before=$(stat -c %i "/proc/$(docker_pid distroless)/root/etc/hosts")
  nsx-enter -t distroless --put="$work/hosts:/etc/hosts" --get="/etc/hosts:$work/back"
  cmp "$work/hosts" "$work/back"
  [ "$(stat -c %i "/proc/$(docker_pid distroless)/root/etc/hosts")" = "$before" ]
  # It is still the file of docker's.
  cmp "$work/hosts" "$(docker inspect -f '{{.HostsPath}}' distroless)"
  for file in /etc/new /etc/hosts /sleep; do
    run -1 nsx-enter -t closed --put="$work/hosts:$file"
    [[ $output == *"cannot write $file: Read-only file system" ]]
  done
  nsx-enter -t closed --put="$work/hosts:/scratch" --put="$work/hosts:/volume"
  cmp "$work/hosts" "$work/volume/hosts"
  nsx-enter -t closed --get=/scratch/hosts:- | cmp - "$work/hosts"
  docker rm -f closed >/dev/null
}

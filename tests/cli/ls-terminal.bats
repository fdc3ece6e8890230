# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats and the loaded file
# bats file_tags=any-kernel
load ../lib/common
load ../lib/containers
load ../lib/terminal

# How nsx-ls fits on a terminal, with ten containers to show.

teardown() {
  if [ -e "/run/netns/nsx-test-a-rather-long-name-$$" ]; then ip netns del "nsx-test-a-rather-long-name-$$"; fi
  end_spawned
  [ -z "${work-}" ] || find "$work" -depth -type d -exec rmdir {} +
}

# Ten containers with their own namespaces, a sidecar in the network of the first, and long names wherever
# possible. $containers are the first processes.
ten_containers() {
  local mount i
  mount=$(cgroup_mount)
  [ -n "$mount" ] || cannot "find a cgroup2 mount"
  work=$mount/$own_name
  containers=()
  for i in web {2..8} a-rather-long-name sidecar; do
    local cgroup=$work/lxc.payload.$i-$$ options=(-muinpCT)
    # Docker containers, of which only the ID is known.
    if [[ $i == [2-5] ]]; then cgroup=$work/docker-$i$(printf '%063d' $$).scope; fi
    mkdir -p "$cgroup"
    if [ "$i" = sidecar ]; then options=(-mu); fi
    # shellcheck disable=SC2016 # for another shell
    spawn bash -c 'echo $$ >"$1/cgroup.procs" && shift
      if [ "$1" = sidecar ]; then exec nsenter -t "$2" -n -- unshare "${@:3}" bash -c "exec -a $(printf "%0120d" 0) sleep 300"; fi
      exec unshare "${@:3}" -f --kill-child bash -c "exec -a $(printf "%0120d" 0) sleep 300"' - \
      "$cgroup" "$i" "${containers[0]-}" "${options[@]}"
    if [ "$i" = sidecar ]; then
      wait_until grep -qs sleep "/proc/$pid/comm"
      child=$pid
    else
      wait_until has_child "$pid" sleep
    fi
    containers+=("$child")
  done
}

# bats test_tags=slow
@test "no view wraps a row or a heading, whatever the content" {
  ten_containers
  ip netns add "nsx-test-a-rather-long-name-$$"
  first=${containers[0]}
  touch "$BATS_TEST_TMPDIR/$(printf '%0100d' 0)"
  for columns in 80 60 40 132; do
    for view in "" "-t net" "-l" "-T" "-T -t net" "-Tparent" "-o +HELD-BY" "-o +ID,NAME,UNIT,CGROUP" "--output-all" \
      "-p $first" "-t net -o NS,PATH,NSFS,CGROUP,HELD-BY" "-n" "-W -o +HELD-BY,NSFS" \
      "$(ns_of "$first" net)" "$(ns_of "$first" mnt)" "$(ns_of "$$" user)" "pin:nsx-test-a-rather-long-name-$$" \
      "--matrix" "--matrix=container" "--matrix=unit --all" "--matrix -p $first" "--limits" "-H" "--features" \
      "--compare container:web-$$ ${containers[*]}"; do
      run shown_at "$columns" "nsx-ls --color=never $view 2>/dev/null"
      [ "${#lines[@]}" -gt 1 ]
      no_wider_than "$columns" || {
        echo "at $columns columns: nsx-ls $view"
        return 1
      }
    done
  done
}

@test "-u and output that is not a terminal are not cut" {
  ten_containers
  pid=${containers[0]}
  long=$(printf '%0120d' 0)
  run -0 shown_at 80 nsx-ls --color=never -p "$pid"
  [[ $output != *"$long"* ]] && [[ $output == *0…* ]]
  run -0 shown_at 80 nsx-ls --color=never -u -p "$pid"
  [[ $output == *"$long"* ]]
  run -0 --separate-stderr nsx-ls -p "$pid"
  [[ $output == *"$long"* ]]
}

@test "too wide: empty columns go, IDs keep their first 12 digits, paths their end" {
  ten_containers
  pid=${containers[1]}
  run -0 --separate-stderr shown_at 80 nsx-ls --color=never -l -t net -p "$pid" -o NS,NETNSID,NSFS,CGROUP,COMMAND
  [[ $output != *NSFS* && $output != *NETNSID* ]]
  [[ ${lines[-1]} == *"/docker-200000000000.scope "* ]]
  # Text that does not fit at all is marked.
  run -0 shown_at 40 nsx-ls --color=never -l -t net -p "$pid" -o NS,TYPE,NPROCS,PID,PPID,UID,PNS,ONS
  [[ ${lines[-2]} == *" …" ]]
}

@test "CONTAINER: shown if there is a container, with all that share a namespace" {
  run -0 --separate-stderr nsx-ls -t user -p $$
  [ "$(words ${lines[0]})" = "NS TYPE NPROCS PID USER COMMAND" ]
  ten_containers
  web=${containers[0]}
  net=$(ns_of "$web" net)
  run -0 --separate-stderr nsx-ls
  [ "$(words ${lines[0]})" = "NS TYPE NPROCS PID USER CONTAINER COMMAND" ]
  grep -Eq "^ *$net +net .* sidecar-$$,web-$$ " <<<"$output"
  grep -Eq "^ *$(ns_of "$web" uts) +uts .* web-$$ " <<<"$output"
  grep -Eq "^ *$(ns_of "${containers[1]}" uts) +uts .* 200000000000 " <<<"$output"
  # Namespaces shared with the machine belong to no container.
  run ! grep -E "^ *$(ns_of $$ user) .*-$$" <<<"$output"
  run -0 --separate-stderr nsx-ls
  run -0 --separate-stderr nsx-ls -J -l -t net
  jq -e ".namespaces[] | select(.ns == $net).container == [\"sidecar-$$\", \"web-$$\"]" <<<"$output"
  run -0 --separate-stderr nsx-ls -l -n -r -Q "CONTAINER == 'sidecar-$$'" -t net -o NS
  [ "$output" = "$net" ]
  run -0 --separate-stderr nsx-ls -o +CONTAINER
  [ "$(words ${lines[0]})" = "NS TYPE NPROCS PID USER COMMAND CONTAINER" ]
}

# SPDX-License-Identifier: MIT
# Every option of nsx-pin add and exec works. Other files test them in detail; most are also options of
# nsx-unshare and nsx-enter, and are tested there.
# bats file_tags=slow
load ../lib/common
load ../lib/pins

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  cd "$BATS_TEST_TMPDIR" || return
}

# For a script of in_own_run: does OPTION PATTERN COMMAND... records the option, and checks that the output matches
# the pattern.
does() {
  local option=$1 pattern=$2 output
  shift 2
  echo "--$option" >>tried
  output=$("$@" 2>&1) || true
  # shellcheck disable=SC2053 # it is a pattern
  if [[ ${output//$'\r'/} != $pattern ]]; then
    printf '%s\n' "--$option: $*" "expected: $pattern" "found: $output"
    exit 1
  fi
}

# New options have to be added here: every_option_was_tried COMMAND.
every_option_was_tried() {
  diff <(nsx-pin "$1" --help | sed -nE 's/^  (-.,|   ) (--[a-z-]+).*/\2/p' | LC_ALL=C sort) \
    <(LC_ALL=C sort -u tried)
}

with_does() {
  in_own_run "$(declare -f does every_option_was_tried); $1"
}

@test "exec: every option" {
  run -0 with_does '
    nsx-pin add blue; nsx-pin add red; nsx-pin add box --all; nsx-pin add alone --pid
    in="stat -L -c %i /proc/self/ns"
    two="$(inode_of /run/netns/blue)*$(inode_of /run/netns/red)"
    does all "$two" nsx-pin exec --all -- $in/net
    does jobs "$two" nsx-pin exec --jobs=1 blue red -- $in/net
    does keep-going "err*err" nsx-pin exec --keep-going blue red -- sh -c "echo err; exit 1"
    does prefix "blue: x" nsx-pin exec --prefix blue -- echo x
    does no-etc "" nsx-pin exec --no-etc blue -- true
    does no-sys "$(ls /sys/class/net)" nsx-pin exec --no-sys blue -- ls /sys/class/net
    does as "0 /root" nsx-pin exec --as=root blue -- sh -c "echo \$(id -u) \$HOME"
    does setuid 12 nsx-pin exec --setuid=12 blue -- id -u
    does setgid 13 nsx-pin exec --setgid=13 blue -- id -g
    does preserve-credentials 0 nsx-pin exec --preserve-credentials box -- id -u
    does keep-caps "CapAmb:*[1-9a-f]*" nsx-pin exec --keep-caps box -- grep CapAmb /proc/self/status
    does root / nsx-pin exec --root=/ blue -- pwd
    does wd /usr nsx-pin exec --wd=/usr blue -- pwd
    does wdns /usr nsx-pin exec --wdns=/usr blue -- pwd
    does mount-proc "nsx-pin-init" nsx-pin exec --mount-proc box -- cat /proc/1/comm
    does no-fork "$(inode_of /proc/self/ns/pid)*$(inode_of /run/pidns/alone)" \
      nsx-pin exec --no-fork alone -- $in/pid /proc/self/ns/pid_for_children
    does forward-signals "got it" nsx-pin exec --forward-signals=USR1 --kill-child blue -- \
      sh -c "trap \"echo got it; exit\" USR1; (kill -USR1 \$PPID) & while :; do sleep 0.01; done"
    does kill-child "ran" nsx-pin exec --kill-child blue -- echo ran
    does pty "a terminal" nsx-pin exec --pty blue -- sh -c "test -t 1 && echo a terminal"
    does no-pty "here" nsx-pin exec --no-pty blue -- echo here
    does keep-fds "kept" nsx-pin exec --keep-fds=5 blue -- sh -c "cat <&5" 5<<<kept
    does status-fd "{\"event\":\"started\",*{\"event\":\"ended\",*" nsx-pin exec --status-fd=1 blue -- true
    does dir "ran" nsx-pin exec --dir=/run blue -- echo ran
    does plan "1. *run true" nsx-pin exec --plan blue -- true
    does json "{\"steps\":\[*" nsx-pin exec --plan --json blue -- true
    does help "Usage: nsx-pin exec *" nsx-pin exec --help
    every_option_was_tried exec
    nsx-pin rm --all'
}

@test "add: every option" {
  run -0 with_does '
    added() { local name=$1; shift; nsx-pin add "$@" $name >&2 && nsx-pin ls -n -o KIND $name | xargs; nsx-pin rm $name 2>/dev/null; }
    inside() { local name=$1 show=$2; shift 2; nsx-pin add "$@" $name && nsx-pin exec --preserve-credentials $name -- sh -c "$show"; nsx-pin rm $name 2>/dev/null; }
    for kind in cgroup ipc mnt net pid time user uts; do
      if [ -e /proc/self/ns/$kind ]; then does $kind $kind added x --$kind; else echo "--$kind" >>tried; fi
    done
    does all "*net*uts" added x --all
    nsx-pin add blue
    does target "$(inode_of /run/netns/blue)" inside x "stat -L -c %i /proc/self/ns/net" --target=pin:blue
    does no-lo down inside x "cat /sys/class/net/lo/operstate" --no-lo
    map="tr -s \" \" </proc/self/uid_map; tr -s \" \" </proc/self/gid_map"
    one=" 0 0 1"
    does map-root-user "$one*$one" inside x "$map" --map-root-user
    does map-current-user "$one*$one" inside x "$map" --map-current-user
    does map-user " 7 0 1*" inside x "$map" --map-user=7
    does map-group "* 7 0 1" inside x "$map" --map-user=0 --map-group=7
    does map-users " 0 1000 10*" inside x "$map" --map-users=0:1000:10 --map-groups=0:1000:10
    does map-groups "* 0 1000 10" inside x "$map" --map-users=0:1000:10 --map-groups=0:1000:10
    # /etc/subuid may be empty.
    does map-auto "*" inside x "$map" --map-auto
    does map-subids "*" inside x "$map" --map-subids
    does setgroups deny inside x "cat /proc/self/setgroups" --map-root-user --setgroups=deny
    does monotonic "*monotonic*5*" inside x "cat /proc/self/timens_offsets" --time --monotonic=5
    does boottime "*boottime*5*" inside x "cat /proc/self/timens_offsets" --time --boottime=5
    does hostname box inside x "hostname" --hostname=box
    does dir net added x --dir=/run
    does help "Usage: nsx-pin add *" nsx-pin add --help
    every_option_was_tried add
    nsx-pin rm blue'
}

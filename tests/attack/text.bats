# SPDX-License-Identifier: MIT
# Names that others choose, with characters that control a terminal, reorder a line or are invisible: names of
# cgroups, processes, pins, files and hosts. No tool writes them to a terminal unescaped; JSON has the real
# text, escaped.
# shellcheck disable=SC2154,SC2034 # set by bats and the loaded files
# bats file_tags=any-kernel
load ../lib/common
load ../lib/cgroups
load ../lib/pins
load attack

# An escape sequence, overrides and isolates of direction, zero width, line separators, and the harmless ä.
# As bytes: $'\u' depends on the locale.
name=$'e\e[2J\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xe2\x80\x8b\xe2\x81\xa0\xef\xbb\xbf\xe2\x80\xa8\xc2\x9b\xc3\xa4'
shown='e\x1b[2J\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xe2\x80\x8b\xe2\x81\xa0\xef\xbb\xbf\xe2\x80\xa8\xc2\x9b'$'\xc3\xa4'
# The same in JSON, as a fixed string.
escaped='e\u001b[2J\u202e\u2066\u061c\u200b\u2060\ufeff\u2028\u009b'$'\xc3\xa4'

# Runs a command, with any status, in a locale with these characters: it must write none of them unescaped.
harmless() {
  local each
  run --separate-stderr env LC_ALL=C.UTF-8 "$@"
  for each in $'\e' $'\xe2\x80' $'\xe2\x81' $'\xd8\x9c' $'\xef\xbb\xbf' $'\xc2\x9b'; do
    if LC_ALL=C grep -qaF -- "$each" <<<"$output$stderr"; then
      echo "$*: $(cat -v <<<"$output$stderr")"
      return 1
    fi
  done
}

# Like `harmless`, and the output has the name.
shows() {
  harmless "$@"
  if [[ $output$stderr != *"$shown"* ]]; then
    echo "$*: does not show it: $output$stderr"
    return 1
  fi
}

# Like `shows` in JSON: json FILTER COMMAND... prints the name, which is the real one.
json() {
  local filter=$1
  shift
  harmless "$@"
  [[ $output == *"$escaped"* ]] || {
    echo "$*: $output"
    return 1
  }
  jq -r "$filter" <<<"$output" | LC_ALL=C grep -qaF -- "$name" || {
    echo "$*: not the real text"
    return 1
  }
}

@test "nsx-cg: names of cgroups, and commands to paste" {
  mkdir "$own/$name" "$own/$name/below"
  spawn sleep 300
  echo "$pid" >"$own/$name/below/cgroup.procs"
  local at="/$mine/$name"
  shows nsx-cg ls "/$mine"
  shows nsx-cg tree -p "/$mine"
  shows nsx-cg ls -Q 'PROCS >= 0' "$at"
  harmless nsx-cg ls -r "/$mine"
  json '.cgroups[].name' nsx-cg ls -J "/$mine"
  json '.cgroups[].name' nsx-cg tree -J "/$mine"
  shows nsx-cg top --batch --count=1 --interval=0.01 "/$mine"
  json '.cgroups[].name' nsx-cg top --batch --count=1 --interval=0.01 --json "/$mine"
  shows nsx-cg which "$pid"
  harmless nsx-cg explain "$at"
  harmless nsx-cg export "/$mine"
  jq -r '.cgroups[].path' <<<"$output" | LC_ALL=C grep -qaF -- "$name"
  shows nsx-cg rm "$at"
  shows nsx-cg get "$at/none"
  shows nsx-cg set "$at" "$name=1"
  shows nsx-cg ls -o "$name"
  shows nsx-cg "$name"
  # For a shell they are unchanged.
  shows nsx-cg create --dry-run "$at/new'x"
  [ "$status" = 0 ]
  [ ! -e "$own/$name/new'x" ]
  run -0 bash -c "$output"
  [ -d "$own/$name/new'x" ]
  # At the end: an entry missing in the lists would be missing here as well.
  [ -d "$own/$name" ]
}

@test "nsx-ls: names of processes, files and hosts" {
  local ns
  cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/sleep"
  # A short one, as process names are cut to 15 bytes.
  spawn_in uts -u bash -c 'exec -a "$0" sleep 300' "$name"
  wait_until grep -qsx sleep "/proc/$pid/comm"
  ns=$(ns_of "$pid" uts)
  shows nsx-ls "$ns"
  shows nsx-ls -p "$pid" -o NS,COMMAND
  harmless nsx-ls -r -p "$pid" -o NS,COMMAND
  json '.namespaces[].command' nsx-ls -J -p "$pid" -o COMMAND
  shows nsx-ls -Q "COMMAND =~ \"$name\" and" -p "$pid"
  shows nsx-ls "$name"
  shows nsx-ls -o "$name"
  # The path of a mount, and the name of a program that holds a descriptor.
  unshare -m --propagation=slave bash -c "
    $(declare -p name)
    mount -t tmpfs none /mnt; touch \"/mnt/\$name\"; mount --bind /proc/$pid/ns/uts \"/mnt/\$name\"
    LC_ALL=C.UTF-8 nsx-ls -t uts -o NS,NSFS >$BATS_TEST_TMPDIR/list
    LC_ALL=C.UTF-8 nsx-ls -t uts -o NS,HOLDERS >>$BATS_TEST_TMPDIR/list
    LC_ALL=C.UTF-8 nsx-ls $ns >>$BATS_TEST_TMPDIR/list
    LC_ALL=C.UTF-8 nsx-ls -J -t uts -o NS,NSFS >$BATS_TEST_TMPDIR/json" 2>&1
  shows cat "$BATS_TEST_TMPDIR/list"
  json '.namespaces[].nsfs[]?' cat "$BATS_TEST_TMPDIR/json"
  # The namespace chooses the name of the host.
  nsenter -t "$pid" -u sh -c 'printf %s "$1" >/proc/sys/kernel/hostname' - "$name"
  shows nsx-ls "$ns"
  harmless nsx-ls -J "$ns"
}

@test "nsx-pin: names of pins" {
  # New pins cannot have such a name.
  shows nsx-pin add "$name"
  [[ $stderr == *"it contains control or invisible characters"* ]]
  shows nsx-pin add $'a\xe2\x80\xae'"$name"
  shows nsx-pin exec "$name" -- true
  shows nsx-pin rm "$name"
  shows nsx-pin wait --timeout=0 "$name"
  shows nsx-pin ls "$name"
  shows nsx-pin ls --dir="/$name"
  export name
  run -0 in_own_run '
    export LC_ALL=C.UTF-8
    nsx-pin add plain
    (nsx-pin monitor >/run/monitor 2>&1 3>&- & echo $! >/run/monitor.pid)
    nsx-pin monitor -J >/run/monitor.json 2>&1 3>&- & json=$!
    read -r monitor </run/monitor.pid
    until grep -qs inotify /proc/$monitor/fdinfo/* && grep -qs inotify /proc/$json/fdinfo/*; do sleep 0.02; done
    touch "/run/netns/$name"; mount --bind /run/netns/plain "/run/netns/$name"
    {
      nsx-pin ls; nsx-pin ls -o NAME,PATH; nsx-pin identify pin:plain; nsx-pin exec --prefix --all -- echo x
      sleep 300 7<"/run/netns/$name" & holder=$!
      umount -l "/run/netns/$name"; nsx-pin gc --dry-run
      mount --bind /run/netns/plain "/run/netns/$name"
      nsx-pin ids; nsx-pin rm plain; nsx-pin rm --wait=0 "$name"
      nsx-pin rm "$name"; kill $holder
    } >/run/said 2>&1 || true
    touch "/run/netns/$name"
    nsx-pin ls -J -o NAME,PATH >/run/json
    until grep -qs . /run/monitor && grep -qs . /run/monitor.json; do sleep 0.02; done
    kill $json $monitor
    cp /run/said /run/json /run/monitor /run/monitor.json $BATS_TEST_TMPDIR'
  shows cat "$BATS_TEST_TMPDIR/said"
  # ls, twice with its path, identify, the prefix, gc, and rm.
  [ "$(grep -cF "$shown" "$BATS_TEST_TMPDIR/said")" -ge 6 ]
  json '.pins[].name' cat "$BATS_TEST_TMPDIR/json"
  json '.pins[].path' cat "$BATS_TEST_TMPDIR/json"
  shows cat "$BATS_TEST_TMPDIR/monitor"
  json .name cat "$BATS_TEST_TMPDIR/monitor.json"
}

@test "nsx-enter and nsx-unshare: plans, messages, completions" {
  shows nsx-enter -t "$name"
  shows nsx-enter -t "container:$name" -- true
  shows nsx-enter --net="/$name" -- true
  mkdir "$BATS_TEST_TMPDIR/$name"
  shows nsx-enter -t $$ --wd="$BATS_TEST_TMPDIR/$name" --plan -- "$name"
  harmless nsx-enter -t $$ --wd="$BATS_TEST_TMPDIR/$name" --plan --json -- "$name"
  shows nsx-enter "--$name"
  shows nsx-unshare --plan --hostname="$name" -- "$name"
  shows nsx-unshare --net="/$name" -- true
  shows nsx-unshare --root="/$name" -- true
  shows nsx-unshare --map-user="$name" -- true
  shows nsx-unshare -- "$BATS_TEST_TMPDIR/none$name"
  mkdir "$own/$name"
  sleeper_in "$own/$name"
  harmless nsx-enter --list-targets
}

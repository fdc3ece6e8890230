# SPDX-License-Identifier: MIT
# nsx-pin --dir, NSX_PIN_DIR, XDG_RUNTIME_DIR and --KIND=FILE in directories of a hostile user, who tries to
# redirect root, or another ordinary user, to files elsewhere.
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
load ../lib/common
load ../lib/pins
load attack

# The victim's files are in $mine. The attacker is the ordinary user; for attacks on that user it is the next
# lower UID.
setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  evil=$(mktemp -d /tmp/nsx-evil.XXXXXX)
  mine=$(mktemp -d /tmp/nsx-mine.XXXXXX)
  chmod 755 "$evil" "$mine"
  mkdir "$mine/netns" "$mine/utsns"
  echo precious >"$mine/netns/blue"
  touch "$mine/netns/empty" "$mine/utsns/empty"
  chown -h "$ordinary_uid" "$evil"
  mkdir "$evil/theirs"
  ln -s "$mine" "$evil/link"
  chown -h "$ordinary_uid" "$evil"/*
  remember
}

teardown() {
  end_spawned
  rm -rf "$evil" "$mine"
}

# Starts only one program, as it is called after every command.
list_mine() {
  local mount
  find "$mine" -printf '%P %y %s %m %U %i %T@\n'
  echo "$(<"$mine/netns/blue")"
  while read -r mount; do
    [[ $mount != *" $mine"* ]] || echo "$mount"
  done </proc/self/mountinfo
}

remember() {
  list_mine >"$BATS_TEST_TMPDIR/before"
}

# Whether the victim's files are unchanged, and nothing is mounted on them.
mine_is_unchanged() {
  local before now
  before=$(<"$BATS_TEST_TMPDIR/before") now=$(list_mine)
  [ "$now" = "$before" ] || diff <(echo "$before") <(echo "$now")
}

# Runs a script in a mount namespace, so that its mounts disappear afterwards.
in_own_mounts() {
  unshare -m --propagation=slave bash -c "
    set -u; mine='$mine' evil='$evil' BATS_TEST_TMPDIR='$BATS_TEST_TMPDIR'
    $(declare -f list_mine mine_is_unchanged repeat fails)
    attack_tries=$attack_tries attack_seconds=$attack_seconds
    $1"
}

# Every command that takes --dir; each gets $1, and its message is compared with a pattern.
# shellcheck disable=SC2016 # for the inner shell
every_command='
  every_command() {
    local command said
    for command in "add new" "add new -nu" "rm blue" "rm empty" "rm --all" "rm --kill empty" gc "gc --dry-run" \
      "mv empty new" "exec empty -- true" "exec --all -- true" ls "ls empty" identify "pids empty" \
      "wait --timeout=0 empty" "wait --gone --timeout=0 new" monitor ids "set-id empty auto" \
      "connect . empty" "connect empty blue"; do
      said=$(timeout 10 nsx-pin ${command%% *} --dir="$1" ${command#"${command%% *}"} 2>&1)
      status=$?
      if [ "$status" = 0 ] || [ "$status" = 124 ] || [[ $said != *$2* ]]; then
        echo "$command in $1: status $status: $said"
        return 1
      fi
      mine_is_unchanged || { echo "changed by $command in $1"; return 1; }
    done
  }'

@test "root: links of a hostile user lead no command to root's files" {
  ln -s "$mine/netns" "$evil/theirs/netns"
  ln -s "$mine/utsns" "$evil/theirs/utsns"
  ln -s "$mine" "$evil/theirs/nsx-pin"
  chown -h "$ordinary_uid" "$evil/theirs"/*
  run -0 in_own_mounts "$every_command
    for dir in $evil/link $evil/theirs $evil/link/../$(basename "$mine"); do
      every_command \$dir 'UID $ordinary_uid owns $evil' || exit 1
    done"
}

@test "root: a directory of its own below a hostile user's is not used, nor one that others can write to" {
  mkdir "$evil/roots"
  run -0 in_own_mounts "$every_command
    every_command $evil/roots 'UID $ordinary_uid owns $evil and could redirect it'$'\n''hint: choose a path that only root or you can change'"
  chmod 777 "$mine"
  remember
  run -0 in_own_mounts "$every_command
    every_command $mine '$mine is writable by other users'$'\n''hint: chmod go-w $mine'"
  chmod 775 "$mine"
  remember
  run -0 in_own_mounts "$every_command
    every_command $mine '$mine is writable by other users'"
}

@test "root: in a sticky directory, a hostile user's files are not used" {
  chmod 1777 "$mine"
  mv "$mine/netns" "$mine/roots"
  mkdir "$mine/netns"
  ln -s roots "$mine/utsns/netns"
  ln -s "$mine/roots" "$mine/ipcns"
  ln -s "$mine/roots" "$mine/nsx-pin"
  chown -h "$ordinary_uid" "$mine/netns" "$mine/ipcns" "$mine/nsx-pin"
  list_mine() { find "$mine" -printf '%P %y %s %m %U %i %T@\n' && cat "$mine/roots/blue"; }
  remember
  run -0 in_own_mounts "
    for command in 'add new' 'add new --ipc' 'add new -nu' 'add new --uts --pid' 'rm blue' gc; do
      case \$command in gc) ;; *) fails nsx-pin \${command%% *} --dir=$mine \${command#* } || exit 1 ;; esac
      mine_is_unchanged || exit 1
    done"
}

# Exchanges two names as the attacker, whose UID is $attacker: swaps A B.
swaps() {
  spawn setpriv --reuid="${attacker:-$ordinary_uid}" --regid="${attacker:-$ordinary_uid}" --clear-groups \
    "$attack_dir/attack-pin_swap" "$1" "$2"
}

# shellcheck disable=SC2016 # for the inner shell
try_all='
  try_all() {
    nsx-pin add --dir="$1" new; nsx-pin add --dir="$1" new -nu
    nsx-pin rm --dir="$1" blue; nsx-pin rm --dir="$1" empty; nsx-pin rm --dir="$1" --all
    nsx-pin gc --dir="$1"
    mine_is_unchanged
  }'

@test "root: a directory that turns into a link while it is used" {
  swaps "$evil/theirs" "$evil/link"
  run -0 in_own_mounts "$try_all
    repeat try_all $evil/theirs 2>/dev/null"
}

@test "root: a directory of its own that a hostile user exchanges for a link" {
  mkdir -p "$evil/roots/netns" "$evil/roots/utsns"
  chown -h 0 "$evil/link"
  swaps "$evil/roots" "$evil/link"
  run -0 in_own_mounts "$try_all
    repeat try_all $evil/roots 2>/dev/null"
}

@test "root: a directory for a kind that turns into a link while it is used" {
  mkdir "$evil/theirs/netns"
  ln -s "$mine/netns" "$evil/theirs/other"
  chown -h "$ordinary_uid" "$evil/theirs"/*
  swaps "$evil/theirs/netns" "$evil/theirs/other"
  run -0 in_own_mounts "$try_all
    repeat try_all $evil/theirs 2>/dev/null"
}

@test "root: nsx-unshare --KIND=FILE mounts nothing on a file elsewhere" {
  touch "$evil/file"
  ln -s "$mine/netns/empty" "$evil/elsewhere"
  chown -h "$ordinary_uid" "$evil/file" "$evil/elsewhere"
  # Control: util-linux's unshare does.
  run -0 in_own_mounts "/usr/bin/unshare --net=$evil/elsewhere true; stat -f -c %T $mine/netns/empty"
  [ "$output" = nsfs ]
  for file in "$evil/elsewhere" "$evil/file" "$evil/link/netns/empty"; do
    run -0 in_own_mounts "
      fails nsx-unshare --net=$file true 2>&1 || exit 1
      mine_is_unchanged"
    [[ $output == *"cannot pin the net namespace on $file: UID $ordinary_uid owns $evil"* ]]
  done
  swaps "$evil/file" "$evil/elsewhere"
  run -0 in_own_mounts "
    attempt() { nsx-unshare --net=$evil/file true; mine_is_unchanged; }
    repeat attempt 2>/dev/null"
}

@test "an ordinary user: links of another user lead no command to the user's files" {
  attacker=$((ordinary_uid - 1))
  chown -hR "$attacker" "$evil"
  chown -hR "$ordinary_uid" "$mine"
  remember
  export XDG_RUNTIME_DIR=$evil/link
  for command in "add new" "rm blue" "rm empty" gc ls "wait --timeout=0 empty"; do
    # shellcheck disable=SC2086 # a list of words
    run as_user timeout 10 nsx-pin $command
    [ "$status" != 0 ] && [ "$status" != 124 ]
    [[ $output == *"cannot use the directory for your pins $evil/link: UID $attacker owns $evil"* ]]
    mine_is_unchanged
  done
  swaps "$evil/theirs" "$evil/link"
  XDG_RUNTIME_DIR=$evil/theirs
  attempt() {
    as_user nsx-pin add new || true
    as_user nsx-pin rm blue || true
    as_user nsx-pin gc || true
    mine_is_unchanged
  }
  repeat attempt 2>/dev/null
  # In a user namespace of the user, in which root cannot be distinguished from the attacker.
  XDG_RUNTIME_DIR=/
  for command in "add new" "rm blue" "rm empty" gc; do
    # shellcheck disable=SC2086 # a list of words
    run as_user unshare -rm nsx-pin ${command%% *} --dir="$evil/theirs" ${command#"${command%% *}"}
    [ "$status" != 0 ]
    mine_is_unchanged
  done
}

@test "rm and gc take namespaces and empty regular files, and nothing else" {
  mkdir "$mine/netns/directory"
  ln -s blue "$mine/netns/link"
  ln -s nowhere "$mine/netns/dangling"
  mkfifo "$mine/netns/fifo"
  touch "$mine/netns/bound"
  run -0 in_own_mounts '
    cd "$mine/netns"
    mount --bind blue bound
    find . -printf "%P %y %i\n" | sort >$BATS_TEST_TMPDIR/files
    for name in blue directory link dangling fifo bound; do
      fails nsx-pin rm --dir="$mine" $name 2>&1 || exit 1
    done
    find . -printf "%P %y %i\n" | sort | diff $BATS_TEST_TMPDIR/files - || exit 1
    [ "$(cat bound blue)" = "$(printf "precious\nprecious")" ] || exit 1
    nsx-pin add --dir="$mine" live || exit 1
    nsx-pin gc --dir="$mine"
    nsx-pin rm --dir="$mine" live || exit 1
    touch again; nsx-pin rm --dir="$mine" again || exit 1
    umount bound; nsx-pin rm --dir="$mine" bound || exit 1
    find . -mindepth 1 -printf "%P\n" | sort | xargs'
  [ "$(grep -c 'it is not a pin' <<<"$output")" = 5 ]
  [ "$(grep -c 'the file mounted on it is not a namespace' <<<"$output")" = 1 ]
  [ "$(grep -c '(stale)' <<<"$output")" = 2 ]
  [ "${lines[-1]}" = "blue dangling directory fifo link" ]
}

@test "paths that only root can change are used: sticky, relative, by links" {
  run -0 in_own_mounts '
    sticky=$(mktemp -d /tmp/nsx-sticky.XXXXXX); chmod 1777 "$sticky"; mkdir "$sticky/pins"
    ln -s "$sticky/pins" "$mine/way"
    cd "$sticky"
    for dir in "$sticky/pins" "$sticky" pins pins/ ./pins/../pins . "$mine/way" "$mine/way/" "$mine/way/../pins"; do
      nsx-pin add --dir="$dir" new -nu || exit 1
      nsx-pin exec --dir="$dir" new -- true || exit 1
      [ "$(nsx-pin ls -n --dir="$dir" -o STATE | xargs)" = "live live" ] || exit 1
      nsx-pin mv --dir="$dir" new newer || exit 1
      nsx-pin rm --dir="$dir" newer || exit 1
    done
    cd /
    umount -R "$sticky/pins" "$sticky/pins/netns" "$sticky/netns" 2>/dev/null
    rm -r "$sticky"'
}

@test "an ordinary user's own directory is used, with --dir and without" {
  chown -hR "$ordinary_uid" "$mine"
  export XDG_RUNTIME_DIR=$mine
  as_user nsx-pin add own
  as_user nsx-pin exec own -- true
  run -0 as_user nsx-pin ls -n -o NAME,STATE own
  [ "$(words $output)" = "own live" ]
  as_user nsx-pin rm own
  # When the directory is empty, the holder exits.
  rm "$mine"/netns/* "$mine"/utsns/*
  as_user nsx-pin gc
  run -0 as_user unshare -rm sh -c "
    nsx-pin add --dir=$mine own && nsx-pin exec --dir=$mine own -- true && nsx-pin rm --dir=$mine own"
}

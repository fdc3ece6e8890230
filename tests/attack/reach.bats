# SPDX-License-Identifier: MIT
# Compares the table in the SECURITY section of nsx-enter(1) with what processes of a container can reach.
load ../lib/common
load attack

setup() {
  spawned=()
  # The program and the secret have the same path on the host; in the container only the program exists.
  # Not in /tmp, which --tools replaces.
  place=$(mktemp -d /nsx-reach.XXXXXX)
  root=$place/root
  chmod 755 "$place"
  make_root "$root" id
  mkdir -p "$root$place"
  cp "$attack_dir/attack-reach" "$place/"
  cp "$attack_dir/attack-reach" "$root$place/"
  chmod -R a+rX "$root"
}

teardown() {
  end_spawned
  rm -rf "$place"
}

# Starts a container of the host's user namespace, or an ordinary user's: $target is its first process.
start_container() {
  local as=()
  if [ "$1" = rootless ]; then as=("${become_user[@]}"); fi
  spawn "${as[@]}" "$attack_dir/attack-reach" target "$root"
  wait_until has_child "$pid" contained
  target=$child
}

# What a process of the container with this UID reaches, "with" or "without" CAP_SYS_PTRACE.
reached_by() {
  local enter=(/usr/bin/nsenter -t "$target" -m -u -i -n -p)
  if [ "$container" = rootless ]; then
    enter=("${become_user[@]}" /usr/bin/nsenter -t "$target" -U --preserve-credentials -m -u -i -n -p)
  fi
  (cd / && "${enter[@]}" "$place/attack-reach" peer "$1" "$2" "$place/secret")
}

# The row of the table that applies to these options: OPTIONS|WHOSE FILES|SAME UID|WITH CAP_SYS_PTRACE.
true_row() {
  local row=$1 uid=0 owner=0 options
  options=${row//UID/$ordinary_uid}
  options=${options//GID/$ordinary_uid}
  if [[ $row = *UID* ]]; then uid=$ordinary_uid; fi
  if [[ $row = *UID* || $container = rootless ]]; then owner=$ordinary_uid; fi
  echo secret >"$place/secret"
  chown "$owner" "$place/secret"
  chmod 400 "$place/secret"
  : >"$place/whose"
  shift
  # shellcheck disable=SC2086 # options are words
  (cd / && exec nsx-enter -t "$target" $options "$@" -- "$place/attack-reach" program) \
    >"$place/whose" 2>"$place/stderr" 3>&- 4>&- </etc/hostname &
  spawned+=("$!")
  wait_until [ -s "$place/whose" ] || cat "$place/stderr"
  read -r whose <"$place/whose"
  echo "$row|${whose%$'\r'}|$(reached_by $uid without)|$(reached_by 0 with)"
  kill -KILL "$!"
  wait "$!" 2>/dev/null || true
  unset 'spawned[-1]'
}

# The rows of the manual after this heading, in the same form.
rows_of_manual() {
  sed -n "/^\.Sh SECURITY/,/^\.Sh/p" "$NSX_STAGE/usr/share/man/man1/nsx-enter.1" | sed -n "/\.\\\\\" reach: $1/,/^\.El/p" |
    sed -n 's/^\.It \(-.*\)/\1/p' | sed 's/ Ta /|/g'
}

holds_the_table() {
  local container=$1 rows row found
  start_container "$container"
  mapfile -t rows < <(rows_of_manual "$container")
  [ "${#rows[@]}" -gt 2 ]
  for row in "${rows[@]}"; do
    found=$(true_row "${row%%|*}")
    [ "$found" = "$row" ] || {
      printf 'the manual: %s\nin truth:   %s\n' "$row" "$found"
      return 1
    }
  done
}

@test "the table of nsx-enter(1) holds for a container in the caller's user namespace" {
  holds_the_table rootful
}

@test "the table of nsx-enter(1) holds for an ordinary user's container" {
  holds_the_table rootless
}

# bats test_tags=slow
@test "the table holds with --env and --pty, too" {
  container=rootful
  start_container rootful
  mapfile -t rows < <(rows_of_manual rootful)
  for row in "${rows[@]}"; do
    for more in --env --pty; do
      found=$(true_row "${row%%|*}" "$more")
      [ "$found" = "$row" ] || {
        printf 'the manual:    %s\nwith %s: %s\n' "$row" "$more" "$found"
        return 1
      }
    done
  done
}

# A command's stderr as a terminal shows it.
at_terminal() {
  script -qec "$*" /dev/null </dev/null
}

@test "only options that open the host's files are noted on a terminal" {
  container=rootful
  start_container rootful
  note="can reach the host's files"
  for options in "--pid" "--net --pid" "--pid --mount-proc" "--user --pid"; do
    run -0 at_terminal "nsx-enter -t $target $options -- id"
    [[ $output = *"$note"*"--mount"* ]]
    run -0 nsx-enter -t "$target" $options -- id
    [[ $output != *"$note"* ]]
  done
  run -0 at_terminal "nsx-enter -t $target --tools -- id"
  [[ $output = *"$note"*"--tools=ROOT"* ]]
  for options in "--net" "--pid --mount" "--all" "--pid --root" "--net --tools"; do
    run -0 at_terminal "nsx-enter -t $target $options -- id"
    [[ $output != *"$note"* ]]
  done
  # The same rights, and the same files.
  spawn unshare -p --fork sleep 300
  wait_until has_child "$pid" sleep
  run -0 at_terminal "nsx-enter -t $child --pid -- id"
  [[ $output != *"$note"* ]]
  ln -s "$(command -v nsx-enter)" "$place/nsenter"
  run -0 at_terminal "$place/nsenter -t $target --pid -- id"
  [[ $output != *"$note"* ]]
}

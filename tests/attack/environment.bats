# SPDX-License-Identifier: MIT
# The environment of a hostile target (--env) leads no program of the host to the target's files.
load ../lib/common
load attack

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  place=$(mktemp -d /tmp/nsx-environment.XXXXXX)
  chmod 755 "$place"
  # What root would run if the target's variables were used: these programs report that they ran.
  for program in id sh; do
    printf '#!/bin/sh\necho hijacked\n' >"$place/$program"
    chmod 755 "$place/$program"
  done
  printf 'echo hijacked\n' >"$place/startup"
  printf 'BEGIN { print "hijacked\\n" } 1;\n' >"$place/Hijack.pm"
}

teardown() {
  end_spawned
  rm -rf "$place"
}

# An ordinary user's process with these variables. It may write to files of the host that anybody may write to.
hostile() {
  spawn as_user env -i "$@" unshare -rnm sleep 300
  wait_until has_left "$pid" net
  # During its execve(2) it has no environment.
  wait_until runs "$pid" sleep
}

@test "--env without --mount: no variable of the target chooses or loads a program" {
  hostile "PATH=$place:/usr/bin:/bin" "BASH_ENV=$place/startup" "ENV=$place/startup" "SHELL=$place/sh" \
    "LD_PRELOAD=$place/startup" "PERL5LIB=$place" PERL5OPT=-MHijack "BASH_FUNC_test%%=() { echo hijacked; }" \
    "LD_AUDIT=$place/startup" "HOME=$place" HARMLESS=theirs
  # Control: each of them works. (Debian 12's nsenter has no --env.)
  mapfile -d '' theirs <"/proc/$pid/environ"
  for program in id "/bin/bash -c test" "/usr/bin/perl -e 1"; do
    run -0 env -i "${theirs[@]}" sh -c 'PATH=${PATH#*:} exec env -i "$@"' - "${theirs[@]}" $program
    [[ $output = *hijacked* ]]
  done
  for options in -n "-n -U" "-n --user-parent"; do
    run -0 nsx-enter -t "$pid" $options -e id -u
    [ "$output" = 0 ]
    run -0 nsx-enter -t "$pid" $options -e bash -c 'test; echo "$HARMLESS"'
    [ "$output" = theirs ]
    run -0 nsx-enter -t "$pid" $options -e perl -e 'print "$ENV{HARMLESS}"'
    [ "$output" = theirs ]
    # The login shell.
    run -0 env SHELL=/bin/sh nsx-enter -t "$pid" $options -e <<<'echo mine'
    [ "$output" = mine ]
  done
  # With the target's files, the target chooses the program, and so does its environment.
  run -0 nsx-enter -t "$pid" -n -m -e id
  [[ $output = *hijacked* ]]
}

# bats test_tags=host-only
@test "--env without --mount: every variable that the manual lists stays the caller's" {
  mapfile -t names < <(sed -n '/^These variables keep your values/,/^\.Ed/p' "$NSX_STAGE/usr/share/man/man1/nsx-enter.1" |
    grep -v '^\.' | grep -v ' keep your ' | tr ' ' '\n')
  [ "${#names[@]}" -gt 50 ]
  theirs=() mine=()
  for name in "${names[@]}"; do
    name=${name//\*/X}
    # The dynamic linker ignores variables such as LD_X.
    theirs+=("$name=theirs")
    mine+=("$name=mine")
  done
  hostile "${theirs[@]}" PATH=/usr/bin:/bin ORDINARY=theirs
  run -0 env -i nsx="$(command -v nsx-enter)" LD_LIBRARY_PATH="${LD_LIBRARY_PATH-}" PATH="$PATH" \
    bash -c 'exec env "$@" PATH="$PATH" "$nsx" -t '"$pid"' -n -e /usr/bin/env' - "${mine[@]}"
  [[ $output = *ORDINARY=theirs* ]]
  for name in "${names[@]}"; do
    name=${name//\*/X}
    if [ "$name" = PATH ]; then continue; fi
    grep -qx -- "$name=mine" <<<"$output" || {
      echo "$name is not the caller's"
      return 1
    }
  done
  # A variable that the caller lacks is not set.
  run -0 env -u PAGER -u EDITOR nsx-enter -t "$pid" -n -e /usr/bin/env
  [[ $output != *EDITOR=* ]]
}

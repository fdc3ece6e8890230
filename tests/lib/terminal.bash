# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317,SC2154 # a test defines typed, and bats output
# Terminals for tests, and input for them.

# Runs a script on a terminal with no input, or with the output of a function `typed` as input.
at_terminal() {
  printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/script"
  if declare -F typed >/dev/null; then
    script -qec "exec bash $BATS_TEST_TMPDIR/script" /dev/null < <(typed) 3>&- 4>&-
  else
    [ -p "$BATS_TEST_TMPDIR/keys" ] || mkfifo "$BATS_TEST_TMPDIR/keys"
    script -qec "exec bash $BATS_TEST_TMPDIR/script" /dev/null 5<>"$BATS_TEST_TMPDIR/keys" <&5 3>&- 4>&-
  fi
}

# The same at the prompt of an interactive shell, which gets the input.
at_prompt() {
  timeout 300 script -qec "exec bash --norc --noprofile -i" /dev/null < <(typed) 3>&- 4>&-
}

is_there() {
  [ -e "$BATS_TEST_TMPDIR/$1" ]
}

# For a program that waits, in its words `$wait_for_go`, until the file `go` is written to. A loop with sleep(1) would
# not stop reliably: dash starts it by vfork, and does not stop while it waits for a child that was stopped before
# its exec.
can_wait_for_go() {
  mkfifo "$BATS_TEST_TMPDIR/go"
  # shellcheck disable=SC2034 # tests use it
  wait_for_go="read -r line <>$BATS_TEST_TMPDIR/go"
}

# At the prompt of a shell: starts a job, stops it by ^Z, and waits until the shell knows.
type_stopped_job() {
  echo "sh -c 'read -r pid rest </proc/self/stat; echo \$pid >$BATS_TEST_TMPDIR/ready; exec sleep 300'"
  wait_until [ -s "$BATS_TEST_TMPDIR/ready" ]
  printf '\032'
  wait_until is_stopped "$(cat "$BATS_TEST_TMPDIR/ready")"
  echo "jobs -s >$BATS_TEST_TMPDIR/jobs; touch $BATS_TEST_TMPDIR/stopped"
  wait_until is_there stopped
}

# The output of a command on a terminal of this width: shown_at COLUMNS COMMAND...
shown_at() {
  local columns=$1
  shift
  LC_ALL=C.UTF-8 script -qec "stty cols $columns; $*" /dev/null </dev/null | tr -d '\r'
}

# Fails if a line of the output is wider than this.
no_wider_than() {
  local LC_ALL=C.UTF-8 line
  while IFS= read -r line; do
    [ "${#line}" -le "$1" ] || {
      echo "${#line} columns: $line"
      return 1
    }
  done <<<"$output"
}

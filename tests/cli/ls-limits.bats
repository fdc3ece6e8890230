# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats
# bats file_tags=slow
load ../lib/common

# A user namespace of the test's own, held by a process, for `inside`.
make_user_namespace() {
  spawn_in user -Ur
  top=$pid
}

# Runs a command there.
inside() {
  nsenter -t "$top" -U --preserve-credentials -- "$@"
}

# Starts a process there, in new namespaces by the options of unshare: hold KIND OPTIONS...
hold() {
  local kind=$1
  shift
  spawn nsenter -t "$top" -U --preserve-credentials -- unshare "$@" -- sleep 300
  wait_until has_left "$pid" "$kind"
}

set_max() {
  inside sh -c "echo $2 >/proc/sys/user/max_$1_namespaces"
}

# The row of a kind there.
limits() {
  inside nsx-ls --limits -n -t "$1"
}

has_depth() {
  [ "$(limits "$1" | awk '{ print $5 }')" = "$2" ]
}

# bats test_tags=rootless
@test "a row for each kind, and a maximum for each" {
  run -0 nsx-ls --limits
  [ "$(words ${lines[0]})" = "TYPE USED MAX USE% DEPTH MAX-DEPTH" ]
  [ "$(awk 'NR > 1 { print $1 }' <<<"$output")" = "$(all_kinds)" ] ||
    [ "${#lines[@]}" = 9 ] # kinds that this kernel does not have are rows, too
  for kind in "${kernel_kinds[@]}"; do
    row=$(grep "^$kind " <<<"$output")
    [ "$(awk '{ print $3 }' <<<"$row")" = "$(cat "/proc/sys/user/max_${kind}_namespaces")" ]
  done
}

# bats test_tags=rootless
@test "at the limit it is 100%, and the kernel creates no more" {
  make_user_namespace
  set_max net 2
  hold net -n
  run -0 limits net
  [ "$(words $output)" = "net 1 2 50%" ]
  hold net -n
  run -0 limits net
  [ "$(words $output)" = "net 2 2 100%" ]
  run -1 inside unshare -n true
}

# bats test_tags=rootless
@test "namespaces owned by a descendant user namespace are counted" {
  make_user_namespace
  set_max net 10
  hold net -U -n
  run -0 limits net
  [ "$(words $output)" = "net 1 10 10%" ]
}

# bats test_tags=rootless
@test "the depth of user and pid namespaces, below the caller's own" {
  make_user_namespace
  run -0 limits user
  [ "$(awk '{ print $2, $5, $6 }' <<<"$output")" = "0 0 33" ]
  hold user -Ur unshare -U
  wait_until has_depth user 2
  spawn nsenter -t "$top" -U --preserve-credentials -- \
    unshare -pf --kill-child unshare -pf --kill-child sleep 300
  wait_until has_depth pid 2
  run -0 limits pid
  [ "$(awk '{ print $2, $6 }' <<<"$output")" = "2 32" ]
}

# bats test_tags=rootless
@test "--json: numbers; missing values are left out" {
  run -0 nsx-ls --limits --json -t net -t user
  jq -e '.limits | length == 2 and
    (.[0] | .type == "net" and .used >= 1 and .max >= 0 and .use_percent >= 0 and
      (has("depth") or has("max_depth") | not)) and
    (.[1] | .type == "user" and .depth >= 0 and .max_depth == 33)' <<<"$output"
}

# bats test_tags=rootless
@test "no operand, and no options of other views" {
  for options in x "-p 1" -l --tree "-o NS"; do
    run -2 nsx-ls --limits $options
    [[ "$output" = "nsx-ls: "*"Try 'nsx-ls --help'." ]]
  done
}

@test "in a pid namespace with the /proc of another one: an error that says so" {
  run -1 unshare -pf -- nsx-ls --limits
  [ "$output" = "nsx-ls: cannot find the caller's user namespace: /proc belongs to another PID namespace" ]
}

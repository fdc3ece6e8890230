# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # set by bats and the loaded file
load ../lib/common

# Validates the output of nsx-ls --json against the installed schema.

schema=$NSX_STAGE/usr/share/nsx/nsx-ls.schema.json

setup() {
  spawned=()
  # Debian's own: another python3 may come first in PATH.
  /usr/bin/python3 -c 'import jsonschema' 2>/dev/null || cannot "import python3-jsonschema"
}

teardown() {
  if [ -e "/run/netns/$own_name" ]; then ip netns del "$own_name"; fi
  end_spawned
}

# Whether JSON fits the schema: fits JSON.
fits() {
  /usr/bin/python3 -c '
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
validator = jsonschema.Draft202012Validator(schema)
errors = sorted(validator.iter_errors(json.load(sys.stdin)), key=lambda e: list(e.path))
for error in errors:
    print(list(error.path), error.message[:300])
sys.exit(1 if errors else 0)' "$schema" <<<"$1"
}

# Runs nsx-ls --json with these options and validates the output.
check() {
  run -0 --separate-stderr nsx-ls --json "$@"
  fits "$output"
}

# bats test_tags=host-only,rootless
@test "the schema is valid, and rejects invalid output" {
  /usr/bin/python3 -c '
import json, sys, jsonschema
jsonschema.Draft202012Validator.check_schema(json.load(open(sys.argv[1])))' "$schema"
  fits '{"limits":[{"type":"net","used":3}]}'
  for wrong in '{}' '[]' '{"limits":[{"type":"net","used":null}]}' '{"limits":[{"type":"net","used":"3"}]}' \
    '{"limits":[{"type":"frob","used":3}]}' '{"limits":[],"compare":{}}' '{"namespace":[]}' \
    '{"limits":[{"type":"net","used":3,"more":1}]}' '{"namespaces":[{"ns":0}]}'; do
    ! fits "$wrong" || {
      echo "it takes $wrong"
      return 1
    }
  done
}

# bats test_tags=host-only
@test "compare and limits" {
  check --compare $$ $$
  ip netns add "$own_name"
  check --compare "pin:$own_name" "$own_name"
  check --limits
  check --limits -t user -t net
}

# bats test_tags=host-only
@test "the matrix, of all rows and of a process" {
  spawn_in net -n
  for options in --matrix "--matrix --all" --matrix=unit "--matrix=unit --all" --matrix=container \
    "--matrix -p $pid"; do
    check $options
  done
}

# bats test_tags=host-only
@test "one namespace of each kind, with much content" {
  spawn unshare -muinpTCUrf --kill-child --mount-proc --boottime 3600 -- sh -c 'ip link set lo up; sleep 300 & wait'
  wait_until has_child "$pid" sh
  init=$child
  wait_until has_child "$init" sleep
  for kind in "${kernel_kinds[@]}"; do
    check "$(ns_of "$init" "$kind")"
    check "$(ns_of $$ "$kind")"
  done
  ip netns add "$own_name"
  check "pin:$own_name"
}

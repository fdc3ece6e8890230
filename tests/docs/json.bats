# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats and the loaded files
# bats file_tags=rootless
load ../lib/common

# Fails at a line of $output that is not a key in snake_case.
is_snake_case() {
  run -1 grep -vxE '[a-z][a-z0-9]*(_[a-z0-9]+)*' <<<"$output"
}

@test "JSON keys are in snake_case wherever they are written" {
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rhoE '(\bkey\(|\.key = )\"[^\"]*\"' tools --include=*.cc --include=*.hh |
    sed 's/.*\"\(.*\)\"/\1/' | sort -u"
  [ "${#lines[@]}" -gt 50 ]
  is_snake_case
}

@test "JSON keys made from columns are in snake_case" {
  run -0 bash -c 'set -o pipefail; {
      nsx-ls -J --output-all
      nsx-cg ls -J -o NAME,CPU%,THROTTLED%,PIDS/MAX,CPU-PSI,MEM-PSI,IO-PSI .
    } | jq -r "[paths | .[-1] | strings] | unique[]" | sort -u'
  grep -qx held_by <<<"$output"
  grep -qx cpu_percent <<<"$output"
  is_snake_case
}

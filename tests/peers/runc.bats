# SPDX-License-Identifier: MIT
# bats file_tags=host-only
# nsx-enter --as-container beside runc exec, which docker exec uses.
load ../lib/common
load ../lib/containers

setup() {
  id=$own_name-$BATS_TEST_NUMBER
  bundle=$BATS_TEST_TMPDIR/bundle
}

teardown() {
  runc delete --force "$id" 2>/dev/null || true
}

# A container whose process is set by a sed script over the lines of "runc spec": start_container SCRIPT
start_container() {
  make_busybox_root "$bundle/rootfs" sh sleep grep env pwd cat sort
  mkdir -p "$bundle/rootfs"/{dev,sys,root,srv}
  echo 'root:x:0:0:root:/root:/bin/sh' >"$bundle/rootfs/etc/passwd"
  (cd "$bundle" && runc spec)
  sed -i -e 's/"terminal": true/"terminal": false/' -e 's/^\(\t*\)"sh"$/\1"sleep", "300"/' -e "$1" "$bundle/config.json"
  (cd "$bundle" && runc run --no-pivot -d "$id" >/dev/null 2>&1 </dev/null 3>&-)
  # Until then, runc's own process has the PID, and its environment.
  wait_until runs "$(runc state "$id" | jq .pid)" sleep
}

probe='grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs):" /proc/self/status; env | sort; pwd; cat /proc/self/cgroup
  cat /proc/self/oom_score_adj; grep -E "open files|processes" /proc/self/limits'

same_as_runc() {
  diff <(seen_by "$probe" runc exec "$id" </dev/null) <(nsx-enter -t "container:$id" --as-container -- sh -c "$probe" </dev/null)
}

@test "--as-container: root of a container, as with runc exec" {
  start_container ''
  same_as_runc
}

@test "--as-container: a user of a container without no_new_privs, as with runc exec" {
  start_container 's/"uid": 0,/"uid": 4021, "additionalGids": [4022, 27],/; s/"noNewPrivileges": true/"noNewPrivileges": false/
    s/"cwd": "\/"/"cwd": "\/srv"/; s/"TERM=xterm"/"NSX_MINE=yes"/; s/"hard": 1024/"hard": 333/; s/"soft": 1024/"soft": 333/'
  same_as_runc
  run -0 nsx-enter -t "container:$id" --as-container -- sh -c 'echo $(grep ^Groups: /proc/self/status; pwd) $NSX_MINE'
  [ "$output" = "Groups: 27 4022 /srv yes" ]
}

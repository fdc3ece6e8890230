# SPDX-License-Identifier: MIT
# bats file_tags=slow
# Command lines of scripts, by the peer's name: output and status are the same, as root and as an ordinary user.
# Defects of the peers are left out (tests/cli, "defect").
load ../lib/common

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  # A directory that an ordinary user can reach, too.
  names=$(mktemp -d /tmp/nsx-names.XXXXXX)
  chmod 755 "$names"
  ln -s "$(command -v nsx-unshare)" "$names/unshare"
  ln -s "$(command -v nsx-enter)" "$names/nsenter"
}

teardown() {
  end_spawned
  rm -r "$names"
}

# The status, the output, and whether there is an error.
outcome() {
  local status=0 said
  said=$("${as[@]}" env PATH="$1:$PATH" bash -c "$2" </dev/null 2>"$BATS_TEST_TMPDIR/error") || status=$?
  printf '%s\n%s\n' $status "$said"
  [ ! -s "$BATS_TEST_TMPDIR/error" ] || echo "an error"
}

# Runs each line of the input with the peers and with nsx under their names, as $whom.
whom=(root user)
all_the_same() {
  local line theirs ours differ=0
  while IFS= read -r line; do
    for who in "${whom[@]}"; do
      as=()
      if [ $who = user ]; then as=("${become_user[@]}"); fi
      theirs=$(outcome /usr/bin "$line")
      ours=$(outcome "$names" "$line")
      if [ "$theirs" != "$ours" ]; then
        printf '%s as %s: (-) the peer, (+) in its place\n' "$line" $who
        diff <(echo "$theirs") <(echo "$ours") | sed -n 's/^</-/p; s/^>/+/p'
        differ=1
      fi
    done
  done
  return $differ
}

# bats test_tags=slow,rootless
@test "unshare" {
  all_the_same <<'END'
unshare -r id -u
unshare -c id -G
unshare --map-user=5 --map-user=7 id -u
unshare -r --map-user=7 id -u
unshare --map-user=7 -r id -u
unshare --map-user=root id -u
unshare --map-group=daemon id -g
unshare --map-r id -u
unshare --map true
unshare -rpf --mount-proc sh -c 'echo $$ /proc/[0-9]*'
unshare -rp sh -c 'echo a; (true); (true); echo b'
unshare -rmuinpCTf sh -c 'echo $$'
unshare --mount --uts --ipc --net --pid --user --cgroup --time --fork --map-root-user sh -c 'echo $$'
unshare -f sh -c 'exit 7'
unshare -rf --kill-child sh -c 'exit 3'
unshare -f nsx-no-such-program
unshare -f /etc/passwd
unshare --kill-child=term true
unshare --kill-child=SIGRTMIN+1 true
unshare --kill-child=99 true
unshare -rw /etc -R / pwd
unshare -r -R /etc -w / /bin/true
unshare -rm --propagation slave sh -c 'grep -c shared: /proc/self/mountinfo'
unshare --propagation slave true
unshare -rT --monotonic=1000 --boottime=-5 cat /proc/self/timens_offsets
unshare -rT --monotonic 1.5 true
unshare -c --keep-caps grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status
unshare -S 5 id -u
unshare -G 5 id -G
unshare -r -S 5 id -u
unshare -n/tmp true
unshare --net= true
unshare -- echo -n x
unshare echo --help
unshare -S
SHELL=/bin/echo unshare
SHELL=/nsx-no-such-shell unshare
unshare true >&-
unshare --help >/dev/full
unshare --version >/dev/full
END
}

# bats test_tags=slow
@test "nsenter" {
  spawn unshare -un sleep 300
  wait_until has_left "$pid" net
  export TARGET=$pid
  all_the_same <<'END'
nsenter -t $TARGET -n readlink /proc/self/ns/net
nsenter -t $TARGET -u --net readlink /proc/self/ns/net /proc/self/ns/uts /proc/self/ns/ipc
nsenter -t $TARGET -a readlink /proc/self/ns/net
nsenter --target=$TARGET --net=/proc/self/ns/net -u readlink /proc/self/ns/net /proc/self/ns/uts
nsenter -n/proc/$TARGET/ns/net readlink /proc/self/ns/net
nsenter -u/proc/$TARGET/ns/net true
nsenter -n/etc/passwd true
nsenter -m true
nsenter -t 999999999 -m true
nsenter -t x -m true
nsenter -t 0 -m true
nsenter -u -t $TARGET -w pwd
nsenter -u -t $TARGET -w/usr pwd
nsenter -t $TARGET -u -S 5 -G 6 id
nsenter --no-such-option
nsenter -t
nsenter --help >/dev/full
END
}

# An ordinary user's nsenter may not enter its own namespaces; nsx-enter treats that as not entering.
# bats test_tags=slow
@test "nsenter, with no namespace but its own" {
  whom=(root)
  all_the_same <<'END'
nsenter -u/proc/self/ns/uts --wd=/nowhere pwd
nsenter -u/proc/self/ns/uts --wdns=/usr pwd
nsenter -u/proc/self/ns/uts -W/usr pwd
nsenter -u/proc/self/ns/uts -w/usr -W/usr pwd
nsenter -u/proc/self/ns/uts --root=/nowhere pwd
nsenter -u/proc/self/ns/uts -S 5 id -u
nsenter -u/proc/self/ns/uts -G 5 id -G
nsenter -u/proc/self/ns/uts -S x id -u
nsenter -u/proc/self/ns/uts --preserve-credentials id -u
nsenter -u/proc/self/ns/uts -F true
nsenter -u/proc/self/ns/uts -w/usr sh -c 'exit 4'
nsenter -u/proc/self/ns/uts -w/usr nsx-no-such-program
nsenter -u/proc/self/ns/uts -w/usr /etc/passwd
nsenter -u/proc/self/ns/uts -S 0 -- echo -n x
SHELL=/bin/echo nsenter -u/proc/self/ns/uts -w/usr
END
}

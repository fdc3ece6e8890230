# nsx-pin exec: what the program finds in the namespaces of a pin.
load ../lib/common
load ../lib/pins

@test "/etc/netns/NAME is bound over /etc, for the program alone" {
  run -0 in_own_run '
    mount -t tmpfs etc /etc/netns 2>/dev/null || { mkdir -p /run/etc/netns/blue; cp -a /etc/. /run/etc; mount --bind /run/etc /etc; }
    mkdir -p /etc/netns/blue
    echo "nameserver 192.0.2.1" >/etc/netns/blue/resolv.conf
    echo one >/etc/netns/blue/nsx-absent
    mkdir /etc/netns/blue/ssl; echo inside >/etc/netns/blue/ssl/here
    ln -s resolv.conf /etc/netns/blue/hosts
    touch /etc/resolv.conf /etc/hosts; mkdir -p /etc/ssl
    nsx-pin add blue; nsx-pin add red
    nsx-pin exec blue -- sh -c "cat /etc/resolv.conf /etc/hosts /etc/ssl/here"
    fails grep -q 192.0.2.1 /etc/resolv.conf
    nsx-pin exec red -- sh -c "! grep -q 192.0.2.1 /etc/resolv.conf"
    nsx-pin exec --no-etc blue -- sh -c "! grep -q 192.0.2.1 /etc/resolv.conf"
    grep -c /etc/resolv.conf /proc/self/mountinfo || true' 2>&1
  [ "${lines[0]}" = "nsx-pin exec: note: /etc/netns/blue/nsx-absent is not bound, as there is no /etc/nsx-absent" ]
  [ "${lines[*]:1:3}" = "nameserver 192.0.2.1 nameserver 192.0.2.1 inside" ]
  [ "${lines[4]}" = 0 ]
}

# bats test_tags=slow
@test "a link that leads out of /etc/netns/NAME is not followed" {
  run -0 in_own_run '
    mkdir -p /run/etc; cp -a /etc/. /run/etc; mount --bind /run/etc /etc
    mkdir -p /etc/netns/blue; touch /etc/hosts /etc/netns/secret
    nsx-pin add blue
    for link in /etc/shadow ../secret ../../shadow; do
      ln -sf "$link" /etc/netns/blue/hosts
      nsx-pin exec blue -- echo ran || echo "status $?"
    done'
  [ "$(grep -c 'it leads out of /etc/netns/blue' <<<"$output")" = 3 ]
  [ "$(grep -c 'status 1' <<<"$output")" = 3 ]
  [[ "$output" != *$'\nran'* && "$output" != ran* ]]
}

# bats test_tags=slow
@test "a link in /etc is covered, not followed" {
  run -0 in_own_run '
    mkdir -p /run/etc; cp -a /etc/. /run/etc; mount --bind /run/etc /etc
    mkdir -p /etc/netns/blue
    ln -sf /run/not-there /etc/resolv.conf
    echo theirs >/run/real; ln -sf /run/real /etc/hosts
    echo ours | tee /etc/netns/blue/resolv.conf >/etc/netns/blue/hosts
    nsx-pin add blue
    nsx-pin exec blue -- cat /etc/resolv.conf /etc/hosts /run/real'
  [ "$output" = $'ours\nours\ntheirs' ]
}

@test "/sys shows the right network, and keeps what is mounted below" {
  run -0 in_own_run '
    nsx-pin add blue
    below="awk \"\\\$5 ~ \\\"^/sys/\\\" { print \\\$5 }\" /proc/self/mountinfo"
    eval "$below" | sort -u >before
    nsx-pin exec blue -- sh -c "$below" | sort -u | cmp - before
    nsx-pin exec blue -- ls /sys/class/net
    nsx-pin exec blue --no-sys -- ls /sys/class/net | cmp - <(ls /sys/class/net)' 2>&1
  [ "$output" = lo ]
}

setup() {
  # shellcheck disable=SC2034 # of common.bash
  spawned=()
  cd "$BATS_TEST_TMPDIR" || return
}

# bats test_tags=slow
@test "the status, the directory, the environment and the descriptors are the program's" {
  run -0 in_own_run '
    nsx-pin add blue
    nsx-pin exec blue -- sh -c "exit 42" || echo "status $?"
    nsx-pin exec blue -- nsx-no-such-program || echo "status $?"
    nsx-pin exec blue -- / || echo "status $?"
    cd /usr; WORD=there nsx-pin exec blue -- sh -c "pwd; echo \$WORD; ls /proc/self/fd" | xargs
    sh -c "pwd; echo there; ls /proc/self/fd" | xargs
    nsx-pin exec blue echo plain words
    nsx-pin exec nowhere -- true || echo "status $?"'
  [ "${lines[0]} ${lines[2]} ${lines[4]}" = "status 42 status 127 status 126" ]
  [ "${lines[5]}" = "${lines[6]}" ]
  [ "${lines[7]}" = "plain words" ]
  [[ "${lines[8]}" = *"cannot find the pin nowhere: there is none of this name" ]]
  [ "${lines[9]}" = "status 1" ]
}

# bats test_tags=slow
@test "several: one after another, the worst status, --keep-going, --prefix, --jobs, --all" {
  run -0 in_own_run '
    nsx-pin add a; nsx-pin add b; nsx-pin add c; nsx-pin add u --uts
    nsx-pin exec a b --prefix -- sh -c "echo out; echo err >&2; printf unfinished" 2>&1 | sort
    echo ==; nsx-pin exec a b c -- sh -c "nsx-pin identify; exit 3" || echo "status $?"
    echo ==; nsx-pin exec --keep-going a nowhere c -- sh -c "nsx-pin identify; exit 3" || echo "status $?"
    echo ==; nsx-pin exec --all -- nsx-pin identify | xargs
    echo ==; nsx-pin exec --all --jobs=3 -- sh -c "echo \$\$ >>/run/started; until [ \$(wc -l </run/started) = 3 ]; do sleep 0.02; done"
    fails nsx-pin exec --jobs=0 a -- true 2>/dev/null
    fails nsx-pin exec --all a -- true 2>/dev/null'
  mapfile -d= -t parts < <(printf %s "${output//==/=}")
  [ "${parts[0]}" = $'a: err\na: out\na: unfinished\nb: err\nb: out\nb: unfinished\n' ]
  [ "${parts[1]}" = $'\na\nstatus 3\n' ]
  [ "${parts[2]}" = $'\na\nnsx-pin exec: cannot find the pin nowhere: there is none of this name\nc\nstatus 3\n' ]
  [ "${parts[3]}" = $'\na b c\n' ]
}

# SPDX-License-Identifier: MIT
# nsx-pin exec: the environment of the program in the namespaces of a pin.
load ../lib/common
load ../lib/pins

@test "/etc/netns/NAME is bound over /etc, for the program only" {
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
  [ "${lines[0]}" = "nsx-pin exec: note: skipping /etc/netns/blue/nsx-absent: /etc/nsx-absent does not exist" ]
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
  [ "$(grep -cF 'hint: add --no-etc to leave /etc alone: it links out of /etc/netns/blue' <<<"$output")" = 3 ]
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

@test "/sys shows the right network, and keeps the mounts below" {
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
  # shellcheck disable=SC2034 # used by common.bash
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
  [[ "${lines[8]}" = *"no pin named 'nowhere'" ]]
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
  [ "${parts[2]}" = $'\na\nnsx-pin exec: no pin named \'nowhere\'\nc\nstatus 3\n' ]
  [ "${parts[3]}" = $'\na b c\n' ]
}

@test "without -- the first word is the pin, and the rest the program with its options" {
  run -0 in_own_run '
    nsx-pin add blue
    nsx-pin exec blue echo -n --no-etc -j; echo
    nsx-pin exec --no-sys blue ls -d /sys
    nsx-pin exec --all echo --all
    nsx-pin exec blue nsx-pin identify --dir=/run'
  [ "${lines[*]}" = "--no-etc -j /sys --all blue" ]
}

@test "several: a missing name or program is found before the first runs" {
  run -0 in_own_run '
    nsx-pin add a; nsx-pin add b; nsx-pin add m --mnt --net
    nsx-pin exec a nowhere -- echo ran || echo "status $?"
    nsx-pin exec a nowhere --keep-going -- echo ran || echo "status $?"
    nsx-pin exec a b -- nsx-no-such-program || echo "status $?"
    nsx-pin exec a nsx-no-such-program 2>/dev/null || echo "status $?"
    nsx-pin exec a m -- nsx-no-such-program 2>/dev/null || echo "status $?"'
  [ "${lines[0]}" = "nsx-pin exec: no pin named 'nowhere'" ]
  [ "${lines[*]:1:2}" = "status 1 ran" ]
  [ "${lines[3]} ${lines[4]}" = "${lines[0]} status 1" ]
  [ "${lines[5]}" = "nsx-pin exec: cannot execute nsx-no-such-program: No such file or directory" ]
  [ "${lines[*]:6}" = "status 127 status 127 status 127" ]
}

@test "-S, -G and --as take names of this machine" {
  run -0 in_own_run '
    mkdir -p /run/etc; cp -a /etc/. /run/etc; mount --bind /run/etc /etc
    echo "tester:x:4021:4022::/:/bin/sh" >>/etc/passwd; echo "testers:x:4023:" >>/etc/group
    nsx-pin add blue
    echo "more:x:4026:tester" >>/etc/group
    nsx-pin exec -S tester -G testers blue -- sh -c "id -u; id -g; id -G"
    nsx-pin exec -S 4024 -G 4025 blue -- sh -c "id -u; id -g"
    # Files of the pin are not used for that.
    mkdir -p /etc/netns/blue; echo "tester:x:9:9::/:/bin/sh" >/etc/netns/blue/passwd
    nsx-pin exec -S tester blue -- id -u
    nsx-pin exec --as=tester blue -- sh -c "id -u; id -G; echo \$HOME \$USER"
    nsx-pin exec -S nobody-of-this-name blue -- id || echo "status $?"'
  [ "${lines[*]:0:6}" = "4021 4023 4023 4024 4025 4021" ]
  [ "${lines[*]:6:3}" = "4021 4022 4026 / tester" ]
  [ "${lines[9]}" = "nsx-pin exec: no user named 'nobody-of-this-name' on this machine" ]
  [ "${lines[-1]}" = "status 1" ]
}

@test "a resolv.conf of the pin: daemons that would resolve names elsewhere cannot be reached" {
  run -0 in_own_run '
    sockets="/run/nscd/socket /run/systemd/resolve/io.systemd.Resolve"
    mkdir -p /run/nscd /run/systemd/resolve
    for socket in $sockets; do
      perl -MSocket -e "socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un(shift)) or die" $socket
    done
    mkdir -p /run/etc; cp -a /etc/. /run/etc; mount --bind /run/etc /etc
    mkdir -p /etc/netns/blue; nsx-pin add blue
    touch /etc/hosts /etc/resolv.conf /etc/netns/blue/hosts
    nsx-pin exec blue -- stat -c %F $sockets
    touch /etc/netns/blue/resolv.conf
    nsx-pin exec blue -- stat -c %F $sockets
    nsx-pin exec --no-etc blue -- stat -c %F $sockets
    nsx-pin exec --plan blue -- true | grep -o "bind /dev/null over .*Resolve"
    rm /run/nscd/socket
    nsx-pin exec blue -- stat -c %F /run/systemd/resolve/io.systemd.Resolve
    stat -c %F /run/systemd/resolve/io.systemd.Resolve'
  [ "${lines[*]:0:2}" = "socket socket" ]
  [ "${lines[*]:2:2}" = "character special file character special file" ]
  [ "${lines[*]:4:2}" = "socket socket" ]
  [ "${lines[6]}" = "bind /dev/null over /run/nscd/socket, /run/systemd/resolve/io.systemd.Resolve" ]
  [ "${lines[*]:7}" = "character special file socket" ]
}

@test "nsx-enter notes that the pin's files in /etc/netns are not used" {
  run -0 in_own_run '
    mkdir -p /run/etc; cp -a /etc/. /run/etc; mount --bind /run/etc /etc
    nsx-pin add blue -nu; nsx-pin add own -nm
    nsx-enter -t pin:blue true
    mkdir -p /etc/netns/blue /etc/netns/own
    nsx-enter -t pin:blue true
    nsx-enter -t blue -n true
    echo ==
    nsx-enter -t pin:blue -u true
    nsx-enter -t pin:own true
    nsx-enter -t pin:own -n true
    nsx-pin exec blue true
    (exec -a nsenter nsx-enter -t pin:blue -n true)'
  note="nsx-enter: note: /etc/netns/blue is not used, and names are resolved as on the host (nsx-pin exec blue uses it)"
  [ "${lines[0]}" = "$note" ]
  [ "${lines[1]}" = "$note" ]
  [ "${lines[2]}" = == ]
  [ "${lines[3]}" = "${note//blue/own}" ]
  [ "${#lines[@]}" = 4 ]
}

# SPDX-License-Identifier: MIT
# nsx-pin connect, set-id and ids: joining pinned network namespaces.
load ../lib/common
load ../lib/pins

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  cd "$BATS_TEST_TMPDIR" || return
}

# Runs a script with its own /run and network.
in_own_net() {
  in_own_run "nsx-pin add here; exec nsenter --net=/run/netns/here bash -c '
    set -eu; $(declare -f fails links ping_from); $1'"
}

# The names of all interfaces of a pin, or of this namespace, except lo.
links() {
  ip ${1:+-n "$1"} -o link | sed -n "s/^[0-9]*: \([^:@]*\).*/\1/p" | grep -vx lo || true
}

# Whether an address answers: ping_from PIN ADDRESS.
ping_from() {
  nsx-pin exec "$1" -- busybox ping -c 1 -w 5 "$2" | grep -q "^1 packets transmitted, 1 packets received"
}

@test "connect: two pins, with addresses of both families, reach each other" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add red
    nsx-pin connect blue red --addr 10.0.0.1/24,fd00::1/64 --addr 10.0.0.2/24,fd00::2/64
    ping_from blue 10.0.0.2
    ping_from red 10.0.0.1
    ping_from blue fd00::2
    ping_from red fd00::1
    ip -n blue -o addr show eth0 scope global | awk "{ print \$4 }"
    ip -n red -o addr show eth0 scope global | awk "{ print \$4 }"
    links'
  [ "$(words ${lines[0]}) $(words ${lines[1]})" = "NAME INTERFACE ADDRESSES blue eth0 10.0.0.1/24" ]
  [ "${lines[*]:5}" = "10.0.0.1/24 fd00::1/64 10.0.0.2/24 fd00::2/64" ]
}

# bats test_tags=slow
@test "connect: a pin and this namespace, from either side" {
  run -0 in_own_net '
    nsx-pin add blue
    nsx-pin connect . blue --addr 10.0.0.1/24 --addr 10.0.0.2/24 >printed
    nsx-pin connect blue . --addr 10.1.0.2/24 --addr 10.1.0.1/24 >printed
    ping_from blue 10.0.0.1
    ping_from blue 10.1.0.1
    links; links blue
    ip -o -4 addr show scope global | awk "{ print \$2, \$4 }"'
  [ "${lines[*]}" = "veth-blue veth0 eth0 eth1 veth-blue 10.0.0.1/24 veth0 10.1.0.1/24" ]
}

# bats test_tags=slow
@test "connect: names, and addresses of one end" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add red
    nsx-pin connect blue red --name wan --addr "" --addr 10.0.0.2/24 >printed
    nsx-pin connect blue red --name "" --name lan >printed
    nsx-pin connect . a-pin-of-a-long-name 2>/dev/null || nsx-pin add a-pin-of-a-long-name
    nsx-pin connect . a-pin-of-a-long-name >printed
    links blue; links red; links
    ip -n blue -o -4 addr; ip -n red -o -4 addr | awk "{ print \$4 }"' # lo is up, and has one
  [ "${lines[*]:0:5}" = "wan eth0 eth0 lan veth0" ]
  [ "${lines[-1]}" = 10.0.0.2/24 ]
}

# bats test_tags=any-kernel
@test "connect --default-route: all traffic goes through the second pin, or through this namespace" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add red; nsx-pin add green
    nsx-pin connect blue red --addr 10.0.0.2/24,fd00::2/64 --addr 10.0.0.1/24,fd00::1/64 --default-route >printed
    nsx-pin connect . green --addr 10.2.0.1/24 --addr 10.2.0.2/24 --default-route >printed
    ip -n blue route show default | sed "s/ dev.*//"; ip -n blue -6 route show default | sed "s/ dev.*//"
    ip -n green route show default | sed "s/ dev.*//"
    ip -n red route show default; ip route show default
    # An address of the other end that is in no common network.
    ip -n red addr add 192.0.2.1/32 dev lo
    ping_from blue 192.0.2.1'
  [ "${lines[*]}" = "default via 10.0.0.1 default via fd00::1 default via 10.2.0.1" ]
}

# bats test_tags=slow
@test "connect --json" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add red
    nsx-pin connect blue red --json --addr 10.0.0.1/24,fd00::1/64 | jq -c .'
  [ "$output" = '{"ends":[{"name":"blue","interface":"eth0","addresses":["10.0.0.1/24","fd00::1/64"]},{"name":"red","interface":"eth0","addresses":[]}]}' ]
}

# bats test_tags=slow
@test "connect: other targets than pins" {
  spawn_in net --net
  export pid
  run -0 in_own_net '
    nsx-pin add blue
    nsx-pin connect blue $pid --addr 10.0.0.1/24 --addr 10.0.0.2/24 >printed
    nsx-pin connect pin:blue . >printed
    nsenter -t $pid --net ip -o -4 addr show eth0 | awk "{ print \$4 }"
    links blue'
  [ "${lines[*]}" = "10.0.0.2/24 eth0 eth1" ]
}

# bats test_tags=slow
@test "connect: no failure leaves an interface" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add red
    nsx-pin connect blue red --addr 10.0.0.2/24 --addr 10.0.0.1/24 --default-route >printed
    before=$(links blue; links red; links)
    for wrong in "blue red --name eth0" "blue red --name x --name eth0" \
      "blue red --addr 10.3.0.2/24 --addr 10.3.0.1/24 --default-route" \
      "blue red --addr 10.3.0.2/24,10.3.0.2/24" \
      "red . --addr 10.3.0.2/24 --addr 0.0.0.0/24,224.0.0.1/4,10.3.0.1/24,10.3.0.1/24"; do
      fails nsx-pin connect $wrong
      [ "$before" = "$(links blue; links red; links)" ]
    done
    # If IPv6 is disabled, the address is the last to fail.
    ip netns exec red sysctl -qw net.ipv6.conf.default.disable_ipv6=1
    fails nsx-pin connect blue red --addr fd00::1/64 --addr fd00::2/64
    [ "$before" = "$(links blue; links red; links)" ]'
  [ "${lines[0]}" = "nsx-pin connect: cannot make the interfaces eth0 and eth1: File exists" ]
  [ "${lines[1]}" = "hint: choose other names with --name" ]
  [ "${lines[2]}" = "nsx-pin connect: cannot make the interfaces x and eth0: File exists" ]
  [ "${lines[3]}" = "${lines[1]}" ]
  [ "${lines[4]}" = "nsx-pin connect: cannot add a default route via 10.3.0.1: File exists" ]
  [ "${lines[5]}" = "hint: remove the existing default route first: ip route del default" ]
  [[ "${lines[6]}" = "nsx-pin connect: cannot give the interface eth1 the address 10.3.0.2/24: File exists" ]]
  [[ "${lines[-2]}" = *"cannot give the interface eth1 the address fd00::2/64: "* ]]
  [[ "${lines[-1]}" = "hint: "*"IPv6 "* ]]
}

# bats test_tags=slow
@test "connect: incompatible options are usage errors" {
  for wrong in "blue" "blue red green" "blue red --addr 10.0.0.1" "blue red --addr 10.0.0.1/33" \
    "blue red --addr 10.0.0.1/24,,10.0.0.2/24" "blue red --addr x/24" "blue red --name a/b" "blue red --name 0123456789abcdef" \
    "blue red --name a%d" "blue red --name a --name b --name c" "blue red --default-route" \
    "blue red --addr 10.0.0.2/24 --addr 10.0.1.1/24 --default-route"; do
    run -2 --separate-stderr nsx-pin connect $wrong
    [[ $stderr == *"Try 'nsx-pin connect --help'." ]]
    [ -z "$output" ]
  done
}

# bats test_tags=slow
@test "connect: an operand that is no pin, or the same namespace twice" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add host --uts; nsx-pin attach azure pin:blue
    fails nsx-pin connect blue blue
    fails nsx-pin connect blue azure
    fails nsx-pin connect . pin:here
    fails nsx-pin connect blue host
    fails nsx-pin connect blue nope
    fails nsx-pin connect blue ../blue
    links; links blue'
  [ "${lines[0]}" = "nsx-pin connect: cannot connect blue and blue: they are the same net namespace" ]
  [ "${lines[1]}" = "nsx-pin connect: cannot connect blue and azure: they are the same net namespace" ]
  [ "${lines[2]}" = "nsx-pin connect: cannot connect . and pin:here: they are the same net namespace" ]
  [ "${lines[3]}" = "nsx-pin connect: pin host has no net namespace" ]
  [ "${lines[4]}" = "nsx-pin connect: no pin named 'nope'" ]
  [[ "${lines[5]}" = "nsx-pin connect: invalid pin name '../blue': it contains a slash"* ]]
  [ "${#lines[@]}" = 6 ]
}

# bats test_tags=slow
@test "connect: a signal takes effect before or after, never in between" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add red
    for delay in 0 0.002 0.004 0.006 0.008 0.01; do
      timeout --signal=TERM $delay nsx-pin connect blue red --addr 10.0.0.1/24 --addr 10.0.0.2/24 >printed || true
      # Both ends with their address, or neither.
      case $(links blue | wc -l):$(links red | wc -l):$(ip -n blue -o -4 addr show scope global | wc -l):$(ip -n red -o -4 addr show scope global | wc -l) in
        0:0:0:0) ;;
        1:1:1:1) ip -n blue link del eth0 ;;
        *) links blue; links red; exit 1 ;;
      esac
    done'
}

@test "set-id and ids" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add red; nsx-pin attach azure pin:blue
    nsx-pin set-id blue 7
    nsx-pin set red auto
    nsx-pin ids -n >table; awk "{ print \$1, \$3 }" table
    nsx-pin ids --nsid 0 --noheadings | awk "{ print \$1, \$2, \$3 }"; stat -L -c %i /run/netns/red
    nsx-pin list-id --json | jq -c "[.ids[] | [.netnsid, .names]]"'
  # Two names of one namespace are on successive lines.
  [ "${lines[*]:0:3}" = "0 red 7 azure blue " ]
  [ "${lines[3]}" = "0 ${lines[4]} red" ]
  [ "${lines[5]}" = '[[0,["red"]],[7,["azure","blue"]]]' ]
}

# bats test_tags=slow
@test "ids --target-nsid: the ids given by another namespace" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add red
    nsx-pin set-id blue 3; nsx-pin set-id red 4
    nsx-pin exec blue -- nsx-pin set-id red 9
    nsx-pin ids --target-nsid 3 --json | jq -c "[.ids[] | [.netnsid, .current, .names]]"
    fails nsx-pin ids --target-nsid 8
    fails nsx-pin ids --nsid 8'
  [ "${lines[0]}" = '[[9,4,["red"]]]' ]
  [ "${lines[1]}" = "nsx-pin ids: no namespace has netnsid 8" ]
  [ "${lines[2]}" = "nsx-pin ids: no namespace with netnsid 8" ]
}

# bats test_tags=slow
@test "set-id: a number in use, or unchanged" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin add red
    nsx-pin set-id blue 7
    fails nsx-pin set-id blue 8
    fails nsx-pin set-id red 7
    fails nsx-pin set-id nope 1
    for wrong in -1 x 4294967296 "" 1.5; do fails nsx-pin set-id -- red "$wrong" 2>&1 | head -n 1; done
    nsx-pin ids -n | wc -l'
  [ "${lines[0]}" = "nsx-pin set-id: cannot assign a netnsid to blue: it already has netnsid 7, which cannot change" ]
  [ "${lines[1]}" = "nsx-pin set-id: cannot assign a netnsid to red: another namespace has netnsid 7" ]
  [ "${lines[2]}" = "nsx-pin set-id: no pin named 'nope'" ]
  for i in 3 4 5 6 7; do
    [[ "${lines[i]}" = "nsx-pin set-id: invalid netnsid '"*"': expected a number of 0 or more, or 'auto'" ]]
  done
  [ "${lines[8]}" = 1 ]
}

# bats test_tags=slow
@test "an ordinary user connects their own pins only" {
  export XDG_RUNTIME_DIR
  XDG_RUNTIME_DIR=$(mktemp -d /tmp/nsx-runtime.XXXXXX)
  chown "$ordinary_uid:$ordinary_uid" "$XDG_RUNTIME_DIR"
  cd /
  as_user nsx-pin add blue
  as_user nsx-pin add red --net --user
  as_user nsx-pin connect blue red --addr 10.0.0.1/24 --addr 10.0.0.2/24
  run -0 as_user nsx-pin exec blue -- busybox ping -c 1 -w 5 10.0.0.2
  run -1 as_user nsx-pin connect . blue
  [[ $output == *"cannot make the interfaces veth-blue and eth1: Operation not permitted"$'\n'"hint: run as root, or with CAP_NET_ADMIN in the user namespace that owns the net namespace" ]]
  run -1 as_user nsx-pin set-id blue 1
  [[ $output == *"Operation not permitted"$'\n'"hint: run as root, or with CAP_NET_ADMIN in the user namespace that owns this net namespace" ]]
  run -0 as_user nsx-pin exec blue -- ip -o link
  [ "${#lines[@]}" = 2 ]
  as_user nsx-pin rm --all
  rm -rf "$XDG_RUNTIME_DIR"
}

# bats test_tags=vm-only,one-kernel
@test "connect: a kernel without veth is reported, and no interface is left" {
  modprobe -r veth
  helper=$(</proc/sys/kernel/modprobe)
  echo /bin/false >/proc/sys/kernel/modprobe
  run in_own_net '
    nsx-pin add blue; nsx-pin add red
    nsx-pin connect blue red || echo "status $?"
    links blue; links red; links'
  echo "$helper" >/proc/sys/kernel/modprobe
  modprobe veth
  [[ "${lines[0]}" = *"cannot make the interfaces "*": Operation not supported" ]]
  [ "${lines[1]}" = "hint: modprobe veth (the kernel needs CONFIG_VETH)" ]
  [ "${lines[2]}" = "status 1" ]
  [ "${#lines[@]}" = 3 ]
}

@test "ls: ADDRESSES and PEERS of connected pins" {
  run -0 in_own_run '
    nsx-pin add here
    nsx-pin exec here -- sh -c "
      nsx-pin add a; nsx-pin add b; nsx-pin add alone; nsx-pin add u --uts
      nsx-pin connect a b --addr=10.9.0.1/24,fd09::1/64 --addr=10.9.0.2/24 >/dev/null
      nsx-pin connect . a --addr=10.8.0.1/24 --addr=10.8.0.2/24 >/dev/null
      # Both ends in one namespace: no peer.
      nsx-pin exec alone -- ip link add x type veth peer name y
      nsx-pin ls -n -r -o NAME,ADDRESSES,PEERS
      nsx-pin ls -J -o ADDRESSES,PEERS a
      nsx-pin ls -n -o NAME -Q \"PEERS =~ \\\"^b\\\"\"
      nsx-pin ls -n -o PEERS b
      nsx-pin ls -n -o NAME -Q \"ADDRESSES == \\\"10.8.0.2/24\\\"\"
      nsx-pin ls -n -r -o PEERS here"'
  [ "${lines[0]}" = "a 10.9.0.1/24,fd09::1/64,10.8.0.2/24 .,b,here" ]
  [ "${lines[1]}" = "alone  " ]
  [ "${lines[2]}" = "b 10.9.0.2/24 a" ]
  [ "${lines[3]}" = "here 10.8.0.1/24 a" ]
  [ "${lines[4]}" = "u  " ]
  [ "${lines[5]}" = '{"pins":[{"addresses":["10.9.0.1/24","fd09::1/64","10.8.0.2/24"],"peers":[".","b","here"]}]}' ]
  # A list matches if any of its texts does.
  [ "${lines[*]:6}" = "a a a a" ]
}

@test "ids: also of namespaces that are not pinned" {
  run -0 in_own_net '
    nsx-pin add blue; nsx-pin set-id blue 7
    unshare --net sleep 300 & process=$!
    until [ "$(stat -L -c %i /proc/$process/ns/net)" != "$(stat -L -c %i /proc/self/ns/net)" ]; do sleep 0.02; done
    unshare --net sleep 300 & held=$!
    until [ "$(stat -L -c %i /proc/$held/ns/net)" != "$(stat -L -c %i /proc/self/ns/net)" ]; do sleep 0.02; done
    nsx-pin set-id $process 8; nsx-pin set-id $held 9
    exec 7</proc/$held/ns/net; ns=$(stat -L -c %i /proc/$process/ns/net); stays=$(stat -L -c %i /proc/$held/ns/net)
    kill $held; wait $held || true
    nsx-pin ids -n | tr -s " " | sed "s/$ns/NS/; s/$stays/HELD/; s/$process/PID/; s/$(stat -L -c %i /run/netns/blue)/BLUE/"
    nsx-pin ids -J | jq -c ".ids[] | [.netnsid, .ns == $ns or .ns == $stays, .names, .pid == $process, .command]"
    kill $process'
  [ "$(words ${lines[0]})" = "7 BLUE blue" ]
  [ "$(words ${lines[1]})" = "8 NS PID sleep" ]
  [ "$(words ${lines[2]})" = "9 HELD" ]
  [ "${lines[3]}" = '[7,false,["blue"],false,null]' ]
  [ "${lines[4]}" = '[8,true,[],true,"sleep"]' ]
  [ "${lines[5]}" = '[9,true,[],false,null]' ]
}

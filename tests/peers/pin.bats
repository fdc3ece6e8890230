# SPDX-License-Identifier: MIT
# nsx-pin and ip netns on the same pins, and programs that take a pin's file.
load ../lib/common
load ../lib/pins

@test "every ip netns subcommand on nsx's pins" {
  run -0 in_own_run '
    nsx-pin add blue
    ip netns list
    [ "$(ip netns exec blue stat -L -c %i /proc/self/ns/net)" = "$(inode_of /run/netns/blue)" ]
    ip netns exec blue sleep 300 & user=$!
    until [ "$(inode_of /proc/$user/ns/net)" = "$(inode_of /run/netns/blue)" ]; do sleep 0.02; done
    [ "$(ip netns pids blue)" = $user ]
    ip netns identify $user
    ip netns set blue 7; ip netns list
    ip -n blue -o link | wc -l
    ip netns attach other $user; ip netns list | wc -l
    fails ip netns add blue 2>/dev/null
    kill $user; wait $user || true
    ip netns del blue; ip netns del other
    nsx-pin ls; ls /run/netns'
  [ "${lines[*]}" = "blue blue blue (id: 7) 1 2" ]
}

@test "every nsx-pin command on ip netns's pins" {
  run -0 in_own_run '
    ip netns add blue
    nsx-pin ls -n -o NAME,KIND,STATE | tr -s " "
    [ "$(nsx-pin exec blue -- stat -L -c %i /proc/self/ns/net)" = "$(inode_of /run/netns/blue)" ]
    ip netns exec blue sleep 300 & user=$!
    until [ "$(inode_of /proc/$user/ns/net)" = "$(inode_of /run/netns/blue)" ]; do sleep 0.02; done
    [ "$(nsx-pin pids blue)" = "$(ip netns pids blue)" ]
    [ "$(nsx-pin identify $user)" = "$(ip netns identify $user)" ]
    fails nsx-pin add blue 2>/dev/null
    nsx-pin mv blue green
    ip netns list
    kill $user; wait $user || true
    nsx-pin rm green
    ip netns list; ls /run/netns'
  [ "${lines[*]}" = "blue net live green" ]
}

# bats test_tags=slow
@test "nsenter, lsns and bwrap accept the file" {
  run -0 in_own_run '
    nsx-pin add blue
    inode_of /run/netns/blue
    nsenter --net=/run/netns/blue stat -L -c %i /proc/self/ns/net
    nsx-pin exec blue -- sleep 300 & user=$!
    until [ "$(inode_of /proc/$user/ns/net)" = "$(inode_of /run/netns/blue)" ]; do sleep 0.02; done
    lsns -n -l -t net -o NS,NSFS | grep "/run/netns/blue" | xargs
    kill $user; wait $user || true
    nsx-pin exec blue -- bwrap --dev-bind / / stat -L -c %i /proc/self/ns/net'
  [ "${lines[0]}" = "${lines[1]}" ]
  [ "${lines[2]}" = "${lines[0]} /run/netns/blue" ]
  [ "${lines[0]}" = "${lines[3]}" ]
}

# bats test_tags=slow
@test "200 concurrent add and rm of overlapping names, by both" {
  run -0 in_own_run '
    mkdir errors
    for worker in 1 2 3 4; do
      for i in $(seq 25); do
        name=race$((i % 3))
        case $((worker % 2)) in
          0) nsx-pin add $name; nsx-pin rm $name ;;
          1) ip netns add $name; ip netns del $name ;;
        esac
      done 2>errors/$worker & workers="${workers-} $!"
    done
    for worker in $workers; do wait $worker || true; done
    # Messages for "exists" and "no such name"; ip has its own race between file and mount.
    fails grep -hv "File exists\|no pin named\|No such file or directory\|note: \|^hint: " errors/*
    for name in race0 race1 race2; do nsx-pin rm $name 2>/dev/null || true; done
    nsx-pin gc; ls /run/netns | wc -l; lines_with /run/netns/race /proc/self/mountinfo'
  [ "${lines[-2]} ${lines[-1]}" = "0 0" ]
}

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  cd "$BATS_TEST_TMPDIR" || return
}

# bats test_tags=slow
@test "ip netns set and list-id agree with set-id and ids" {
  run -0 in_own_run '
    nsx-pin add here; nsx-pin add blue; ip netns add red
    nsenter --net=/run/netns/here bash -c "
      nsx-pin set-id blue 5
      ip netns set red 6
      ip netns list-id | sed \"s/nsid \\([0-9]*\\) (iproute2 netns name: \\(.*\\))/\\1 \\2/\" | sort
      nsx-pin ids -n | awk \"{ print \\\$1, \\\$3 }\" | sort
      nsx-pin set-id red 7 2>/dev/null || ip netns set red 7 2>/dev/null || echo neither
      nsx-pin list-id --json | jq -c \"[.ids[] | [.netnsid, .names[0]]]\"
      ip -j netns list-id | jq -c \"[.[] | [.nsid, .name]]\""'
  [ "${lines[0]} ${lines[1]}" = "5 blue 6 red" ]
  [ "${lines[2]} ${lines[3]}" = "${lines[0]} ${lines[1]}" ]
  [ "${lines[4]}" = neither ]
  [ "${lines[5]}" = "${lines[6]}" ]
}

# bats test_tags=slow
@test "ip netns monitor and nsx-pin monitor report the same pins" {
  run -0 in_own_run '
    mkdir /run/netns
    touch ip nsx
    stdbuf -oL ip netns monitor >ip & ips=$!
    nsx-pin monitor >nsx & nsxs=$!
    until grep -qs probe ip && grep -qs probe nsx; do nsx-pin add probe; nsx-pin rm probe; done
    for name in blue red; do
      nsx-pin add $name; until grep -q "add net $name" nsx; do sleep 0.02; done
      ip netns del $name; until grep -q "del net $name" nsx; do sleep 0.02; done
    done
    until grep -q "delete red" ip; do sleep 0.02; done
    kill $ips $nsxs
    grep -v probe ip | sed "s/delete/del/"
    grep -v probe nsx | sed "s/ net//"'
  [ "${lines[*]:0:4}" = "add blue del blue add red del red" ]
  [ "${lines[*]:4}" = "${lines[*]:0:4}" ]
}

# bats test_tags=slow
@test "ip -n works on pins of connect, and connect on pins of ip" {
  run -0 in_own_run '
    ip netns add blue; nsx-pin add red
    nsx-pin connect blue red --addr 10.0.0.1/24 --addr 10.0.0.2/24 >printed
    ip -n blue -d -j link show eth0 | jq -r ".[0].linkinfo.info_kind"
    ip -n red -j addr show eth0 | jq -r ".[0].addr_info[] | select(.family == \"inet\") | .local"
    ip -n blue link add va type veth peer name eth1
    fails nsx-pin connect blue red --name eth1 2>&1
    ip -n blue link del eth0; ip -n red -o link | wc -l'
  [ "${lines[0]} ${lines[1]}" = "veth 10.0.0.2" ]
  [[ "${lines[2]}" = *"cannot make the interfaces eth1 and eth1: File exists" ]]
  [ "${lines[3]}" = "hint: choose other names with --name" ]
  [ "${lines[4]}" = 1 ]
}

# bats test_tags=slow
@test "runc starts a container in a network that nsx-pin made" {
  command -v runc >/dev/null || cannot "find runc"
  run -0 in_own_run '
    nsx-pin add blue -- ip addr add 192.0.2.1/32 dev lo
    mkdir -p bundle/rootfs/bin bundle/rootfs/proc state
    cp "$(command -v busybox)" bundle/rootfs/bin/busybox
    cd bundle; runc spec
    jq ".process.terminal = false | .root.readonly = true | del(.linux.resources)
      | .process.args = [\"/bin/busybox\", \"ip\", \"-o\", \"addr\"]
      | .mounts = [{destination: \"/proc\", type: \"proc\", source: \"proc\"}] | .linux.maskedPaths = [] | .linux.readonlyPaths = []
      | .linux.namespaces = [.linux.namespaces[] | select(.type != \"network\" and .type != \"cgroup\")]
        + [{type: \"network\", path: \"/run/netns/blue\"}]" config.json >new; mv new config.json
    runc --root "$PWD/../state" run "nsx-test-$$"'
  [[ "$output" = *"inet 192.0.2.1/32"* ]]
}

# CNI's protocol (cni/SPEC.md): the environment has the command and its place, stdin the network, stdout the result.
# "Here" is a namespace of the test.
cni_plugins=/usr/lib/cni
cni() {
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=$3 CNI_PATH=/usr/lib/cni "/usr/lib/cni/$4" <"$5"
}

# bats test_tags=host-only,slow
@test "CNI plugins: loopback, bridge and ptp give networks to pins, with traffic" {
  [ -x "$cni_plugins/bridge" ] || cannot "find CNI plugins ($cni_plugins)"
  run -0 in_own_run "$(declare -f cni)"'
    nsx-pin add here; nsx-pin add --no-lo blue; nsx-pin add red; nsx-pin add green
    ipam="\"ipam\":{\"type\":\"host-local\",\"dataDir\":\"$PWD/ipam\",\"ranges\":[[{\"subnet\":\"10.7.NET.0/24\"}]]}"
    base="\"cniVersion\":\"0.4.0\",\"name\":\"nsx-test\""
    echo "{$base,\"type\":\"loopback\"}" >loopback
    echo "{$base,\"type\":\"bridge\",\"bridge\":\"nsxbr\",\"isGateway\":true,${ipam/NET/1}}" >bridge
    echo "{$base-ptp,\"type\":\"ptp\",${ipam/NET/2}}" | sed "s/\"nsx-test\"-ptp/\"nsx-ptp\"/" >ptp
    export -f cni
    nsenter --net=/run/netns/here bash -euc "
      cni ADD blue lo loopback loopback >/dev/null
      cni ADD blue eth0 bridge bridge | jq -r .ips[0].address
      cni ADD red eth0 bridge bridge | jq -r .ips[0].address
      cni ADD green eth0 ptp ptp | jq -r .ips[0].address
      for target in blue.127.0.0.1 blue.10.7.1.3 red.10.7.1.2 red.10.7.1.1 green.10.7.2.1; do
        nsx-pin exec \${target%%.*} -- busybox ping -c 1 -w 5 \${target#*.} | grep -c \", 0% packet loss\"
      done
      cni DEL green eth0 ptp ptp; cni DEL red eth0 bridge bridge; cni DEL blue eth0 bridge bridge
      ip -n red -o link | wc -l"
    nsx-pin rm --all; ls /run/netns; find ipam -name "10.*"'
  [ "${lines[*]}" = "10.7.1.2/24 10.7.1.3/24 10.7.2.2/24 1 1 1 1 1 1" ]
}

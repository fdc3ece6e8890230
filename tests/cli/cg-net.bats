# SPDX-License-Identifier: MIT
# The network of cgroups: rates and counters, over a veth pair between two namespaces of our own, with a private
# bpffs.
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
load ../lib/common
load ../lib/cgroups

pins=/sys/fs/bpf/nsx

# Pins in this mount namespace disappear with it.
own_bpffs() {
  spawn_in mnt -m
  machine=$pid
  in_machine mount -t bpf -o "${1:-mode=755}" bpf /sys/fs/bpf
}

in_machine() {
  nsenter -t "$machine" -m -- "$@"
}

# Runs the command with the bpffs.
cg() {
  in_machine nsx-cg "$@"
}

# Skips a test if nsx was built without BPF, and checks its message.
needs_bpf() {
  own_bpffs
  mkdir "$own/probe"
  run cg set "/$mine/probe" net.in=max
  if [[ $output == *"was built without"* ]]; then
    [ "$status" -eq 1 ]
    [ "$output" = "nsx-cg set: cannot load the BPF programs that limit the network: this nsx was built without them"\
$'\n'"hint: rebuild with clang installed: meson setup -Dbpf=enabled build" ]
    skip "this nsx was built without BPF"
  fi
  [ "$status" -eq 0 ]
  cg rm "/$mine/probe"
}

# Two network namespaces, $near (10.9.9.1) and $far (10.9.9.2), each held by the process of this number. Only tests
# send anything over the wire. The options are for each end of the pair.
make_link() {
  spawn_in net -n
  near=$pid
  spawn_in net -n
  far=$pid
  nsenter -t "$near" -n ip link add v0 address 02:00:00:00:00:01 "$@" type veth \
    peer name v0 address 02:00:00:00:00:02 "$@" netns "$far"
  local each other=2
  for each in "$near" "$far"; do
    nsenter -t "$each" -n ip -batch - <<END
link set v0 addrgenmode none
address add 10.9.9.$((3 - other))/24 dev v0
link set v0 up
neighbour replace 10.9.9.$other lladdr 02:00:00:00:00:0$other dev v0 nud permanent
END
    other=1
  done
}

# The far end accepts a connection, reads this number of bytes, writes the bytes per second between the first and
# the last, and waits. The near end sends them, and waits. (/proc/uptime: perl-base has no finer clock.)
read -r -d '' receiver <<'END' || true
use IO::Socket::INET;
sub now { open my $f, "<", "/proc/uptime"; (split " ", <$f>)[0] }
$| = 1;
my $server = IO::Socket::INET->new(LocalAddr => "10.9.9.2", LocalPort => 5000, Listen => 1) or die;
open my $out, ">", $ARGV[1]; $out->autoflush(1);
print $out "ready\n";
my $peer = $server->accept;
my ($got, $began) = (0);
while ($got < $ARGV[0]) { my $n = sysread $peer, my $data, 65536; $n or die; $began //= now; $got += $n }
my $took = now() - $began;
printf $out "%d\n", $took > 0 ? $got / $took : 0;
sleep 300;
END
read -r -d '' sender <<'END' || true
use IO::Socket::INET;
my $peer = IO::Socket::INET->new("10.9.9.2:5000") or die;
my ($left, $data) = ($ARGV[0], "x" x 65536);
while ($left > 0) { my $n = syswrite $peer, $data, $left < 65536 ? $left : 65536; $n or die; $left -= $n }
sleep 300;
END

# Starts a transfer: transfer BYTES NEAR-CGROUP FAR-CGROUP; the cgroups are directories or empty. The receiver
# writes to $received.
transfer() {
  received=$BATS_TEST_TMPDIR/received
  rm -f "$received"
  in_cgroup "$3" nsenter -t "$far" -n perl -e "$receiver" "$1" "$received"
  wait_until grep -qs ready "$received"
  in_cgroup "$2" nsenter -t "$near" -n perl -e "$sender" "$1"
}

in_cgroup() {
  local cgroup=$1
  shift
  # The shell moves, so that all sockets of the program belong to the cgroup.
  spawn "${on_every_cpu[@]}" sh -c '[ -z "$0" ] || echo $$ >"$0/cgroup.procs"; exec "$@"' "$cgroup" "$@"
}

has_arrived() {
  [ "$(wc -l <"$received")" -eq 2 ]
}

# Whether the last transfer ran at this rate, within 15 percent. Headers count.
ran_at() {
  local waited
  for ((waited = 0; waited < 120 && $(wc -l <"$received") < 2; waited++)); do sleep 0.25; done
  local rate
  rate=$(tail -n 1 "$received")
  echo "$rate bytes a second"
  [ "$rate" -gt $(($1 * 85 / 100)) ] && [ "$rate" -lt $(($1 * 115 / 100)) ]
}

# A number of net.stat: stat CGROUP KEY
stat_of() {
  cg get -v "$1" net.stat | awk -v key="$2" '$1 == key { print $2 }'
}

# Whether a cgroup's counters equal those of the interface in the namespace of this process. An Ethernet header
# has 14 bytes.
equals_interface() {
  local process=$1 cgroup=$2 counted told
  counted=$(cg get -v "$cgroup" net.stat |
    awk '/^.x_(bytes|packets)/ { n[$1] = $2 }
         END { print n["rx_bytes"] + 14 * n["rx_packets"], n["rx_packets"],
                     n["tx_bytes"] + 14 * n["tx_packets"], n["tx_packets"] }')
  told=$(nsenter -t "$process" -n ip -j -s link show v0 |
    jq -r '.[0].stats64 | "\(.rx.bytes) \(.rx.packets) \(.tx.bytes) \(.tx.packets)"')
  echo "counted $counted, the interface $told"
  [ "$counted" = "$told" ]
}

# Whether one cgroup has received what the other has sent, in both directions.
equals_peer() {
  local counted told
  counted=$(cg get -v "$1" net.stat | grep '_\(bytes\|packets\)')
  told=$(cg get -v "$2" net.stat | sed 's/^r/T/; s/^t/r/; s/^T/t/' | sort)
  echo "counted" $counted ", the other end" $told
  [ "$(sort <<<"$counted")" = "$told" ]
}

# Whether the packets counted equal those that TCP reports as sent in the namespace.
equals_tcp() {
  local counted told
  counted=$(stat_of "$2" tx_packets)
  told=$(nsenter -t "$1" -n cat /proc/net/snmp | awk '$1 == "Tcp:" { if (!n) n = split($0, name)
    else { split($0, v); for (i = 2; i <= n; i++) of[name[i]] = v[i] } }
    END { print of["OutSegs"] + of["RetransSegs"] }')
  echo "counted $counted, TCP $told"
  [ "$counted" = "$told" ]
}

@test "a TCP transfer runs at the rate of its sender's cgroup" {
  needs_bpf
  make_link
  mkdir "$own/x"
  cg set "/$mine/x" net.out=2M/s
  transfer $((10 << 20)) "$own/x" ""
  ran_at $((2 << 20))
  [ "$(stat_of "/$mine/x" tx_dropped_packets)" -gt 0 ]
  [ "$(stat_of "/$mine/x" rx_dropped_packets)" -eq 0 ]
  run -0 cg explain "/$mine/x"
  [[ $output == *"net.out: 2M/s, set at /$mine/x"* ]]
  [[ $output == *"/$mine/x dropped outgoing packets "*" (net.out)"* ]]
}

@test "a TCP transfer runs at the rate of its receiver's cgroup" {
  needs_bpf
  make_link
  mkdir "$own/x"
  cg set "/$mine/x" net.in=2M/s
  transfer $((10 << 20)) "" "$own/x"
  # During the transfer, as a rate.
  shows_rates() {
    cg ls -J -d 0 -o NAME,RXBPS,TXBPS,RX,TX --interval=500ms "/$mine/x" |
      jq -e '.cgroups[0] | .rxbps > 200000 and .rxbps < 4000000 and .txbps > 0 and .txbps < .rxbps
        and .rx > 100000 and .tx < .rx'
  }
  wait_until shows_rates
  ran_at $((2 << 20))
  [ "$(stat_of "/$mine/x" rx_dropped_packets)" -gt 0 ]
  [ "$(stat_of "/$mine/x" tx_dropped_packets)" -eq 0 ]
}

@test "counters equal the interface's" {
  needs_bpf
  # A veth pair counts a packet that is still to be split as one.
  make_link gso_max_segs 1
  nsx-cg create "/$mine/above/near"
  mkdir "$own/far"
  local each
  for each in above above/near far; do cg set "/$mine/$each" net.in=max; done
  transfer $((4 << 20)) "$own/above/near" "$own/far"
  wait_until has_arrived
  wait_until equals_interface "$near" "/$mine/above/near"
  wait_until equals_interface "$far" "/$mine/far"
  # The counters of a cgroup include its descendants.
  wait_until equals_interface "$near" "/$mine/above"
  [ "$(stat_of "/$mine/far" rx_bytes)" -gt $((4 << 20)) ]
  # The same in columns.
  run -0 cg ls -b -r -n -o RX,TX "/$mine/far"
  [ "$output" = "$(stat_of "/$mine/far" rx_bytes) $(stat_of "/$mine/far" tx_bytes)" ]
}

# bats test_tags=slow
@test "packets that the network card splits count as the resulting packets" {
  needs_bpf
  make_link
  mkdir "$own/near" "$own/far"
  cg set "/$mine/near" net.in=max
  cg set "/$mine/far" net.in=max
  transfer $((4 << 20)) "$own/near" "$own/far"
  wait_until has_arrived
  wait_until equals_tcp "$near" "/$mine/near"
  wait_until equals_tcp "$far" "/$mine/far"
  wait_until equals_peer "/$mine/near" "/$mine/far"
  # Each has headers of 52 bytes, including the time; the first 60. Retransmissions are payload, too.
  local payload again
  payload=$(($(stat_of "/$mine/near" tx_bytes) - 52 * $(stat_of "/$mine/near" tx_packets) - 8))
  again=$(nsenter -t "$near" -n cat /proc/net/snmp | awk '$1 == "Tcp:" && $13 ~ /^[0-9]/ { print $13 }')
  echo "$payload bytes of payload, $again segments sent again"
  [ "$payload" -ge $((4 << 20)) ]
  [ "$payload" -le $(((4 << 20) + again * 1448)) ]
  # Some packets were split.
  [ "$(nsenter -t "$near" -n ip -j -s link show v0 | jq '.[0].stats64.tx.packets')" -lt \
    $(($(stat_of "/$mine/near" tx_packets) / 2)) ]
}

# bats test_tags=slow
@test "rates are shown, exported and restored" {
  needs_bpf
  run -0 cg create "/$mine/x" net.in=1M net.out=500K/s
  run -0 cg get "/$mine/x" net.in net.out
  [ "$output" = "net.in=1048576
net.out=512000" ]
  run -0 cg get -J "/$mine/x" net.in
  [ "$output" = '{"net.in": 1048576}' ] || [ "$output" = '{"net.in":1048576}' ]
  run -0 cg get "/$mine/x"
  [[ $output == *"net.in=1048576
net.out=512000"* ]]
  run -0 cg export "/$mine/x"
  echo "$output" >"$BATS_TEST_TMPDIR/x.json"
  cg apply --into="/$mine/y" "$BATS_TEST_TMPDIR/x.json"
  run -0 cg get -v "/$mine/y" net.in net.out
  [ "$output" = "1048576
512000" ]
  cg set "/$mine/y" net.in=max
  run -0 cg get -v "/$mine/y" net.in net.out
  [ "$output" = "max
512000" ]
  # A cgroup to which nothing is attached.
  mkdir "$own/z"
  run -0 cg get -v "/$mine/z" net.in net.stat
  [ "$output" = max ]
  run -0 cg ls -J -d 0 -o RX,TX "/$mine/z"
  jq -e '.cgroups[0] == {rx: null, tx: null}' <<<"$output"
}

# bats test_tags=slow
@test "a failure detaches the programs, and --dry-run attaches none" {
  needs_bpf
  mkdir "$own/x"
  run -1 cg set "/$mine/x" net.in=1M net.out=1M cgroup.max.depth=much
  run -0 cg get -v "/$mine/x" net.stat
  [ -z "$output" ]
  cg set "/$mine/x" net.in=1M
  run -1 cg set "/$mine/x" net.in=2M cgroup.max.depth=much
  run -0 cg get -v "/$mine/x" net.in
  [ "$output" = 1048576 ]
  run -0 cg create --dry-run "/$mine/y" net.out=1M
  [ "$output" = "mkdir $own/y
nsx-cg set /$mine/y net.out=1048576" ]
  [ ! -e "$own/y" ]
  run -2 cg set "/$mine/x" net.in=fast
  [[ $output == *"expected a rate in bytes like 10M/s, or max"* ]]
  run -1 cg set "/$mine/x" net.stat=1
}

# bats test_tags=one-kernel
@test "pins outlive the command, and go with the cgroup" {
  needs_bpf
  mkdir -p "$own/x/below"
  cg set "/$mine/x" net.in=1M
  cg set "/$mine/x/below" net.in=1M
  local id
  id=$(stat -c %i "$own/x")
  run -0 in_machine ls "$pins/$id"
  [ "$(words $output)" = "buckets counters in out" ]
  cg rm -r "/$mine/x"
  run -0 in_machine find "$pins" -mindepth 1
  [ "$output" = "$pins/lock" ]
  # Removed by others: the next change removes them. A recreated cgroup of the same name is another.
  mkdir "$own/x"
  cg set "/$mine/x" net.in=1M
  id=$(stat -c %i "$own/x")
  rmdir "$own/x"
  mkdir "$own/x"
  run -0 cg get -v "/$mine/x" net.in
  [ "$output" = max ]
  is_cleaned() {
    cg set "/$mine/x" net.out=1M
    ! in_machine test -e "$pins/$id"
  }
  wait_until is_cleaned
  # run removes the counters that it made.
  run -0 --separate-stderr cg run --into="/$mine" --stats net.out=1M -- true
  [[ $stderr == *"sent: 0 in 0 packets"* ]]
  cg rm "/$mine/x"
  run -0 in_machine find "$pins" -mindepth 1
  [ "$output" = "$pins/lock" ]
}

@test "a rate of 0 blocks everything, and run reports the drops" {
  needs_bpf
  run --separate-stderr cg run --into="/$mine" --stats --json net.out=0 -- \
    unshare -n sh -c 'ip link set lo up; perl -MIO::Socket::INET -e "
      exit !IO::Socket::INET->new(Proto => q(udp), PeerAddr => q(127.0.0.1:9))->send(q(x))"'
  [ "$status" -ne 0 ]
  jq -e '.sent_packets == 0 and .sent_dropped == 1' <<<"$(tail -n 1 <<<"$stderr")"
}

# bats test_tags=slow
@test "an ordinary user learns what is missing, and nothing is left" {
  needs_bpf
  mkdir "$own/theirs"
  chown -R "$ordinary_uid" "$own/theirs"
  own_bpffs mode=1777
  run -1 in_machine "${become_user[@]}" nsx-cg create "/$mine/theirs/x" net.in=1M
  [ "$output" = "nsx-cg create: cannot limit the network of the cgroup /$mine/theirs/x: Operation not permitted"\
$'\n'"hint: needs CAP_BPF and CAP_NET_ADMIN in the initial user namespace: run as root" ]
  [ ! -e "$own/theirs/x" ]
  run -1 in_machine test -e "$pins"
  # Anybody may read root's counters.
  cg set "/$mine/theirs" net.in=1M
  run -0 in_machine "${become_user[@]}" nsx-cg get -v "/$mine/theirs" net.in
  [ "$output" = 1048576 ]
}

# bats test_tags=slow
@test "a missing bpffs, a missing capability and a directory writable by others are reported" {
  needs_bpf
  mkdir "$own/x"
  in_machine mount -t tmpfs none /sys/fs/bpf
  run -1 cg set "/$mine/x" net.in=1M
  [ "$output" = "nsx-cg set: cannot pin BPF programs in /sys/fs/bpf: no bpffs is mounted there"$'\n'"hint: mount -t bpf bpf /sys/fs/bpf" ]
  run -0 cg ls -J -d 0 -o RX "/$mine/x"
  jq -e '.cgroups[0].rx == null' <<<"$output"
  own_bpffs mode=1777
  in_machine mkdir -m 777 "$pins"
  run -1 cg set "/$mine/x" net.in=1M
  [[ $output == *"cannot pin BPF programs in $pins: other users can write to it"* ]]
  own_bpffs
  run -1 in_machine setpriv --bounding-set=-bpf,-sys_admin --inh-caps=-bpf,-sys_admin nsx-cg set "/$mine/x" net.in=1M
  [[ $output == *": Operation not permitted"*"needs CAP_BPF and CAP_NET_ADMIN"* ]]
  run -0 in_machine find /sys/fs/bpf -mindepth 1 -path "$pins/*" -name '[0-9]*'
  [ -z "$output" ]
  run -0 cg get -v "/$mine/x" net.in
  [ "$output" = max ]
}

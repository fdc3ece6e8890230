# What nsx-unshare makes is what unshare makes: nsenter enters it, lsns shows it.
load ../lib/common

look='id -u; id -g; pwd; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups
  cat /proc/1/comm; findmnt -n -o PROPAGATION /; ls /proc/self/fd | wc -l
  grep -E "^(Cap|SigBlk|SigIgn|SigCgt|Groups)" /proc/self/status; uname -n; tail -n +3 /proc/net/dev | cut -d: -f1'

same() {
  local theirs ours their_status=0 our_status=0
  theirs=$("${as[@]}" unshare "$@" -- sh -c "$look" 2>&1) || their_status=$?
  ours=$("${as[@]}" nsx-unshare "$@" -- sh -c "$look" 2>&1) || our_status=$?
  diff <(echo "$theirs") <(echo "$ours") || {
    echo "unshare and nsx-unshare differ: $*"
    return 1
  }
  [ $their_status = $our_status ]
}

@test "as root: what the program finds around itself" {
  as=()
  for options in -m "-m --propagation=slave" "-m --propagation=shared" "-m --propagation=unchanged" -u -i -n \
    "-pf --mount-proc" "-pf" -C -T -r "-r -m" "-w /usr" "-R / -w /usr" "-fp --mount-proc -r" -c \
    "-muinpCT -f --mount-proc -r" "-f --kill-child"; do
    same $options
  done
}

@test "as an ordinary user" {
  as=("${become_user[@]}")
  for options in -U -r -c "-rm" "-rn" "-rpf --mount-proc" "-cmuin" "-rmuinpCT -f --mount-proc"; do
    same $options
  done
}

@test "nsenter enters what nsx-unshare made, and lsns shows it" {
  spawn nsx-unshare -muinpCT -f --kill-child -- sleep 300
  wait_until pgrep -P "$pid" -x sleep
  target=$(pgrep -P "$pid" -x sleep)
  for kind in $(all_kinds); do
    inode=$(ns_of "$target" "$kind")
    if [ "$kind" != user ]; then
      [ "$inode" != "$(ns_of $$ "$kind")" ]
    fi
    lsns -n -l -t "$kind" -o NS | grep -qw "$inode"
  done
  run -0 nsenter -t "$target" -a -- sh -c 'stat -L -c %i /proc/self/ns/net'
  [ "$output" = "$(ns_of "$target" net)" ]
}

@test "the exit status is the same" {
  for arguments in "true" "false" "sh -c 'exit 42'" "sh -c 'kill -TERM \$\$'" "/" "nsx-no-such-program"; do
    for options in -u -f; do
      theirs=0
      eval "unshare $options -- $arguments" 2>/dev/null || theirs=$?
      ours=0
      eval "nsx-unshare $options -- $arguments" 2>/dev/null || ours=$?
      [ $theirs = $ours ]
    done
  done
}

# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # scripts for a shell inside; $child, which has_child sets
# Shared by the attack tests. Each attack is a program in this directory, built as attack-NAME. It is
# repeated: a race that is won only sometimes proves nothing in one try.

# How often an attack is repeated, and for how many seconds at most, whichever limit is reached first.
attack_tries=100 attack_seconds=60
# An emulated machine (tests/vm) is about twenty times slower, and there are three.
if [ -n "${NSX_VM:-}" ]; then
  attack_tries=5
  if [ -n "${NSX_VM_FULL:-}" ]; then attack_tries=200; fi
fi

attack_dir=$NSX_BUILD/tests/attack

# Runs a command until it fails, at most $attack_tries times or $attack_seconds long, and returns the status of
# the last run: repeat COMMAND...
repeat() {
  local i deadline=$((SECONDS + attack_seconds))
  for ((i = 0; i < attack_tries && SECONDS < deadline; i++)); do
    "$@" || return
  done
}

# Debian's own nsenter, whatever comes first in PATH: the control that shows that an attack works.
# shellcheck disable=SC2034 # for those who load this
nsenter=/usr/bin/nsenter

# Makes a root directory with busybox and the attack programs, readable by everybody: hostile_root DIR.
hostile_root() {
  local root=$1 name
  mkdir -p "$root"/{bin,lib64,proc,tmp,old,dev}
  cp "$(command -v busybox)" "$attack_dir"/attack-{overwrite,switch} "$root/bin/"
  for name in sh sleep cat id; do ln -s busybox "$root/bin/$name"; done
  cp "$attack_dir/attack-loader" "$root/lib64/ld-linux-x86-64.so.2"
  printf '#!/proc/self/exe\n' >"$root/bin/script"
  chmod -R a+rX "$root"
  chmod a+x "$root/bin/script"
  chmod 1777 "$root/tmp"
}

# Starts a container in that root, in new namespaces as by these options of unshare, which must include mount.
# $pid is its process, which runs a command of the root. An ordinary user's container also needs -r and -p.
# contain ROOT [as_user] OPTION... -- COMMAND...
contain() {
  local root=$1 user=() options=()
  shift
  if [ "$1" = as_user ]; then
    user=(as_user)
    shift
  fi
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  spawn "${user[@]}" unshare --fork --kill-child "${options[@]}" -- sh -c '
    root=$1 && shift && mount --bind "$root" "$root" && cd "$root" && mount -t proc proc proc &&
      mount -t tmpfs tmpfs tmp && pivot_root . old && /bin/busybox umount -l /old && exec "$@"' sh "$root" "$@"
  local name=${1##*/}
  wait_until has_child "$pid" "${name:0:15}"
  pid=$child
}

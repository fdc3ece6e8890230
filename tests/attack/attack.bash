# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # scripts for a shell inside; $child, which has_child sets
# What the attack tests share. Each attack is a program in this directory, built as attack-NAME, and is
# repeated: where a race is won now and then only, one try shows nothing.

# How often an attack is repeated, and for how many seconds at most: whichever comes first.
attack_tries=100 attack_seconds=60
# An emulated machine (tests/vm) is some twenty times slower, and there are three.
if [ -n "${NSX_VM:-}" ]; then
  attack_tries=5
  if [ -n "${NSX_VM_FULL:-}" ]; then attack_tries=200; fi
fi

attack_dir=$NSX_BUILD/tests/attack

# Runs a command until it fails, $attack_tries times or $attack_seconds at most; its exit status is the one of
# the last run: repeat COMMAND...
repeat() {
  local i deadline=$((SECONDS + attack_seconds))
  for ((i = 0; i < attack_tries && SECONDS < deadline; i++)); do
    "$@" || return
  done
}

# Debian's own nsenter, whatever comes first in PATH: the control that shows an attack working.
# shellcheck disable=SC2034 # for those who load this
nsenter=/usr/bin/nsenter

# A root directory that holds busybox and the attack programs: hostile_root DIR. Everybody may read it.
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

# Starts a container in that root, in new namespaces of the kinds that unshare's options ask for, among them
# mount: $pid is its process, which runs a command of the root's. An ordinary user's also needs -r and -p.
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

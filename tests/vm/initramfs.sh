#!/bin/bash
# SPDX-License-Identifier: MIT
# Assembles what a virtual machine boots: cpio archives, which the kernel unpacks one after another if they are
# concatenated.
#
#   initramfs.sh base OUT PACKAGE...       the programs of these packages as installed here, with their
#                                          libraries, the staged nsx, its tests and the guest's init;
#                                          the same for every kernel
#   initramfs.sh modules OUT KERNEL_DIR    the modules for the tests, for one kernel
#   initramfs.sh systemd OUT DIR           what makes systemd the first process
#   initramfs.sh settings OUT FILE         what one run of the guest is to do: read by init
#
# The source, the build and the staged installation have the same paths in the guest as here. Needs NSX_STAGE,
# NSX_BUILD and NSX_SOURCE. Nothing is compressed: unpacking costs more than copying.

set -euo pipefail

# Loaded by the guest's init. Kernels differ in which of them are built in, and some do not exist everywhere; their
# dependencies are included.
modules=(
  virtio_pci virtio_blk loop overlay fuse binfmt_misc
  veth bridge dummy tun macvlan ipvlan unix_diag inet_diag tcp_diag
)

fail() {
  echo "initramfs.sh: $*" >&2
  exit 1
}

tmp=
trap 'rm -rf "$tmp"' EXIT

# Archives a directory, owned by root.
pack() { # DIR OUT
  (cd "$1" && find . -mindepth 1 -print0 | sort -z | cpio --quiet -0 -o -H newc -R 0:0) >"$2"
}

# Copies the files of installed packages, without documentation and translations.
copy_packages() { # ROOT PACKAGE...
  local root=$1 path
  shift
  dpkg -L "$@" | grep -Ev '^$|^/\.$|/share/(doc|man|info|locale|lintian|bug|bash-completion|python3)/' |
    grep -Ev '^(/usr)?/lib/systemd/' | sort -u |
    while read -r path; do
      if [ -L "$path" ] || [ -f "$path" ]; then echo "$path"; fi
    done >"$tmp/files"
  # Debian's packages may still list files of /usr/bin as /bin.
  sed -E 's,^/(bin|sbin|lib|lib64)/,/usr/\1/,' "$tmp/files" | sort -u | cut -c2- |
    cpio --quiet -p -dum -D / "$root"
  # A link made by update-alternatives belongs to no package.
  ln -sf "$(basename "$(readlink -f "$(command -v awk)")")" "$root/usr/bin/awk"
}

# Copies the libraries that the programs below a directory need.
copy_libraries() { # ROOT
  local root=$1 library
  # ldd fails for files that are not dynamic.
  find "$root" -type f \( -perm -u+x -o -name '*.so*' \) -print0 |
    { xargs -0 ldd 2>/dev/null || true; } |
    sed -nE 's,^\t(.* => )?(/[^ ]+) \(0x.*,\2,p' | sort -u |
    while read -r library; do
      case $library in "$root"/*) continue ;; esac
      if [ -e "$root$library" ]; then continue; fi
      mkdir -p "$root${library%/*}"
      cp -L "$library" "$root$library"
    done
}

# The few files of /etc that programs read: the guest has no user of this machine.
write_etc() { # ROOT
  local etc=$1/etc
  mkdir -p "$etc"
  cat >"$etc/passwd" <<END
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
END
  cat >"$etc/group" <<END
root:x:0:
daemon:x:1:
tty:x:5:
nogroup:x:65534:
END
  printf 'passwd: files\ngroup: files\nhosts: files\n' >"$etc/nsswitch.conf"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$etc/hosts"
  echo nsx-vm >"$etc/hostname"
  : >"$etc/fstab"
  ln -s ../proc/self/mounts "$etc/mtab"
  ldconfig -r "$1"
}

# The build's libraries, and the programs that tests run from it.
copy_build() { # ROOT
  local dirs=() dir
  for dir in lib tests; do
    if [ -d "$NSX_BUILD/$dir" ]; then dirs+=("$dir"); fi
  done
  mkdir -p "$1$NSX_BUILD"
  if [ "${#dirs[@]}" -eq 0 ]; then return; fi
  (cd "$NSX_BUILD" && find "${dirs[@]}" -name '*.p' -prune -o \
    \( -type f -perm -u+x -o -name '*.so*' \) -print0) |
    cpio --quiet -0 -p -dum -D "$NSX_BUILD" "$1$NSX_BUILD"
}

base() { # OUT PACKAGE...
  local out=$1 root=$tmp/root dir
  shift
  : "${NSX_STAGE:?}" "${NSX_BUILD:?}" "${NSX_SOURCE:?}"
  [ -x "$NSX_STAGE/usr/bin/nsx-ls" ] || fail "no nsx is installed below $NSX_STAGE"

  mkdir -p "$root"/{usr/bin,usr/sbin,usr/lib,usr/lib64,proc,sys,dev,run,tmp,root,mnt,home,var/lib,var/tmp}
  for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$root/$dir"; done
  ln -s /run "$root/var/run"
  chmod 1777 "$root/tmp" "$root/var/tmp"
  chmod 700 "$root/root"

  copy_packages "$root" "$@"
  mkdir -p "$root$NSX_STAGE" "$root$NSX_SOURCE/tests"
  cp -a "$NSX_STAGE/." "$root$NSX_STAGE"
  # Found like an installed one: LD_LIBRARY_PATH would make every program search it for every library in vain.
  ln -s "$(find "$NSX_STAGE" -name libnsx.so.0)" "$root/usr/lib/"
  for dir in attack cli data lib peers unit vm; do
    if [ -d "$NSX_SOURCE/tests/$dir" ]; then cp -a "$NSX_SOURCE/tests/$dir" "$root$NSX_SOURCE/tests/"; fi
  done
  copy_build "$root"
  copy_libraries "$root"
  write_etc "$root"
  install -m 755 "$NSX_SOURCE/tests/vm/init" "$root/init"
  pack "$root" "$out"
}

# Copies the modules and their dependencies, uncompressed, with an index for modprobe.
modules() { # OUT KERNEL_DIR
  local out=$1 dir=$2 root=$tmp/root release module path target have=()
  release=$(basename "$dir"/lib/modules/*)
  local lib=lib/modules/$release
  mkdir -p "$root/usr/$lib" "$root/etc"
  for module in "${modules[@]}"; do
    if modprobe -d "$dir" -S "$release" --show-depends "$module" >>"$tmp/depends" 2>/dev/null; then
      have+=("$module")
    fi
  done
  sed -n 's/^insmod \([^ ]*\).*/\1/p' "$tmp/depends" | sort -u >"$tmp/paths"
  while read -r path; do
    target=$root/usr/$lib/${path##*/"$release"/}
    mkdir -p "${target%/*}"
    case $path in
      *.xz) xz -dc "$path" >"${target%.xz}" ;;
      *.zst) zstd -qdc "$path" >"${target%.zst}" ;;
      *) cp "$path" "$target" ;;
    esac
  done <"$tmp/paths"
  cp "$dir/$lib"/modules.{order,builtin,builtin.modinfo} "$root/usr/$lib/"
  ln -s usr/lib "$root/lib"
  depmod -b "$root" "$release"
  rm "$root/lib"
  printf '%s\n' "${have[@]}" >"$root/etc/modules"
  # As systemd sets it: loading the module creates no interface.
  mkdir "$root/etc/modprobe.d"
  echo 'options dummy numdummies=0' >"$root/etc/modprobe.d/nsx-vm.conf"
  pack "$root" "$out"
}

# Adds systemd, as unpacked by systemd.sh, and its configuration.
systemd() { # OUT DIR
  local root=$tmp/root top
  cp -a "$2" "$root"
  rm -rf "$root"/usr/share/{doc,info,locale,man,perl*} "$root"/usr/lib/*-linux-gnu/{gconv,perl*,libperl*}
  # /bin is /usr/bin in the base, whatever the paths in these packages.
  for top in bin sbin lib lib64; do
    if [ ! -d "$root/$top" ]; then continue; fi
    mkdir -p "$root/usr/$top"
    cp -a "$root/$top/." "$root/usr/$top"
    rm -r "${root:?}/$top"
  done
  cp -a "$NSX_SOURCE/tests/vm/systemd/." "$root"
  # Not generated anew at every boot.
  echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
  pack "$root" "$1"
}

settings() { # OUT FILE
  mkdir -p "$tmp/root/etc"
  cp "$2" "$tmp/root/etc/nsx-vm"
  pack "$tmp/root" "$1"
}

case ${1:-} in
  base | modules | systemd | settings)
    tmp=$(mktemp -d)
    umask 022
    "$@"
    ;;
  *) fail "usage: initramfs.sh base OUT PACKAGE... | modules OUT KERNEL_DIR | systemd OUT DIR | settings OUT FILE" ;;
esac

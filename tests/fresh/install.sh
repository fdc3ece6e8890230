#!/bin/sh
# SPDX-License-Identifier: MIT
# Follows the installation in README.md as a newcomer would: after quickstart.sh, in a new shell, everything is found by
# its name; after uninstalling, nothing is left. Usage: sudo sh tests/fresh/install.sh [PREFIX]
set -eu

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
prefix=${1:-/usr/local}
build_dir=$source_dir/build
. "$source_dir/tools/packages.sh"
install_packages man-db bash-completion g++ pkg-config libexpected-dev meson ninja-build

fail() {
  echo "tests/fresh/install.sh: $*" >&2
  exit 1
}

# Caches belong to the system, and change with every installation.
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /run -o -path /root -o -path "$source_dir" -o -path /var \) -prune \
    -o -path /etc/ld.so.cache -o -print | LC_ALL=C sort
}

# As after a login: with the PATH of root or an ordinary user, and in a directory of its own.
new_shell() {
  (cd / && env -i HOME=/root TERM=dumb PATH="$prefix/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    MANPATH="$manpath" bash -c "$1")
}
manpath=
case $prefix in /usr | /usr/local) ;; *) manpath=$prefix/share/man ;; esac

before=$(files)
meson configure -Dprefix="$prefix" "$build_dir"
meson install -C "$build_dir" >/dev/null

for tool in nsx-unshare nsx-enter nsx-ls nsx-pin nsx-cg; do
  [ "$(new_shell "command -v $tool")" = "$prefix/bin/$tool" ] || fail "$tool is not found"
  new_shell "$tool --version" | grep -q "^$tool " || fail "$tool does not start"
  new_shell "man -P cat $tool" | grep -q "^NAME" || fail "there is no manual of $tool"
done
new_shell "man -P cat nsx" | grep -q "^NAME" || fail "there is no nsx(7)"
new_shell "nsx-unshare -u -- true && nsx-ls -t net >/dev/null && nsx-enter -t \$\$ -u -- true && nsx-pin ls &&
  nsx-cg --help >/dev/null" || fail "a command fails"
# Where bash and the dynamic linker search by default.
case $prefix in
  /usr | /usr/local)
    # shellcheck disable=SC2016 # for the inner shell
    new_shell '. /usr/share/bash-completion/bash_completion
      _completion_loader nsx-ls || [ $? = 124 ]
      COMP_WORDS=(nsx-ls --js) COMP_CWORD=1 COMP_LINE="nsx-ls --js" COMP_POINT=11
      "$(complete -p nsx-ls | sed "s/.*-F \([^ ]*\).*/\1/")" nsx-ls --js nsx-ls
      [ "${COMPREPLY[0]% }" = --json ]' || fail "bash does not complete nsx-ls"
    # A program that uses the library starts, too, without being told where it is.
    new_shell "cd /tmp && c++ -std=c++20 -o nsx-example '$source_dir/examples/who.cc' \$(pkg-config --cflags --libs nsx) &&
      ./nsx-example \$\$ >/dev/null && rm nsx-example" || fail "a program that uses libnsx does not start"
    ;;
esac

ninja -C "$build_dir" uninstall >/dev/null
left=$(files)
[ "$before" = "$left" ] || {
  echo "$before" >/tmp/nsx-before
  echo "$left" | diff /tmp/nsx-before - >&2 || true
  rm /tmp/nsx-before
  fail "uninstalling leaves something"
}
echo "installed below $prefix, used, and uninstalled"

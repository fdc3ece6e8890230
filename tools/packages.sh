# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# The Debian packages that nsx needs, and a function that installs the missing ones.
# Sourced by quickstart.sh, tests/run.sh, packaging/build-deb.sh and .ci/run.

# dpkg-dev lets meson find Debian's library directory: anywhere else, ld.so and pkg-config would not find libnsx.
build_packages="clang dpkg-dev g++ meson ninja-build pkg-config libexpected-dev libncurses-dev
  libsmartcols-dev nlohmann-json3-dev"
test_packages="apparmor attr bash-completion bats binutils bsdutils bubblewrap busybox-static cgroup-tools
  containernetworking-plugins libcap2-bin fish iproute2 iputils-ping jq kmod libdevmapper1.02.1 libgtest-dev mandoc mount nftables passwd patch perl-base procps
  python3-jsonschema runc socat strace systemd tcpdump tmux uidmap util-linux zsh"
deb_packages="debhelper git python3"
lint_packages="clang-format clang-tidy shellcheck libclang-rt-14-dev"

# Another apt-get may be running, as for a while after a machine has booted: waits at most 5 minutes.
run_apt_get() {
  tries=150
  until said=$(LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" 2>&1); do
    case $said in
      *"Could not get lock"*) tries=$((tries - 1)) ;;
      *) tries=0 ;;
    esac
    if [ "$tries" = 0 ]; then
      echo "$said" >&2
      return 1
    fi
    sleep 2
  done
}

# Installs the missing ones of the given packages, and lists them.
install_packages() {
  missing=
  for package in "$@"; do
    if ! dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then
      missing="$missing $package"
    fi
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    echo "These Debian packages are missing; install them as root:$missing" >&2
    return 1
  fi
  echo "== installing Debian packages:$missing"
  # shellcheck disable=SC2086 # a list of words
  { run_apt_get update && run_apt_get install -y --no-install-recommends $missing; } || {
    echo "Could not install:$missing. This needs Debian 12 or newer, and access to its archive." >&2
    return 1
  }
}

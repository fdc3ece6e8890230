# shellcheck shell=sh disable=SC2034
# The Debian packages that nsx needs, and how to install what is missing of them.
# Sourced by quickstart.sh, tests/run.sh and .ci/run.

build_packages="clang g++ meson ninja-build pkg-config libbpf-dev libexpected-dev libmnl-dev libncurses-dev
  libsmartcols-dev nlohmann-json3-dev"
test_packages="attr bash-completion bats binutils bsdutils bubblewrap busybox-static cgroup-tools
  containernetworking-plugins fish iproute2 iputils-ping jq kmod libgtest-dev mandoc mount passwd perl-base procps
  python3-jsonschema runc strace tmux uidmap util-linux zsh"
lint_packages="clang-format clang-tidy shellcheck libclang-rt-14-dev"

# Installs those of the given packages that are missing, and says which.
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
  {
    apt-get update -qq &&
      DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing \
        >/dev/null
  } || {
    echo "Could not install:$missing. Is this Debian 12 or newer, with its archive in reach?" >&2
    return 1
  }
}

# SPDX-License-Identifier: MIT
# Packages of Debian's archives, fetched and unpacked but never installed. The loading script must define say().
# shellcheck shell=bash

archive_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The archive's address: that from which this machine gets its own release of Debian.
mirror() {
  if [ -n "${NSX_VM_MIRROR:-}" ]; then
    echo "${NSX_VM_MIRROR%/}"
    return
  fi
  local codename
  codename=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-}") || codename=
  if [ -z "$codename" ]; then
    say "this machine is not Debian's: set NSX_VM_MIRROR to the address of a Debian archive"
    return 1
  fi
  local address
  address=$(apt-get --print-uris update 2>/dev/null |
    sed -n "s|^'\(.*\)/dists/$codename/InRelease'.*|\1|p" | head -n 1)
  if [ -z "$address" ]; then
    say "apt has no source with the suite $codename: set NSX_VM_MIRROR to a Debian archive"
    return 1
  fi
  echo "$address"
}

# Writes a private apt configuration of some suites, with its own lists, cache and state: configure_apt DIR
# SUITE... The machine's proxies and certificates apply, its sources, preferences and hooks do not.
configure_apt() {
  local dir=$1 address suite
  shift
  address=$(mirror) || return 1
  mkdir -p "$dir/lists/partial" "$dir/archives/partial"
  for suite in "$@"; do
    echo "deb [arch=amd64 signed-by=$archive_keyring] $address $suite main"
  done >"$dir/sources.list"
  : >"$dir/status"
  : >"$dir/preferences"
  mkdir -p "$dir/none"
  cat >"$dir/apt.conf" <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Pre-Invoke;
#clear DPkg::Post-Invoke;
APT::Architecture "amd64";
#clear APT::Architectures;
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
Dir::State "$dir";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir";
Dir::Cache::archives "$dir/archives";
Dir::Cache::pkgcache "$dir/pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "$dir/none";
Dir::Etc::preferences "$dir/preferences";
Dir::Etc::preferencesparts "$dir/none";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
CONF
}

# apt with the configuration in a directory: private_apt DIR COMMAND ARGS...
private_apt() {
  local conf=$1/apt.conf tool=$2
  shift 2
  "$tool" -c "$conf" "$@"
}

# Fetches and unpacks packages with all their dependencies, if the first of them is newer than the cached one, and
# prints the directory: newest_unpacked CACHE "SUITE..." PACKAGE... It asks the archive once a day. Packages of the
# last suite override others. Exit status: 0, or 3 if they are not cached and cannot be fetched.
newest_unpacked() {
  local cache=$1 suites found
  read -r -a suites <<<"$2"
  shift 2
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  # Another list of packages has another directory.
  if [ -e "$cache/packages" ] && [ "$(<"$cache/packages")" != "${suites[*]}: $*" ]; then
    rm -rf "$cache"/{checked,"$1"-*}
  fi
  if [ -z "$(find "$cache/checked" -mtime -1 2>/dev/null)" ]; then
    if fetch_newest "$@"; then
      echo "${suites[*]}: $*" >"$cache/packages"
      touch "$cache/checked"
    else
      say "cannot fetch $1 of ${suites[*]}"
    fi
  fi
  found=$(find "$cache" -mindepth 1 -maxdepth 1 -name "$1-*" ! -name '*.new' -type d | sort -V | tail -n 1)
  [ -n "$found" ] || return 3
  echo "$found"
}

# With the variables of newest_unpacked.
fetch_newest() {
  local version directory package
  configure_apt "$cache/apt" "${suites[@]}" || return 1
  private_apt "$cache/apt" apt-get -q update >&2 || return 1
  version=$(private_apt "$cache/apt" apt-cache policy "$1" | sed -n 's/^  Candidate: //p')
  directory=$cache/$1-$version
  [ ! -d "$directory" ] || return 0
  rm -f "$cache"/apt/archives/*.deb
  private_apt "$cache/apt" apt-get -q -y --no-install-recommends --download-only -t "${suites[-1]}" install "$@" >&2 ||
    return 1
  rm -rf "$directory.new"
  mkdir "$directory.new"
  for package in "$cache"/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$directory.new" || return 1
  done
  rm -f "$cache"/apt/archives/*.deb
  mv "$directory.new" "$directory"
}

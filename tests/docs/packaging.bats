# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # set by bats and the loaded files
# bats file_tags=rootless
load ../lib/common

@test "apparmor_parser accepts the profile of nsx-unshare" {
  local profile=$NSX_SOURCE/packaging/apparmor/nsx-unshare PATH=$PATH:/usr/sbin:/sbin version parsed
  command -v apparmor_parser || cannot "parse the profile: apparmor_parser is missing"
  version=$(apparmor_parser --version | sed -n 's/^AppArmor parser version //p')
  parsed=$BATS_TEST_TMPDIR/profile
  cp "$profile" "$parsed"
  # Debian 12 has 3.0, which knows neither this ABI nor user namespaces: it parses the other lines.
  if [ "${version%%.*}" -lt 4 ]; then
    run -1 apparmor_parser --skip-kernel-load --skip-cache "$profile"
    grep -vxE 'abi <abi/4.0>,|  userns,' "$profile" >"$parsed" || true
    [ "$(($(wc -l <"$profile") - $(wc -l <"$parsed")))" = 2 ]
  fi
  run -0 apparmor_parser --skip-kernel-load --skip-cache --names "$parsed"
  [ "${lines[-1]}" = nsx-unshare ]
}

@test "the AppArmor profile is installed where the hint and its comment name it, and is disabled" {
  run -0 find "$NSX_STAGE" -path '*/nsx/apparmor/nsx-unshare' -printf '/%P\n'
  [ "${#lines[@]}" = 1 ]
  grep -aqF "cp $output /etc/apparmor.d/" "$(command -v nsx-unshare)"
  [ "$output" != /usr/share/nsx/apparmor/nsx-unshare ] || grep -qF "cp $output /etc/apparmor.d/" "$NSX_STAGE$output"
  [ ! -e "$NSX_STAGE/etc/apparmor.d" ]
}

@test "the Debian packages have the version of meson.build, and no other" {
  local version
  version=$(sed -n "s/^  version: '\(.*\)',\$/\1/p" "$NSX_SOURCE/meson.build")
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
  run -0 nsx-ls --version
  [ "$output" = "nsx-ls (nsx) $version" ]
  run -1 grep -rF "$version" "$NSX_SOURCE/packaging"
}

@test "the copyright file of the Debian packages has the text of LICENSE" {
  diff <(sed '1,2d' "$NSX_SOURCE/LICENSE" | grep -v '^Copyright' | grep .) \
    <(sed -n '/^License: Expat$/,$p' "$NSX_SOURCE/packaging/debian/copyright" | grep '^ ' | sed 's/^ //' | grep -vx '\.')
}

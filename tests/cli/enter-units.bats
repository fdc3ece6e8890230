#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=vm-only,systemd
# nsx-enter --tools, --get, --put and --bind with services of systemd. The machine `systemd` of
# tests/vm/run.sh runs this.
# shellcheck disable=SC2154 # set by bats and the loaded files

load ../lib/common
load ../lib/containers

setup() {
  # shellcheck disable=SC2034 # used by common.bash
  spawned=()
  # A unit with PrivateTmp= has another /tmp.
  root=/var/lib/nsx-test-root
  make_busybox_root "$root"
  mkdir -p "$root"/{app,dev,run,sys,var/tmp}
  : >"$root/etc/os-release"
}

teardown() {
  systemctl stop nsx-rooted.service nsx-private.service 2>/dev/null || true
  systemctl reset-failed 2>/dev/null || true
  end_spawned
  rm -rf "$root"
}

@test "a service with a root directory and a /tmp of its own" {
  systemd-run -q --unit=nsx-rooted -p RootDirectory="$root" -p PrivateTmp=yes -p MountAPIVFS=yes /bin/busybox sleep 300
  run -0 nsx-enter -t unit:nsx-rooted --tools -- sh -c 'ls -d /target/app; touch /target/tmp/made; cat /proc/1/comm
    echo $NSX_TARGET'
  [ "$output" = "/target/app
systemd
unit:nsx-rooted" ]
  [ ! -e "$root/tmp/made" ]
  echo conf >"$BATS_TEST_TMPDIR/conf"
  nsx-enter -t unit:nsx-rooted --put="$BATS_TEST_TMPDIR/conf:/app/" --get=/app/conf:-
  [ "$(cat "$root/app/conf")" = conf ]
  run -0 nsx-enter -t unit:nsx-rooted --bind="$BATS_TEST_TMPDIR:/app:ro"
  run -0 nsx-enter -t unit:nsx-rooted --tools -- cat /target/app/conf
  [ "$output" = conf ]
  nsx-enter -t unit:nsx-rooted --unbind=/app
}

@test "a service with only a /tmp of its own" {
  systemd-run -q --unit=nsx-private -p PrivateTmp=yes sh -c 'echo private >/tmp/file; exec sleep 300'
  there() { nsx-enter -t unit:nsx-private -m -- test -s /tmp/file; }
  wait_until there
  run -0 nsx-enter -t unit:nsx-private --tools -- cat /target/tmp/file
  [ "$output" = private ]
  [ ! -e /tmp/file ]
}

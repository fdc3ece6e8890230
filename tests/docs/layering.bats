# shellcheck disable=SC2154,SC2030,SC2031 # what bats and the loaded files set
load ../lib/common

# What each part of the source may include; DESIGN in HACKING.md says why. The layers are held by
# this test as one library needs one include directory.

# Each #include of the files below a directory: "FILE <nsx/fd.hh>", "FILE "kernel/abi.hh"".
includes_of() {
  cd "$NSX_SOURCE" || return
  grep -rHoE --include='*.cc' --include='*.hh' '^ *# *include +[<"][^>"]*[>"]' "$1" |
    sed -E 's/: *# *include +/ /'
}

# Fails and shows what the files below a directory include besides what matches a regular
# expression: only DIRECTORY QUOTED ANGLED. "Angled" are those in angle brackets that have a
# directory of ours or come from elsewhere than the system.
only_includes() {
  local found extra
  found=$(includes_of "$1")
  [ -n "$found" ] || {
    echo "no #include found below $1"
    return 1
  }
  extra=$(grep -vE " (\"($2)|<($3))" <<<"$found") || true
  [ -z "$extra" ] || {
    echo "not for $1 to include:"
    echo "$extra"
    return 1
  }
}

# Headers of the system and of the C++ library; with a directory only these of the kernel and libc.
system='[a-z_0-9]+(\.h)?>|(sys|linux|net|netinet|arpa|asm|bits)/'

@test "the kernel layer uses nothing of ours but the public headers" {
  only_includes lib/kernel 'kernel/' "$system|nsx/|libmnl/"
}

@test "discovery uses the kernel layer" {
  only_includes lib/discovery '(kernel|discovery)/' "$system|nsx/"
}

@test "plans use the kernel layer" {
  only_includes lib/plan '(kernel|plan)/' "$system|nsx/"
}

@test "targets use the kernel layer, and nlohmann's JSON in one file" {
  only_includes lib/target '(kernel|target)/' "$system|nsx/|nlohmann/json\.hpp>"
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rl 'nlohmann' lib/target tools --include='*.cc' --include='*.hh'"
  [ "$output" = lib/target/json_state.cc ]
}

@test "cgroups use the kernel layer, and libbpf and nlohmann's JSON in one file each" {
  only_includes lib/cgroup '(kernel|cgroup)/' "$system|nsx/|bpf/libbpf\.h>|nlohmann/json\.hpp>"
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rl 'bpf/libbpf' lib tools --include='*.cc' --include='*.hh'"
  [ "$output" = lib/cgroup/net_load.cc ]
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rl 'nlohmann' lib/cgroup"
  [ "$output" = lib/cgroup/snapshot_json.cc ]
}

@test "pins use the kernel layer" {
  only_includes lib/pin '(kernel|pin)/' "$system|nsx/"
}

@test "netlink uses libmnl and the public headers" {
  only_includes lib/net 'net/' "$system|nsx/|libmnl/"
}

@test "only nsx-pin uses netlink" {
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rlE '\"net/|libmnl' lib tools --include='*.cc' --include='*.hh' |
    sed 's,/[^/]*\$,,' | sort -u"
  [ "$output" = $'lib/net\ntools/nsx-pin' ]
}

@test "public headers use each other, and of all libraries only expected" {
  only_includes lib/nsx '$.' "$system|nsx/|tl/expected\.hpp>"
}

@test "the library has no layer that these tests do not know" {
  # pch is precompiled, no layer.
  run -0 find "$NSX_SOURCE/lib" -mindepth 1 -maxdepth 1 -type d -printf '%f '
  [ "$(printf '%s\n' $output | sort | tr '\n' ' ')" = "cgroup discovery kernel net nsx pch pin plan target " ]
}

@test "tools use the public headers, tools/common and what is their own" {
  for directory in "$NSX_SOURCE"/tools/*/; do
    tool=$(basename "$directory")
    own="common|$tool"
    if [ "$tool" = nsx-pin ]; then own+="|net"; fi
    only_includes "tools/$tool" "($own)/" "$system|nsx/|libsmartcols\.h>"
  done
}

@test "only the tables of tools/common use libsmartcols" {
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rl 'libsmartcols.h' lib tools --include='*.cc' --include='*.hh'"
  [ "$output" = tools/common/table.cc ]
}

@test "only the terminal of nsx-cg top uses ncurses" {
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rlE '<(n?curses|term)\\.h>' lib tools --include='*.cc' --include='*.hh' | sort"
  [ "$output" = "tools/nsx-cg/top_terminal.cc
tools/nsx-cg/top_terminfo.cc" ]
}

@test "the library reads no environment, prints nothing and never exits" {
  code=$(cd "$NSX_SOURCE" && grep -rnwE \
    'getenv|secure_getenv|environ|v?f?printf|v?dprintf|puts|fputs|putchar|fwrite|perror|cout|cerr|iostream|v?warnx?|v?errx?|_?exit|_Exit|quick_exit|abort|terminate' \
    lib --include='*.cc' --include='*.hh' | grep -vE '^[^:]*:[0-9]+: *//|"environ"') || true
  [ -z "$code" ] || {
    echo "in the library:"
    echo "$code"
    return 1
  }
}

@test "nothing includes iostreams, std::filesystem or std::regex, which make starting slow" {
  run -1 grep -rnE --include='*.cc' --include='*.hh' \
    '^ *# *include +<(iostream|fstream|sstream|ostream|istream|iomanip|filesystem|regex)>' \
    "$NSX_SOURCE/lib" "$NSX_SOURCE/tools"
}

@test "each tool starts with the libraries that it needs, and no others" {
  local tool
  needed() {
    readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\([a-z]*\)[-.w].*/\1/p' | grep -vx 'libc\|ld' | sort | xargs
  }
  # The sanitizers' build has no static runtime.
  if needed "$(command -v nsx-unshare)" | grep -qw libasan; then cannot "tell: built with sanitizers"; fi
  for tool in nsx-unshare nsx-enter; do
    [ "$(needed "$(command -v $tool)")" = "libnsx" ]
  done
  [ "$(needed "$(command -v nsx-ls)")" = "libnsx libsmartcols" ]
  [ "$(needed "$(command -v nsx-pin)")" = "libmnl libnsx libsmartcols" ]
  [ "$(needed "$(command -v nsx-cg)")" = "libncursesw libnsx libsmartcols libtinfo" ]
  [ "$(needed "$(find "$NSX_STAGE" -name libnsx.so.0)")" = "" ]
}

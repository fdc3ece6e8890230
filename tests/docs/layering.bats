# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
# bats file_tags=rootless
load ../lib/common

# What each part of the source may include; "Layers" in HACKING.md has the picture. These tests enforce the layers, as
# one library has one include directory. Every .cc file except the starter's may include try.hh.

# Each #include of the files below a directory: "FILE <nsx/fd.hh>", "FILE "kernel/abi.hh"".
includes_of() {
  cd "$NSX_SOURCE" || return
  grep -rHoE --include='*.cc' --include='*.hh' '^ *# *include +[<"][^>"]*[>"]' "$1" |
    sed -E 's/: *# *include +/ /'
}

# Fails and shows the includes of the files below a directory that match no regular expression:
# only_includes DIRECTORY QUOTED ANGLED. "Angled" are includes in angle brackets with a directory of nsx or from
# outside the system.
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

@test "the kernel layer uses only the public headers" {
  only_includes lib/kernel 'kernel/|(quantity|try)\.hh"' "$system|nsx/"
}

# The layers of libnsx, from the lowest. An object file may use functions of its own layer and of lower ones.
@test "each layer of the library links only against lower ones" {
  local objects=$NSX_BUILD/lib/libnsx-static.a.p layers=(kernel discovery pin target cgroup plan) layer file found
  [ -d "$objects" ]
  for layer in "${layers[@]}"; do
    for file in "$objects/${layer}"_*.o; do
      # Functions of templates and inline functions may be defined in several files.
      nm --defined-only "$file" | awk -v layer="$layer" '$2 ~ /^[TDBRu]$/ && $3 ~ /3nsx/ { print "d", $3, layer }'
      nm --undefined-only "$file" | awk -v layer="$layer" -v file="${file##*/}" '$2 ~ /3nsx/ { print "u", $2, layer, file }'
    done
  done >"$BATS_TEST_TMPDIR/symbols"
  [ "$(grep -c '^d' "$BATS_TEST_TMPDIR/symbols")" -gt 300 ]
  found=$(awk -v order="${layers[*]}" '
    BEGIN { n = split(order, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i }
    $1 == "d" { layer_of[$2] = $3 }
    $1 == "u" && $2 in layer_of && rank[layer_of[$2]] > rank[$3] { print $4 " uses " layer_of[$2] ": " $2 }
    ' <(sort "$BATS_TEST_TMPDIR/symbols")) || true
  [ -z "$found" ] || {
    c++filt <<<"$found"
    return 1
  }
}

@test "discovery uses the kernel layer" {
  only_includes lib/discovery '(kernel|discovery)/|try\.hh"' "$system|nsx/"
}

@test "plans use the kernel layer, and the interface of the starter" {
  only_includes lib/plan '(kernel|plan)/|starter/starter\.hh|starter_bytes\.inc|try\.hh"' "$system|nsx/"
}

@test "the starter uses no library, not even libc" {
  only_includes lib/starter 'starter/' "$system"
}

# Each file of the library and the tools with code that matches a regular expression.
files_with() {
  (cd "$NSX_SOURCE" && grep -rnE "$1" lib tools --include='*.cc' --include='*.hh') |
    grep -vE '^[^:]*:[0-9]+: *//' | cut -d: -f1 | sort -u
}

@test "one file starts children, and one makes socket pairs and messages with descriptors" {
  # The jobs of nsx-pin exec are the tool once more, which may not use the library's internals.
  run -0 files_with '(^|[^A-Za-z])::_?v?[fF]ork\(|SYS_v?fork|SYS_clone|::clone\('
  [ "$output" = $'lib/kernel/spawn.cc\ntools/nsx-pin/exec.cc' ]
  run -0 files_with 'socketpair\(|(send|recv)msg\(|SCM_RIGHTS'
  [ "$output" = lib/kernel/channel.cc ]
}

@test "targets use the kernel layer and the names of cgroups, and nlohmann's JSON in one file" {
  only_includes lib/target '(kernel|target)/|discovery/cgroup_names\.hh|try\.hh"' "$system|nsx/|nlohmann/json\.hpp>"
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rl 'nlohmann' lib/target tools --include='*.cc' --include='*.hh'"
  [ "$output" = lib/target/json_state.cc ]
}

@test "cgroups use the kernel layer" {
  only_includes lib/cgroup '(kernel|cgroup)/|(quantity|symbols|try)\.hh"' "$system|nsx/"
}

@test "programs in the kernel use the headers of Linux only" {
  run -1 bash -c "cd '$NSX_SOURCE' && grep -rhE '^ *# *include <' lib --include='*.bpf.c' --include='*.h' | grep -v '<linux/'"
}

@test "the private part of nsx-cg uses the cgroup layer, and nlohmann's JSON in one file" {
  only_includes lib/account '(kernel|cgroup|account)/|try\.hh"' "$system|nsx/|nlohmann/json\.hpp>"
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rl 'nlohmann' lib/account"
  [ "$output" = lib/account/snapshot_json.cc ]
}

@test "pins use the kernel layer" {
  only_includes lib/pin '(kernel|pin)/|try\.hh"' "$system|nsx/"
}

@test "the private part of nsx-pin uses the pin layer" {
  only_includes lib/upkeep '(kernel|pin|upkeep)/|try\.hh"' "$system|nsx/"
}

@test "the network part of nsx-pin uses the kernel layer's netlink" {
  only_includes lib/net 'net/|kernel/netlink\.hh|try\.hh"' "$system|nsx/"
}

@test "only nsx-pin uses its network part" {
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rl '\"net/' lib tools --include='*.cc' --include='*.hh' |
    sed 's,/[^/]*\$,,' | sort -u"
  [ "$output" = $'lib/net\ntools/nsx-pin' ]
}

@test "the file copies of nsx-enter use the kernel layer, and no other tool uses them" {
  only_includes lib/transfer '(kernel|transfer)/|try\.hh"' "$system|nsx/"
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rl '\"transfer/' lib tools --include='*.cc' --include='*.hh' |
    sed 's,/[^/]*\$,,' | sort -u"
  [ "$output" = $'lib/transfer\ntools/nsx-enter' ]
}

@test "public headers use each other, and of all libraries only expected" {
  only_includes lib/nsx '$.' "$system|nsx/|tl/expected\.hpp>"
}

@test "try.hh, which has a macro without a prefix, is included by no header" {
  run -1 grep -rlE '^ *# *include +"try\.hh"' --include='*.hh' "$NSX_SOURCE/lib" "$NSX_SOURCE/tools"
}

@test "these tests cover every layer of the library" {
  # pch has precompiled headers and is no layer.
  run -0 find "$NSX_SOURCE/lib" -mindepth 1 -maxdepth 1 -type d -printf '%f '
  [ "$(printf '%s\n' $output | sort | tr '\n' ' ')" = "account cgroup discovery kernel net nsx pch pin plan starter target transfer upkeep " ]
}

@test "tools use the public headers, tools/common and their own files" {
  for directory in "$NSX_SOURCE"/tools/*/; do
    tool=$(basename "$directory")
    own="common|$tool"
    case $tool in
      nsx-enter) own+="|transfer" ;;
      nsx-pin) own+="|net|upkeep" ;;
      nsx-cg) own+="|account" ;;
    esac
    only_includes "tools/$tool" "($own)/|(quantity|symbols|try)\.hh\"" "$system|nsx/|libsmartcols\.h>"
  done
}

@test "only one file of tools/common uses libsmartcols" {
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rl 'libsmartcols.h' lib tools --include='*.cc' --include='*.hh'"
  [ "$output" = tools/common/smartcols.cc ]
}

@test "only the terminal of nsx-cg top uses ncurses" {
  run -0 bash -c "cd '$NSX_SOURCE' && grep -rlE '<(n?curses|term)\\.h>' lib tools --include='*.cc' --include='*.hh' | sort"
  [ "$output" = "tools/nsx-cg/top_terminal.cc
tools/nsx-cg/top_terminfo.cc" ]
}

@test "each source file begins with its licence" {
  local file
  cd "$NSX_SOURCE"
  run -0 find lib tools tests completions examples '(' -name '*.cc' -o -name '*.hh' -o -name '*.c' -o -name '*.h' \
    -o -name '*.sh' -o -name '*.bash' -o -name '*.bats' -o -name meson.build ')' -not -path 'tests/data/*'
  [ "${#lines[@]}" -gt 400 ]
  for file in "${lines[@]}"; do
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || {
      echo "no SPDX line: $file"
      return 1
    }
  done
}

@test "HACKING.md and doc/decisions.md name only files that exist, and HACKING.md is short" {
  local name
  cd "$NSX_SOURCE"
  [ "$(wc -l <HACKING.md)" -le 250 ]
  run -0 grep -ohE '[a-z_-]+\.(cc|hh|sh|bats)\b' HACKING.md doc/decisions.md
  while read -r name; do
    [ -n "$(find . -name "$name" -not -path './build*' -print -quit)" ] || {
      echo "$name does not exist"
      return 1
    }
  done < <(sort -u <<<"$output" | grep -v '^foo')
}

# The process that becomes the program has the program's environment, whose PATH execvp(3) would search.
@test "the library reads no environment, prints nothing and never exits" {
  code=$(cd "$NSX_SOURCE" && grep -rnwE \
    'getenv|secure_getenv|environ|v?f?printf|v?dprintf|puts|fputs|putchar|fwrite|perror|cout|cerr|iostream|v?warnx?|v?errx?|_?exit|_Exit|quick_exit|abort|terminate' \
    lib --include='*.cc' --include='*.hh' | grep -vE '^[^:]*:[0-9]+: *//|"environ"' |
    grep -vE '^lib/plan/(sealed_start|perform_process)\.cc:[0-9]+:.*(getenv\("PATH"\)|::environ)') || true
  [ -z "$code" ] || {
    echo "in the library:"
    echo "$code"
    return 1
  }
}

@test "no file includes iostreams, std::filesystem or std::regex, which slow down starts" {
  run -1 grep -rnE --include='*.cc' --include='*.hh' \
    '^ *# *include +<(iostream|fstream|sstream|ostream|istream|iomanip|filesystem|regex)>' \
    "$NSX_SOURCE/lib" "$NSX_SOURCE/tools"
}

@test "each tool loads only the libraries it needs" {
  local tool
  needed() {
    readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\([a-z_]*\)[-.w+].*/\1/p' | grep -vx 'libc\|ld' | sort | xargs
  }
  # A build with sanitizers has no static runtime.
  if needed "$(command -v nsx-unshare)" | grep -qw libasan; then cannot "tell: built with sanitizers"; fi
  for tool in nsx-unshare nsx-enter nsx-ls nsx-pin; do
    [ "$(needed "$(command -v $tool)")" = "" ]
  done
  [ "$(needed "$(command -v nsx-cg)")" = "libncursesw libtinfo" ]
  # Exceptions leave it, so the C++ runtime is that of the program that loads it.
  [ "$(needed "$(find "$NSX_STAGE" -name libnsx.so.0)")" = "libgcc_s libm libstdc" ]
}

@test "each patch of tests/attack/without applies, and names tests that exist" {
  cd "$NSX_SOURCE"
  for file in tests/attack/without/*.patch; do
    patch --dry-run --silent --fuzz=0 -p1 <"$file"
    while read -r suite regex; do
      [ "$(bats --count -f "$regex" "tests/attack/$suite")" -gt 0 ] || {
        echo "$file: no test matches: $suite: $regex"
        return 1
      }
    done < <(sed -n 's/^Test: //p' "$file")
  done
}

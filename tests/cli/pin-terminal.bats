# SPDX-License-Identifier: MIT
# How the tables of nsx-pin fit on a terminal.
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
# bats file_tags=any-kernel
load ../lib/common
load ../lib/pins
load ../lib/terminal

# A name of 51 characters.
long=$(printf 'a-pin-of-a-long-name-%030d' 7)

# The output of a command on a terminal of this width with some pins: shown_of_pins COLUMNS COMMAND.
shown_of_pins() {
  export -f shown_at
  in_own_run "nsx-pin add $long; nsx-pin add red; nsx-pin add --uts blue
    exec nsenter --net=/run/netns/red bash -euc 'nsx-pin set-id $long 7; shown_at $1 \"$2\"'"
}

@test "no table of pins wraps a row or a heading" {
  for columns in 80 60 40 132; do
    for view in ls "ls -o +PATH" "ls -o +ID,PROCS,NETNSID,OWNER,ADDRESSES,PEERS,PATH" "ls -n" ids "ids -n" \
      "connect . $long --addr 10.0.0.1/24,fd00:1:2:3:4:5:6:7/64 --addr 10.0.0.2/24"; do
      run -0 shown_of_pins "$columns" "nsx-pin $view"
      [[ $output == *a-pin* ]]
      no_wider_than "$columns" || {
        echo "at $columns columns: nsx-pin $view"
        return 1
      }
    done
  done
}

@test "names of pins are whole if there is room, and without a terminal" {
  run -0 shown_of_pins 132 "nsx-pin ls"
  [[ $output == *"$long "* ]]
  run -0 in_own_run "nsx-pin add $long; nsx-pin ls -o +PATH"
  [[ $output == *"$long "*"/run/netns/$long"* ]]
}

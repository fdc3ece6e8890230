# SPDX-License-Identifier: MIT
# How the views of nsx-cg fit on a terminal, with ten containers to show.
# shellcheck disable=SC2154,SC2030,SC2031 # set by bats and the loaded files
load ../lib/common
load ../lib/cgroups
load ../lib/terminal

# Ten containers: docker's, of which only the ID is known, and LXC's with long names, deep in other cgroups.
ten_containers() {
  local i above=$own
  for i in a-slice-with-a-long-name.slice another-one-below-it.slice; do above+=/$i; done
  for i in {1..5}; do
    mkdir -p "$above/docker-$i$(printf '%063d' $$).scope" "$own/lxc.payload.a-rather-long-name-$i-$$/init"
    spawn bash -c 'exec -a "$(printf "%0150d" 0)" sleep 300'
    echo "$pid" >"$above/docker-$i$(printf '%063d' $$).scope/cgroup.procs"
    sleeper_in "$own/lxc.payload.a-rather-long-name-$i-$$/init"
  done
  deepest=${above#"$top"}/docker-1$(printf '%063d' $$).scope
}

# bats test_tags=slow
@test "no view wraps a row or a heading" {
  ten_containers
  for columns in 80 60 40 132; do
    for view in ls tree "tree -p" "ls -b" "ls -o +CPU%,RBPS,WBPS,CPU-PSI,OOM,FROZEN,TYPE,CONTROLLERS,UNIT" "tree -o +UNIT,TYPE,THREADS" \
      "top -B --count 1 --interval 50ms" "top -B -T --count 1 --interval 50ms -o +UNIT,TYPE" "ls -n -o NAME"; do
      run shown_at "$columns" "nsx-cg $view /$mine 2>/dev/null"
      [ "${#lines[@]}" -gt 10 ]
      no_wider_than "$columns" || {
        echo "at $columns columns: nsx-cg $view"
        return 1
      }
    done
    run shown_at "$columns" "nsx-cg explain $deepest 2>/dev/null"
    [ "${#lines[@]}" -gt 3 ]
    no_wider_than "$columns"
  done
}

# bats test_tags=host-only
@test "in a terminal of 80 columns and 24 lines no view wraps, and top shows containers" {
  ten_containers
  socket=$BATS_TEST_TMPDIR/tmux
  tmux -S "$socket" -f /dev/null new-session -d -x 80 -y 24 "PS1='prompt> ' exec bash --norc --noprofile --noediting -i" 3>&- 4>&-
  screen() { LC_ALL=C.UTF-8 tmux -S "$socket" capture-pane -t 0 -p; }
  shows() { screen | grep -qE -- "$1"; }
  # -J joins a row that wraps into a line that is too wide.
  joined() { tmux -S "$socket" capture-pane -t 0 -p -J; }
  wait_until shows '^prompt> *$'
  for view in ls tree "explain $deepest"; do
    tmux -S "$socket" send-keys -t 0 "clear; nsx-cg $view $([ "${view%% *}" = explain ] || echo "/$mine") 2>/dev/null; echo done" Enter
    wait_until shows '^done$'
    output=$(joined | grep -v 'nsx-cg')
    no_wider_than 80
  done
  tmux -S "$socket" send-keys -t 0 "clear; nsx-cg top --sort NAME /$mine" Enter
  wait_until shows '^NAME .*CONTAINER'
  wait_until shows ' a-rather-long-name-1-'
  wait_until shows ' 1000000000[0-9]* '
  output=$(joined)
  no_wider_than 80
  tmux -S "$socket" send-keys -t 0 -l '/name-1-'
  tmux -S "$socket" send-keys -t 0 Enter
  tmux -S "$socket" send-keys -t 0 K
  wait_until shows '^kill all processes in and below a-rather-long-name-1-[0-9]*.*\? \[y/N\]'
  tmux -S "$socket" send-keys -t 0 y
  wait_until shows '^killed: a-rather-long-name-1-[0-9]* \('
  tmux -S "$socket" send-keys -t 0 e
  wait_until shows '^Limits of a-rather-long-name-1-[0-9]* '
  tmux -S "$socket" send-keys -t 0 Escape
  tmux -S "$socket" resize-window -t 0 -x 40 -y 10
  tmux -S "$socket" send-keys -t 0 g
  wait_until shows '^NAME  *CONTAINER  *CPU%'
  # The first digits of an ID stay.
  wait_until shows '^\.\..*100000000000(\.scope)? 100000000000 '
  output=$(joined)
  no_wider_than 40
  tmux -S "$socket" kill-server
}

@test "output that is not a terminal is not cut" {
  ten_containers
  run -0 --separate-stderr nsx-cg tree -p "/$mine"
  [[ $output == *"$(printf '%0150d' 0)"* ]]
  [[ $output == *"docker-1$(printf '%063d' $$).scope"* ]]
  run -0 shown_at 80 "nsx-cg ls /$mine 2>/dev/null"
  [[ $output == *"docker-100000000000.scope "* ]]
}

# The start-up file of an interactive zsh that completes $OFFER_LINE, writes to $OFFER_OUT what it
# would offer, one a line, and ends.

fpath=($NSX_STAGE/usr/share/zsh/site-functions $fpath)
autoload -Uz compinit && compinit -u -d $ZDOTDIR/functions

compadd() {
  # With -O, -A and -D a function only asks what would match.
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a offered
  builtin compadd -A offered "$@"
  if (( $#offered )); then print -rl -- $offered >>$OFFER_OUT; fi
  builtin compadd "$@"
}

zle -C offer list-choices _main_complete
zle-line-init() {
  BUFFER=$OFFER_LINE CURSOR=$#OFFER_LINE
  zle offer
  exit
}
zle -N zle-line-init

# shellcheck shell=sh
# timer SECONDS EVENT: the event comes later, unless the timer is killed.
timer() {
  (
    exec 7>&-
    others=${!-}
    trap '[ "${!-}" = "$others" ] || kill -s KILL "$!"; exit' TERM
    sleep "$1" &
    wait "$!" && printf '%s\n' "$2" >&8
  ) &
  timers="$timers $!"
}

# Takes the next event. All that happens comes through one FIFO, in order: the first cause wins, and no signal can be missed.
next_event() {
  read -r event value <&8
  case $event in
  leader) leader=$value ;;
  exit) code=$value ;;
  drained)
    if [ "${value%% *}" = "$n" ]; then
      value=${value#* }
      drained=${value%% *}
      unlogged=${value#"$drained"}
      unlogged=${unlogged# }
    fi
    ;;
  drain) drain=$value ;;
  unfit) code=null drained=0 ;;
  timeout) stopped=${stopped:-timeout} ;;
  cancel) stopped=${stopped:-cancelled} ;;
  esac
}

# shellcheck shell=sh
# The steps of a machine run one at a time. Each takes the next number, with a hard link: whoever finds one finds the whole,
# and only one can have it. Numbers are never given back, so a step whose supervisor died is passed by, and they are the order.
take_turn() {
  [ ! -s "$state/started" ] || turn_away 75 already_started "$has_begun"
  printf '%s %s %s\n' "$step" "$pid" "$start" >"$own/turn" || turn_away_unwritable
  turn=1
  while :; do
    while [ -e "$machine/turns/$turn" ]; do turn=$((turn + 1)); done
    if [ "$turn" -gt 1 ] && turn_is_held $((turn - 1)); then turn_away 75 busy "the step $holder runs in this machine"; fi
    ln "$own/turn" "$machine/turns/$turn" && break
    [ -e "$machine/turns/$turn" ] || turn_away_unwritable
  done
  started_at self
}

turn_is_held() { # turn_is_held NUMBER; sets `holder`
  read -r holder holder_pid holder_start <"$machine/turns/$1" || return
  look_at_step "$holder"
  case $phase in
  running) ;;
  absent) started_at "$holder_pid" && [ "$start" = "$holder_start" ] ;; # it has yet to say that it has begun
  *) return 1 ;;
  esac
}

look_at_step() { # look_at_step ID: sets `phase` of another step
  own_state=$state own_spare=$spare
  state=$machine/steps/$1 spare=
  check_state
  state=$own_state spare=$own_spare
}

# One line for each step that has begun, in the order of the turns.
list_steps() {
  turn=1 shown=' '
  while read -r step _ <"$machine/turns/$turn"; do
    turn=$((turn + 1))
    case $shown in *" $step "*) continue ;; esac
    state=$machine/steps/$step log=$machine/steps/$step/guest.log spare=
    [ -s "$state/started" ] || continue
    shown="$shown$step "
    printf '{"id":"%s","status":%s}\n' "$step" "$(print_status)"
  done 2>/dev/null
}

# shellcheck shell=sh
cancel() {
  exec 2>/dev/null
  check_state
  if [ "$phase" = running ]; then
    left=$((${1:-999} * 20 + 600))
    # A supervisor that has only just begun has no ear yet.
    while [ ! -p "$state/events" ] && [ "$left" -gt 0 ] && pause; do left=$((left - 1)); done
    [ ! -p "$state/events" ] || printf 'cancel %s\n' "${1-}" 1<>"$state/events"
    while check_state && [ "$phase" = running ] && [ "$left" -gt 0 ]; do
      pause
      left=$((left - 1))
    done
  fi
  print_status
}

pause() { sleep 0.05 || sleep 1; }

# shellcheck shell=sh
cancel() {
  exec 2>/dev/null
  check_state
  if [ "$phase" = running ]; then
    left=$((${1:-999} * 20 + 600))
    # A supervisor that has only just begun has no ear yet.
    while ! find_events && [ "$left" -gt 0 ] && pause; do left=$((left - 1)); done
    ! find_events || printf 'cancel %s\n' "${1-}" 1<>"$events"
    while check_state && [ "$phase" = running ] && [ "$left" -gt 0 ]; do
      pause
      left=$((left - 1))
    done
  fi
  print_status
}

# check_state has set `spare`. On the disk it is where there was no room in memory.
find_events() {
  for events in "${spare:-$state}/events" "$state/events"; do
    [ ! -p "$events" ] || return 0
  done
  return 1
}

pause() { sleep 0.05 || sleep 1; }

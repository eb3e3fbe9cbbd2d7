# shellcheck shell=sh
watch() {
  record supervisor
  trap '' PIPE # the caller may be gone
  printf 'supervised\n' >&4
  trap - PIPE
  exec 4>&-
  timer "$timeout_secs" timeout
  place_files
  while [ -z "$cause" ]; do
    next_event
    case $event in
    exit) cause=exit patience=2 ;;
    timeout) cause=timeout patience=$grace_secs ;;
    cancel) cause=cancelled patience=${value:-$grace_secs} ;;
    esac
  done
  end_tree "$patience"
  [ -n "$drained" ] || timer 5 undrained
  event=
  while [ -z "$drained" ] && [ "$event" != undrained ]; do next_event; done
  # shellcheck disable=SC2086 # a list
  kill $timers && wait $timers
  [ -n "$drained" ] || kill "$drain"
  note=
  case $drained in '' | 0) ;; *) note=', and its log could not be written' ;; esac
  case $cause in
  exit)
    if [ "$code" = 0 ]; then finish passed 0 exit "the command passed$note"
    elif [ "$code" -gt 128 ]; then finish failed "$code" exit "the command ended with status $code, as after signal $((code - 128))$note"
    else finish failed "$code" exit "the command ended with status $code$note"; fi
    ;;
  timeout) finish failed 124 timeout "timed out after $timeout_secs s$note" ;;
  cancelled) finish failed "${code:-null}" cancelled cancelled ;;
  esac
}

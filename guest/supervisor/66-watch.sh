# shellcheck shell=sh
watch() {
  announce
  timer "$timeout_secs" timeout
  place_files
  await_end
  note='' lost_log='' reason=$value
  if [ "$cause" = setup ]; then
    # shellcheck disable=SC2086 # a list
    kill $timers && wait $timers
    [ -z "$step" ] || drop_step_secrets
    finish failed null setup "$reason"
    return
  fi
  settle
  end_kills
  short=
  [ "$cause" != exit ] || [ "$code" = 0 ] || find_short
  if [ -n "$step" ]; then
    take_exports "$public/env"
    drop_step_secrets
    keep_room
  fi
  note_lost_log
  [ -z "$killed" ] || [ -n "$short" ] || warnings=${warnings:+$warnings,}\"$killed\"
  step_warnings=${warnings-}${lost_log:+${warnings:+,}\"its $lost_log\"}
  case $cause in
  exit)
    if [ "$code" = 0 ]; then finish passed 0 exit "the command passed$note"
    elif [ "$code" -gt 128 ]; then finish failed "$code" exit "the command ended with status $code, as after signal $((code - 128))$note"
    else finish failed "$code" exit "the command ended with status $code$note"; fi
    ;;
  oom | disk_full) finish failed "$code" "$cause" "the command ended with status $code: $short$note" ;;
  timeout) finish failed 124 timeout "timed out after $timeout_secs s$note" ;;
  cancelled) finish failed "${code:-null}" cancelled cancelled ;;
  esac
}

# A log that was cut short ends the message of the end, and is a warning of its own.
note_lost_log() {
  case $drained in '' | 0) return ;; esac
  note=", and its log could not be written${unlogged:+: $unlogged}"
  lost_log="log could not be written to its end${unlogged:+: $unlogged}"
}

# The steps behind it are others. What is to be masked in its log stays for root alone, until it is forgotten.
drop_step_secrets() { [ -z "$secrets" ] || rm -rf "$secrets/files"; }

# Says that from now on there is somebody who lives as long as the job.
announce() {
  record supervisor
  [ -n "${said_supervised-}" ] || say_supervised
}

say_supervised() {
  said_supervised=yes
  trap '' PIPE # the caller may be gone
  printf 'supervised\n' >&4
  trap - PIPE
  exec 4>&-
}

await_end() {
  while [ -z "$cause" ]; do
    next_event
    case $event in
    exit) cause=exit patience=2 ;;
    timeout | overtime) cause=timeout patience=$grace_secs ;;
    cancel) cause=cancelled patience=${value:-$grace_secs} ;;
    unfit) cause=setup ;;
    esac
  done
}

# Ends what is left of the command, and closes its log.
settle() {
  end_tree "$patience"
  [ -n "$drained" ] || timer 5 undrained
  event=
  while [ -z "$drained" ] && [ "$event" != undrained ]; do next_event; done
  # shellcheck disable=SC2086 # a list
  kill $timers && wait $timers
  [ -n "$drained" ] || kill "$drain"
}

# shellcheck shell=sh
# The steps of one job, one after another, by the one that decides. `stopped` is what has ended the job as a whole.
watch_steps() {
  announce
  exec 9>>"$artifacts/steps.jsonl"
  timer "$timeout_secs" timeout
  job_timer=$timers failed='' log_end=0 note='' lost_log='' kills=''
  place_files
  while [ "$n" -lt "$nsteps" ]; do
    n=$((n + 1))
    # shellcheck source=/dev/null
    . "$own/step.$n"
    take_what_came
    if may_run; then watch_step; else skip_step; fi
  done
  # shellcheck disable=SC2086 # a list
  kill $job_timer && wait $job_timer
  finish_steps
}

# All that has happened so far is behind this mark: what belonged to the step before must not reach the next one.
take_what_came() {
  printf 'mark\n' >&8
  next_event
  while [ "$event" != mark ]; do next_event; done
  [ -z "$stopped" ] || stop "$stopped"
}

may_run() {
  [ -z "$stopped" ] || return
  case $step_if in
  success) [ -z "$failed" ] ;;
  failure) [ -n "$failed" ] ;;
  always) ;;
  esac
}

skip_step() { tell_step skipped null '"skipped"' null null null null; }

watch_step() {
  cause='' code='' leader='' drain='' drained='' timers='' reason='' warnings=''
  log_start=$log_end
  read_clock
  began=\"$now\"
  tell_step running null null "$began" null "$log_start" null
  [ "$n" = 1 ] || make_room "$own/fits"
  begin_kills
  printf '%s\n' "$n" >&7
  [ -z "$step_secs" ] || timer "$step_secs" overtime
  await_end
  ended_by=$event
  case $cause in
  setup) reason=$value ;;
  *) settle_step ;;
  esac
  # shellcheck disable=SC2086 # a list
  [ -z "$timers" ] || { kill $timers; wait $timers; }
  log_end=0 short=
  ! has_log || log_end=$(stat -c %s "$log")
  # Of a job that is root and has cut its log.
  [ "$log_end" -ge "$log_start" ] || log_end=$log_start
  [ "$cause" = setup ] || end_kills
  [ "$cause" != exit ] || [ "$code" = 0 ] || find_short
  case $cause in
  exit)
    [ "$code" = 0 ] && became=passed || became=failed
    shown_code=$code
    ;;
  oom | disk_full) became=failed shown_code=$code ;;
  timeout) became=failed shown_code=124 ;;
  cancelled) became=cancelled shown_code=${code:-null} ;;
  setup) became=failed shown_code=null ;;
  esac
  if [ "$cause" != setup ]; then
    take_exports "$public/env/$step_id"
    [ -z "$killed" ] || [ -n "$short" ] || warnings=${warnings:+$warnings,}\"$killed\"
    note_lost_log
    # In the result, as the lines of the steps are on the same disk. Once is enough.
    [ -z "$lost_log" ] || [ -n "${step_warnings-}" ] || step_warnings="\"the $lost_log, in the step $step_name\""
  fi
  [ "$n" = "$nsteps" ] || keep_room
  read_clock
  tell_step "$became" "$shown_code" "\"$cause\"" "$began" "\"$now\"" "$log_start" "$log_end"
  judge
}

# Sets `now`, to the millisecond where this date knows %N, and to the hundredth of a second where it does not, as busybox's.
read_clock() {
  now=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ | head -c 40)
  fraction=${now##*.}
  now=${now%.*}
  case $fraction in
  [0-9][0-9][0-9]*Z) now=$now.${fraction%"${fraction#???}"} ;;
  *) count_hundredths ;;
  esac
  now=${now}Z
}

# From the first look at the clock, which may be a second late, by what the kernel counts: so a step takes as long as it does.
count_hundredths() {
  uptime_ms
  [ -n "${booted_at-}" ] || booted_at=$(($(date +%s) * 1000 - uptime))
  at=$((booted_at + uptime))
  fraction=$((1000 + at % 1000))
  now=$(date -u -d "@$((at / 1000))" +%Y-%m-%dT%H:%M:%S).${fraction#1}
}

# As with a command alone; and the log is closed before the next step can begin, whoever still holds it.
settle_step() {
  end_tree "$patience"
  [ -n "$drained" ] || timer 5 undrained
  event=
  while [ -z "$drained" ] && [ "$event" != undrained ]; do next_event; done
  [ -n "$drained" ] || [ -z "$drain" ] || kill "$drain"
  while [ -z "$drained" ] && [ -n "$drain" ]; do next_event; done
}

# What the end of a step means for the job. The first cause wins.
judge() {
  case $cause in
  cancelled) stop cancelled ;;
  timeout) [ "$ended_by" = overtime ] || stop timeout ;;
  esac
  [ "$became" = failed ] && [ -z "$failed" ] && [ "$step_continues" = false ] || return 0
  case $cause in
  exit) fail "$code" exit "the step $step_name ended with status $code" ;;
  oom | disk_full) fail "$code" "$cause" "the step $step_name ended with status $code: $short" ;;
  timeout) fail 124 timeout "the step $step_name timed out after $step_secs s" ;;
  setup) fail null setup "the step $step_name could not be started: $reason" ;;
  esac
}

fail() { [ -n "$failed" ] || failed=yes failed_code=$1 failed_cause=$2 failed_message=$3; }

stop() { # stop cancelled|timeout: nothing more is begun
  stopped=$1
  case $1 in
  cancelled) fail "${code:-null}" cancelled cancelled ;;
  timeout) fail 124 timeout "timed out after $timeout_secs s" ;;
  esac
}

finish_steps() {
  if [ -z "$failed" ]; then finish passed 0 exit "the steps passed$note"
  else finish failed "$failed_code" "$failed_cause" "$failed_message$note"; fi
}

# tell_step STATE EXIT_CODE CAUSE STARTED FINISHED LOG_START LOG_END, each as JSON has it
tell_step() {
  line="{\"id\":\"$step_id\",\"state\":\"$1\",\"exit_code\":$2,\"cause\":$3,\"started_at\":$4,\"finished_at\":$5,\"log_start\":$6,\"log_end\":$7}"
  [ "$1" = running ] || step_lines=${step_lines:+$step_lines,}$line
  # Of these there may be many, so the record that must fit into memory has none.
  [ "$1" = running ] || [ -z "${warnings-}" ] || line="${line%?},\"warnings\":[$warnings]}" warnings=
  # Behind a line that the disk has taken in part, none is written.
  [ -n "${unwritable-}" ] || printf '%s\n' "$line" >>"$state/steps.jsonl" || unwritable=yes
  [ -n "${unshowable-}" ] || printf '%s\n' "$line" >&9 || unshowable=yes
}

# The files exist before the log does, by which others see that there is something to follow; and the record in memory gets room.
open_steps() {
  true >"$artifacts/steps.jsonl" && true >"$state/steps.jsonl" || return
  [ "$nsteps" = 1 ] || keep_room
  room=0
  while [ "$room" -le "$((nsteps + 2))" ]; do
    printf '%0400d' 0
    room=$((room + 1))
  done >"$spare/reserved"
}

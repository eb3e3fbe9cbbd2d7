# shellcheck shell=sh
# A process id comes back; with its start time it does not. Sets `start` to the start time, or fails.
started_at() {
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  pid=${stat%% *}
  stat=${stat##*) }
  # shellcheck disable=SC2086 # split on purpose
  set -- $stat
  case $1 in Z | X) return 1 ;; esac
  start=${20}
}

supervisor_lives() {
  # The keeper, who is in `started`, answers for a supervisor that has not recorded itself yet.
  for record in supervisor started; do
    recorded=
    { read -r recorded recorded_start _ <"$state/$record"; } 2>/dev/null
    [ -z "$recorded" ] || break
  done
  [ -n "$recorded" ] && started_at "$recorded" && [ "$start" = "$recorded_start" ]
}

# Only `started`, which is root's, knows the name in memory. Nobody else can have made what is found there.
has_result() {
  [ -e "$state/result.json" ] && return
  [ -n "$spare" ] || { read -r _ _ spare <"$state/started"; } 2>/dev/null
  [ -n "$spare" ] && [ -e "$spare/result" ]
}

check_state() {
  if has_result; then phase=finished
  elif [ ! -s "$state/started" ]; then phase=absent
  elif supervisor_lives; then phase=running
  elif has_result; then phase=finished # it ended between the two looks
  else phase=lost; fi
}

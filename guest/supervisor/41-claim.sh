# shellcheck shell=sh
has_begun='this machine has its job already; use follow or status'

# From here on this guest has its job, and this process answers for it: `started` names it, and the place in memory.
claim() {
  started_at self
  [ -z "$step" ] || take_turn
  begun=
  set -C
  { begun=yes && printf '%s %s %s\n' "$pid" "$start" "$spare"; } >"$state/started" || {
    [ -n "$begun" ] || [ ! -e "$state/started" ] || turn_away 75 already_started "$has_begun"
    rm -f "$state/started"
    turn_away_unwritable
  }
  set +C
}

install_directories() {
  [ ! -d "$artifacts" ] || [ -O "$artifacts" ] || chown 0:0 "$artifacts"
  # Sticky: the job may add to them, and cannot replace what is root's. `watch` closes .pikaci to the job.
  if [ -z "$step" ]; then install -d -m 1777 "$artifacts" "$artifacts/.pikaci" "$public"
  else
    install -d -m 1777 "$artifacts" && install -d -m 0755 "$machine-job" "$machine-job/steps" "$public" &&
      [ ! -L "$machine-job/steps" ] && [ ! -L "$public" ] && [ -O "$public" ]
  fi
}

# Reads the whole request before anything is begun. A new guest runs on one processor, and each program costs it milliseconds
# the first time: until the job has begun there are as few as can be, `install` stands for mkdir, chown and chmod, and what
# can wait is left to `watch`.
take_request() {
  install_directories </dev/null &
  installing=$!
  read -r token </proc/sys/kernel/random/uuid
  parse_request
  parsed=$?
  exec </dev/null
  wait "$installing"
  installed=$?
  # Before the first step can fill the disk; not beside the request, which a small one might have no place for meanwhile.
  [ -z "$step" ] || [ -e "$machine/turns/1" ] || keep_room
  [ "$parsed" != 65 ] || turn_away 65 truncated 'the request ended before its end: nothing was started'
  claim
  # shellcheck source=/dev/null
  [ "$parsed" != 0 ] || . "$own/plan"
  [ "$parsed" != 0 ] || [ "$nsteps" = 0 ] || open_steps || refuse_unwritable 'the list of steps' "$artifacts"
  { [ "$installed" = 0 ] && true >"$log"; } || refuse_unwritable 'the artifacts directory' "${log%/*}"
  case $parsed in
  0) ;;
  64)
    read -r reason <"$own/invalid" || reason='request: is not valid'
    finish failed null invalid_request "$reason"
    answer 64 invalid_request "$reason"
    ;;
  *) refuse_unwritable 'the request' "$own" ;;
  esac
  exported=$own/exported
  [ -z "$step" ] || exported=$machine/exported
  [ "$nsteps" != 0 ] || printf %s "$command" >"$public/command" || refuse_unwritable 'the command' "$public"
}

parse_request() {
  PIKACI_OWN=$own PIKACI_MACHINE=$machine PIKACI_ARTIFACTS=$artifacts PIKACI_PUBLIC=$public PIKACI_TOKEN=$token PIKACI_STEP=$step \
    awk "$json_awk$words_awk$request_awk$steps_awk"
}

refuse_unwritable() { # refuse_unwritable WHAT DIRECTORY
  say_why "$1 could not be written" "$2"
  refuse_setup "$fault"
}

turn_away_unwritable() {
  say_why 'the state directory cannot be written' "$state"
  turn_away 70 setup "$fault"
}

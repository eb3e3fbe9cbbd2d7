# shellcheck shell=sh
refuse() { # refuse EXIT NAME MESSAGE, on the stderr of the caller
  printf 'pikaci-incus-run: %s: %s\n' "$2" "$3" >&3
  exit "$1"
}

# The first process of a call is killed when its connection drops, at any moment. So it only waits for two others: one that
# becomes the keeper of the job in a session of its own, and one that follows. Through the pipe comes the news that the
# supervisor has recorded itself, or why nothing was started. A pipeline, not `&`: a background child would hand ignored
# SIGINT and SIGQUIT down to the job.
run() {
  exec 3>&2 2>/dev/null
  [ ! -e "$state/started" ] || refuse 75 already_started "$has_begun"
  { become_keeper; } | {
    hold_memory
    look_at_tail # while the job is being prepared
    if read -r news code name text && [ "$news" = refused ]; then refuse "$code" "$name" "$text"; fi
    check_state
    [ "$phase" != absent ] || refuse 70 setup 'the supervisor could not be started'
    follow 0
  }
}

become_keeper() {
  exec 4>&1 3>&-
  umask 077
  await_mounts
  read -r nonce </proc/sys/kernel/random/uuid
  name_places
  check_tools
  make_directories || { [ -n "$step" ] && give_room && make_directories; } || {
    say_why 'the state directory cannot be created' "$state"
    turn_away 70 setup "$fault"
  }
  [ -z "$step" ] || make_room "$own/turn"
  printf . >"$spare/reserved"
  umask 022
  if [ -n "${PIKACI_SUPERVISOR_TEXT-}" ]; then
    self=$own/supervisor.sh
    printf '%s\n' "$PIKACI_SUPERVISOR_TEXT" >"$self" || {
      say_why 'the supervisor could not be written' "$own"
      claim
      refuse_setup "$fault"
    }
  fi
  exec setsid "$shell" "$self" ${step:+--step "$step"} supervise "$nonce" 2>>"$state/supervisor.log"
}

make_directories() {
  install -d -m 0700 "$machine" ${step:+"$machine/steps" "$machine/turns"} "$state" "$public" "$own" "$spare" || { [ -d "$own" ] && [ -d "$public" ]; }
}

# Before anything that needs one of them. What is missing is the job's result, if the rest can write that.
check_tools() {
  for tool in awk cat chmod chown cp date env find grep head ln mkdir mkfifo mv rm setsid sleep stat; do
    command -v "$tool" >/dev/null && continue
    if [ -z "$step" ] && mkdir -p "$state" "$own" "$public" "$spare"; then
      claim
      refuse_setup "the image has no $tool"
    fi
    turn_away 70 setup "the image has no $tool"
  done
}

# What belongs to this call alone, until it has won the machine for its request.
name_places() {
  own=$state/request.$nonce
  spare=/dev/pikaci-record.$nonce # a tmpfs (a devtmpfs in a virtual machine) where the image has nothing that mounts /dev/shm
  [ ! -d /dev/shm ] || spare=/dev/shm/pikaci-record.$nonce
}

# turn_away EXIT NAME MESSAGE: nothing is started, and nothing is left of this call.
turn_away() {
  rm -rf "$own" "$spare" "/dev/shm/pikaci-secrets.${token-}" "$public/pikaci-secrets.${token-}"
  answer "$@"
}

answer() { # answer EXIT NAME MESSAGE, by way of the one that follows
  printf 'refused %s %s %s\n' "$1" "$2" "$3" >&4
  exit
}

# The machine has its result now, and it says why nothing could be started.
refuse_setup() {
  finish failed null setup "$1"
  answer 70 setup "$1"
}

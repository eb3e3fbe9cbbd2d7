# shellcheck shell=sh
refuse() { # refuse EXIT NAME MESSAGE, on the stderr of the caller
  printf 'pikaci-incus-run: %s: %s\n' "$2" "$3" >&3
  exit "$1"
}

# While nothing else knows the place in memory.
refuse_start() {
  rm -rf "$spare"
  refuse "$@"
}

refuse_setup() {
  finish failed null setup "$1"
  refuse 70 setup "$1"
}

# A new guest runs on one processor, and each program costs it milliseconds the first time: until the job has begun there
# are as few as can be, `install` stands for mkdir, chown and chmod, and what can wait is left to `watch`.
install_files() {
  [ ! -d "$artifacts" ] || [ -O "$artifacts" ] || chown 0:0 "$artifacts"
  # Sticky: the job may add to them, and cannot replace what is root's.
  install -d -m 1777 "$artifacts" "$public" && true >"$log"
}

run() {
  exec 3>&2 2>/dev/null
  umask 077
  read -r nonce </proc/sys/kernel/random/uuid
  spare=/dev/pikaci-record.$nonce # a tmpfs (a devtmpfs in a virtual machine) where the image has nothing that mounts /dev/shm
  [ ! -d /dev/shm ] || spare=/dev/shm/pikaci-record.$nonce
  install -d -m 0700 "$state" "$public" "$spare" || { [ -d "$state" ] && [ -d "$public" ]; } || refuse_start 70 setup 'the state directory cannot be created'
  printf . >"$spare/reserved"
  umask 022
  started_at self
  begun=
  set -C
  { begun=yes && printf '%s %s %s\n' "$$" "$start" "$spare"; } >"$state/started" || {
    [ -n "$begun" ] || [ ! -e "$state/started" ] || refuse_start 75 already_started 'this machine has its job already; use follow or status'
    rm -f "$state/started"
    refuse_start 70 setup 'the state directory cannot be written: is the disk full?'
  }
  set +C
  for tool in awk cat chmod chown cp date env find grep install ln mkdir mkfifo mv rm setsid sleep stat; do
    command -v "$tool" >/dev/null || refuse_setup "the image has no $tool"
  done
  if [ -n "${PIKACI_SUPERVISOR_TEXT-}" ]; then
    self=$state/supervisor.sh
    printf '%s\n' "$PIKACI_SUPERVISOR_TEXT" >"$self" || refuse_setup 'the supervisor could not be written to the disk of the guest'
  fi
  install_files </dev/null &
  installing=$!
  read -r token </proc/sys/kernel/random/uuid
  PIKACI_STATE=$state PIKACI_ARTIFACTS=$artifacts PIKACI_PUBLIC=$public PIKACI_TOKEN=$token awk "$json_awk$words_awk$request_awk"
  parsed=$?
  wait "$installing" || refuse_setup 'the artifacts directory or the supervisor could not be written to the disk of the guest'
  if [ "$parsed" = 64 ]; then
    read -r reason <"$state/invalid" || reason='request: is not valid'
    finish failed null invalid_request "$reason"
    refuse 64 invalid_request "$reason"
  elif [ "$parsed" != 0 ]; then
    refuse_setup 'the request could not be written to the disk of the guest'
  fi
  # A pipeline, not `&`: a background child would hand ignored SIGINT and SIGQUIT down to the job. What comes through the
  # pipe is the news that the supervisor has recorded itself.
  setsid "$shell" "$self" supervise </dev/null 2>>"$state/supervisor.log" 3>&- | {
    look_at_tail # while the job is being prepared
    read -r _ || [ -s "$state/keeper" ] || finish failed null setup 'the supervisor could not record itself on the disk of the guest'
    follow 0
  }
}

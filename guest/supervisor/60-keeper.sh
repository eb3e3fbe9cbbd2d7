# shellcheck shell=sh
# Prepares everything and starts the job beside `watch`, which decides. The parent of `watch` only waits: it takes a dead one
# from /proc at once, whatever the guest's init does about orphans, and ends the job when there is no result then.
# A pipeline, not `&`: a background child would hand ignored SIGINT and SIGQUIT down to the job.
supervise() { # supervise NONCE
  nonce=$1
  name_places
  exec >>"$state/supervisor.log" 2>&1
  cause='' code='' leader='' drain='' drained='' timers=''
  take_request
  # The directory is closed to all but root; the mode lets any process of the job that has inherited the log open
  # /dev/stdout and /dev/stderr again, and a FIFO cannot be truncated.
  mkfifo -m 0666 "$state/output" "$state/events" || give_up 'the state directory cannot be written: is the disk full?'
  exec 8<>"$state/events"
  (
    exec 4>&-
    trap 'kill "$!"' TERM
    cat <"$state/output" >>"$log" &
    wait "$!"
    printf 'drained %s\n' "$?" >&8
  ) &
  drain=$!
  prepare
  # shellcheck disable=SC2119
  {
    exec 4>&-
    (launch)
    printf 'exit %s\n' "$?" >&8
  } | {
    (watch)
    has_result && exit
    kill "$drain"
    signal_tree KILL
    signal_tree KILL
  }
}

# Writes who this process is. Each file is written once: a reader sees all of it or nothing, and then asks the one before.
record() {
  started_at self
  printf '%s %s\n' "$pid" "$start" >"$state/$1"
}

# Ends the supervisor with a result that says why the job was not started.
give_up() {
  [ -z "$drain" ] || kill "$drain"
  finish failed null setup "$1"
  exit
}

# What nobody needs before the job has begun. Links, as good as a rename and cheaper: whoever finds the name finds the whole.
place_files() {
  # A part of the text would be run by the next call.
  [ -e "$machine/pikaci-incus-run" ] || ln "$self" "$machine/pikaci-incus-run" || cp "$self" "$machine/pikaci-incus-run" || rm -f "$machine/pikaci-incus-run"
  ln -f "$own/guest-request.json" "$artifacts/guest-request.json" || cp "$own/guest-request.json" "$artifacts/guest-request.json"
}

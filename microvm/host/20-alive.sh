# shellcheck shell=sh
# start_of PID: when it started (proc(5), field 22), which together with the id names a process for good.
start_of() {
  start=
  { IFS= read -r stat_line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # Behind the name, which may hold anything: state is the first word, the start time the twentieth.
  set -f
  # shellcheck disable=SC2086 # words are wanted
  set -- ${stat_line##*) }
  set +f
  [ "${1-}" != Z ] && start=${20-}
  [ -n "$start" ]
}

# Sets state to absent, running or ended.
look() {
  state=absent
  pid=0
  { read -r pid born boot <"$vm/machine"; } 2>/dev/null || return 0
  state=ended
  [ "$boot" = "$boot_id" ] && start_of "$pid" && [ "$start" = "$born" ] && state=running
  return 0
}

# Begun means that the supervisor has opened its log, or that an open machine takes calls. A file only: a root job may have put anything
# there.
booted() { is_file "$artifacts/guest.log" || is_file "$calls/ready"; }

is_file() { [ -f "$1" ] && [ ! -L "$1" ]; }

# The job of a machine that stays for a while when that has failed: its end is not the machine's.
job_has_ended() { [ -f "$vm/control/keep-failed" ] && is_file "$calls/ended"; }

# Sets state as `look` does, of the job: a machine may stay after it.
look_at_job() {
  look
  if [ "$state" = running ] && job_has_ended; then state=ended; fi
}

pause() { sleep 0.02 2>/dev/null || sleep 1; }

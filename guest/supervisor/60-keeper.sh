# shellcheck shell=sh
# Prepares everything and starts the job beside `watch`, which decides. The parent of `watch` only waits: it takes a dead one
# from /proc at once, whatever the guest's init does about orphans, and ends the job when there is no result then.
# A pipeline, not `&`: a background child would hand ignored SIGINT and SIGQUIT down to the job.
supervise() { # supervise NONCE
  nonce=$1
  name_places
  exec >>"$state/supervisor.log" 2>&1
  cause='' code='' leader='' drain='' drained='' timers='' stopped='' step_lines='' n=0
  take_request
  # The directory is closed to all but root; the mode lets any process of the job that has inherited the log open
  # /dev/stdout and /dev/stderr again, and a FIFO cannot be truncated.
  # In memory: into a FIFO on a disk that is full nothing can be written where its file system notes the time of that (btrfs with a quota).
  pipes=$spare
  mkfifo -m 0666 "$pipes/output" "$pipes/events" || {
    pipes=$state
    mkfifo -m 0666 "$pipes/output" "$pipes/events"
  } || give_up_unwritable 'the state directory cannot be written' "$state"
  exec 8<>"$pipes/events"
  await_ready
  if [ "$nsteps" = 0 ]; then supervise_command; else supervise_steps; fi
}

supervise_command() {
  output=$pipes/output
  command_file=$public/command
  [ -z "$step" ] || hold_memory_until_launch
  prepare
  [ -z "$step" ] || offer_exports "$public/env"
  begin_kills
  {
    exec 4>&-
    begin_drain
    printf '%s\n' "$drain"
    run_command
  } | {
    hold_memory
    read -r drain
    (watch)
    end_lost
  }
}

# Each step is begun by the one beside `watch` when its number comes through the pipe.
supervise_steps() {
  hold_memory_until_launch
  prepare
  # Root's alone, and made before any step runs: what one finds there later was put there by no step.
  install -d -m 0755 "$public/env" "$public/commands" || give_up_unwritable 'the directories of the steps cannot be created' "$public"
  {
    exec 7>&1 >>"$state/supervisor.log"
    (watch_steps)
    exec 7>&-
    end_lost
  } | launch_steps
}

# Writes the output into the log. What the disk does not take is read all the same, so that a command that writes goes on. 6 stands for the
# writer that is not there yet: see run_command().
begin_drain() {
  exec 6<>"$output"
  exec 5<"$output"
  (
    exec 4>&- 6>&- 7>&-
    # What was begun last may be somebody else's, as long as `cat` is not; and KILL, as a child that has only just been
    # forked takes a TERM for its parent's, and forgets it.
    others=${!-} ending=''
    trap 'ending=yes; [ "${!-}" = "$others" ] || kill -s KILL "$!"' TERM
    cat <&5 >>"$log" &
    [ -z "$ending" ] || kill -s KILL "$!"
    wait "$!"
    copied=$? why=
    if [ "$copied" != 0 ] && [ -z "$ending" ]; then
      cat <&5 >/dev/null &
      [ -z "$ending" ] || kill -s KILL "$!"
      rest=$!
      find_why "${log%/*}"
      wait "$rest"
    fi
    printf 'drained %s %s %s\n' "$n" "$copied" "$why" >&8
  ) &
  drain=$!
  exec 5<&-
}

run_command() {
  # shellcheck disable=SC2119
  (launch)
  ended=$?
  exec 6>&-
  printf 'exit %s\n' "$ended" >&8
}

# What is left of the job when the one that decides has gone without a result.
end_lost() {
  has_result && exit
  [ -z "$drain" ] || kill "$drain"
  signal_tree KILL
  signal_tree KILL
}

# Writes who this process is. Each file is written once: a reader sees all of it or nothing, and then asks the one before.
record() {
  started_at self
  printf '%s %s\n' "$pid" "$start" >"$state/$1"
}

# Says why the job, the step or the call cannot be: the job ends with that for its result.
give_up() {
  case ${on_failure-} in
  refuse) refuse 70 setup "$1" ;;
  unfit)
    [ -n "$unfit" ] || printf 'unfit %s\n' "$1" >&8
    unfit=yes
    return
    ;;
  esac
  [ -z "$drain" ] || kill "$drain"
  finish failed null setup "$1"
  exit
}

give_up_unwritable() { # give_up_unwritable WHAT DIRECTORY
  say_why "$1" "$2"
  give_up "$fault"
}

# What nobody needs before the job has begun. Links, as good as a rename and cheaper: whoever finds the name finds the whole.
place_files() {
  place_text
  [ -z "$step" ] || return 0
  chmod 0755 "$artifacts/.pikaci"
  ln -f "$own/guest-request.json" "$artifacts/guest-request.json" || cp "$own/guest-request.json" "$artifacts/guest-request.json"
}

# By which all other calls find the supervisor. A part of the text would be run by the next one.
place_text() {
  [ -e "$machine/pikaci-incus-run" ] || ln "$self" "$machine/pikaci-incus-run" || cp "$self" "$machine/pikaci-incus-run" || rm -f "$machine/pikaci-incus-run"
}

# shellcheck shell=sh
follow() { # follow OFFSET; stderr of the caller is fd 3
  check_state
  # A `run` that has just begun: its log is not there yet.
  while [ "$phase" = running ] && ! has_log; do
    pause
    check_state
  done
  if [ "$phase" = absent ]; then print_state >&3 && return; fi # what begins now has not been followed
  telling=
  if [ -e "$state/ready.jsonl" ]; then
    tell ready "$state/ready.jsonl" '"waiting"' &
    telling=$!
  fi
  if [ -e "$state/steps.jsonl" ]; then
    tell step "$state/steps.jsonl" '' &
    telling="$telling $!"
  fi
  if has_log; then
    size=0
    [ "$1" = 0 ] || size=$(stat -c %s "$log" | head -c 20)
    [ -n "${gnu_tail-}" ] || [ "$phase" != running ] || look_at_tail
    # GNU tail takes an offset beyond the end for a truncated file.
    if [ "$phase" = running ] && [ "$1" -le "${size:-0}" ] && [ "$gnu_tail" = yes ]; then live_tail "$1"; else from_descriptor "$1"; fi
  fi
  check_state
  if [ -n "$telling" ]; then
    # shellcheck disable=SC2086 # a list
    [ "$phase" != running ] || kill $telling # the caller has gone
    # shellcheck disable=SC2086
    wait $telling
  fi
  print_state >&3
}

# A job that is root may put a FIFO in its place, at which a reader would wait for ever, a device or a link.
has_log() { [ -f "$log" ] && [ ! -L "$log" ] && [ -r "$log" ]; }

# The lines of a file as they come, all of them. It ends with the supervisor, or with the first line that has not what all but the last one have.
tell() { # tell MARK FILE [TEXT]
  exec 6<"$2"
  told=
  while :; do
    check_state
    was=$phase
    while IFS= read -r line; do
      line=$told$line told=
      printf '%s %s\n' "$1" "$line" >&3 || exit
      case $line in *"$3"*) ;; *) exit ;; esac
    done <&6
    told=$told$line # a part of a line
    [ "$was" = running ] || break
    kill -0 "$$" || break
    pause
  done
}

# Whether a program is its own and not one of busybox's; a link may lead to either. No program is run to find out.
stands_alone() {
  # shellcheck disable=SC3013 # -ef is not POSIX, and is in dash, bash and busybox
  tool=$(command -v "$1") && [ -f "$tool" ] && [ ! -L "$tool" ] && [ ! "$tool" -ef /bin/busybox ] && [ ! "$tool" -ef /usr/bin/busybox ]
}

# busybox tail has no --pid, and GNU tail before 8 (2010) cannot take a fraction of a second with it.
look_at_tail() {
  gnu_tail=yes
  stands_alone tail && return
  case $(tail --version </dev/null | head -c 100) in
  'tail (GNU coreutils) '[0-7].*) gnu_tail=no ;;
  'tail (GNU coreutils) '*) ;;
  *) gnu_tail=no ;;
  esac
}

# Sleeps in inotify; looks every 20 ms whether the supervisor is still there, and reads to the end once it is not.
live_tail() {
  tail -c "+$(($1 + 1))" -s 0.02 "--pid=$recorded" -f "$log" </dev/null
}

# The position lives in the descriptor that every `cat` shares, so no byte is lost or doubled.
from_descriptor() {
  exec 5<"$log"
  [ "$1" = 0 ] || dd bs=1 "skip=$1" count=0 <&5 >/dev/null
  while :; do
    check_state
    was=$phase
    cat <&5 || break
    [ "$was" = running ] || break
    sleep 0.1 || sleep 1
  done
  exec 5<&-
}

# shellcheck shell=sh
# A machine with a channel takes calls while it is up. A call is a directory: what is called and its input below `control/calls`, which the
# guest cannot change; its output below `calls`, which is the guest's to write and is read in a view only. The channel itself carries
# the number of a call, one line each.
consoles='0 1 2 3'

# The runner attaches `channel` as a virtio-serial port and `console-N` as consoles; see microvm/README.md.
make_channel() {
  mkfifo -m 0600 channel.in channel.out || return
  for console in $consoles; do
    mkfifo -m 0600 "console-$console.in" "console-$console.out" || return
  done
}

must_take_calls() {
  [ -d "$vm/control" ] || refuse 66 not_found "there is no machine in $job"
  look
  [ "$state" = running ] || refuse 69 not_running "the machine in $job is off"
  [ -p "$vm/channel.in" ] || refuse 69 no_channel "the machine in $job was not made to take calls"
}

quoted() { # quoted WORD: as a word of the shell
  printf "'"
  printf '%s' "$1" | sed "s/'/'\\\\''/g"
  printf "'"
}

# begin_call WORD…: writes the call down, with standard input; sets number and directory.
begin_call() {
  exec 9>>"$vm/calls.lock"
  flock -w 10 9 || refuse 70 setup "somebody else has held $vm/calls.lock for 10 s"
  { read -r number <"$vm/last-call"; } 2>/dev/null || number=0
  number=$((number + 1))
  printf '%s\n' "$number" >"$vm/last-call" || refuse 70 setup "$vm cannot be written"
  exec 9>&-
  directory=$vm/control/calls/$number
  # Before the guest can see it; whoever is killed before its call has ended leaves a directory that is removed.
  start_of "$$"
  trap 'rm -rf "$directory" "$calls/$number"' EXIT
  trap 'exit 129' HUP INT TERM PIPE
  mkdir "$directory" "$calls/$number" && printf '%s %s\n' "$$" "$start" >"$directory/caller" || refuse 70 setup "$directory cannot be made"
  {
    printf 'set --'
    for word; do
      printf ' '
      quoted "$word"
    done
    printf '\n'
  } >"$directory/words" || refuse 70 setup "$directory cannot be written"
}

ring() { printf '%s\n' "$number" 1<>"$vm/channel.in"; }

# Once a second, by the machine's own process: calls whose caller is gone.
remove_abandoned_calls() {
  for directory in "$vm/control/calls"/*; do
    { read -r caller born <"$directory/caller"; } 2>/dev/null || continue
    start_of "$caller" && [ "$start" = "$born" ] && continue
    rm -rf "$directory" "${calls:?}/${directory##*/}"
  done
}

# call WORD…: runs the supervisor in the machine; its outputs and its exit code are this call's.
call() {
  must_take_calls
  begin_call supervisor "$@"
  why=$(cat 2>&1 >"$directory/stdin") || refuse 70 setup "$directory cannot be written: ${why##*: }"
  ring
  (view deliver "$job" "$number")
  exit "$?"
}

# Inside the view.
deliver() {
  out=calls/$1
  until_answered "$out" &
  waiter=$!
  while [ ! -f "$out/err" ] && kill -0 "$waiter" 2>/dev/null; do pause; done
  if is_file "$out/err"; then
    tail -c +1 -s 0.02 "--pid=$waiter" -f "$out/err" </dev/null >&2 2>/dev/null &
    errors=$!
    if is_file "$out/out"; then
      tail -c +1 -s 0.02 "--pid=$waiter" -f "$out/out" </dev/null 2>/dev/null
      # Ended before there is an answer: nobody reads what it writes any more, as when a connection was lost.
      ! kill -0 "$waiter" 2>/dev/null || { kill "$waiter" "$errors"; exit 141; }
    fi
    wait "$errors"
  fi
  wait "$waiter"
  exit_of_call "$out"
}

# Until the guest has said how a call ended, or cannot any more: the machine is off, or the directory gone, as that of a caller is who was
# killed. Nor has it to when PROCESS has ended.
until_answered() { # until_answered DIRECTORY [PROCESS]
  looks=0
  while [ -d "$1" ] && [ ! -L "$1" ] && ! is_file "$1/code"; do
    look
    [ "$state" = running ] || return
    [ -z "${2-}" ] || kill -0 "$2" 2>/dev/null || return
    if [ "$looks" -lt 100 ]; then pause; else sleep 0.1; fi
    looks=$((looks + 1))
  done
}

exit_of_call() { # exit_of_call DIRECTORY
  code=
  ! is_file "$1/code" || code=$(dd "if=$1/code" iflag=nofollow,nonblock bs=8 count=1 2>/dev/null | tr '\000' x)
  case $code in
  0 | [1-9] | [1-9][0-9] | 1[0-9][0-9] | 2[0-4][0-9] | 25[0-5]) exit "$code" ;;
  esac
  refuse 69 not_running "the machine in $job went off before it answered, or its answer is none"
}

# shell ROWS COLUMNS WORD…: a terminal in the machine, on one of its consoles, for as long as the command runs there.
shell() {
  number "$1"
  number "$2"
  must_take_calls
  console=
  for console in $consoles ''; do
    [ -n "$console" ] || refuse 75 busy 'all consoles of the machine are in use'
    exec 8>>"$vm/console-$console.lock"
    flock -n 8 && break
  done
  # What a shell before this one has left unread.
  dd "if=$vm/console-$console.out" iflag=nonblock bs=64K count=16 >/dev/null 2>&1
  begin_call shell "$console" "$@"
  : >"$directory/stdin"
  printf 'shell %s\n' "$console" >&2
  # The console is in use for as long as `waiter` is there, which outlives a caller that is killed.
  cat <"$vm/console-$console.out" 8>&- &
  showing=$!
  # A background command would have no standard input.
  exec 6<&0
  {
    # Before that it would be typed into the shell of a caller who has gone; so would what a caller typed who is gone by now.
    until_taken "$calls/$number" || exit
    exec cat <&6 1<>"$vm/console-$console.in"
  } 8>&- &
  typing=$!
  exec 6<&-
  trap 'kill "$showing" "$typing" 2>/dev/null; rm -rf "$directory" "$calls/$number"' EXIT
  ring
  {
    # Who types is gone when there is nothing more to be typed.
    until_answered "$calls/$number" "$typing"
    # The last that it wrote is on its way.
    sleep 0.3
    kill "$showing" "$typing"
  } </dev/null >/dev/null 2>&1 &
  waiter=$!
  exec 8>&-
  wait "$waiter"
  [ -d "$vm/view" ] || refuse 69 not_running "the machine in $job was removed"
  (view exit_of_shell "$job" "$number")
  exit "$?"
}

# Until the guest has opened a console for a shell, which it does when the one before it on this console has ended. False when the call has
# gone before.
until_taken() { # until_taken DIRECTORY
  while [ -d "$1" ] && [ ! -L "$1" ] && ! is_file "$1/out"; do pause; done
  is_file "$1/out"
}

exit_of_shell() { exit_of_call "calls/$1"; }

resize() { # resize CONSOLE ROWS COLUMNS
  for value; do number "$value"; done
  must_take_calls
  begin_call resize "$@"
  : >"$directory/stdin"
  ring
  (view deliver "$job" "$number")
  exit "$?"
}

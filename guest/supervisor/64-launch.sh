# shellcheck shell=sh
# Becomes the job: a session of its own, a clean environment, the log as its stdout and stderr.
# shellcheck disable=SC2120 # its arguments come from the file it reads
launch() {
  started_at self
  leader=$pid
  printf 'leader %s\n' "$leader" >&8
  exec </dev/null >"$output" 2>&1 6>&-
  cd "$directory" 2>/dev/null || no_directory
  # The words of `env`: variables, and the shell behind them.
  for part in $parts; do
    case $part in exported) part=$exported ;; *) part=$own/$part ;; esac
    # shellcheck source=/dev/null
    [ ! -s "$part" ] || . "$part"
  done
  has_shell "$@" || no_shell
  exec 8>&-
  # shellcheck disable=SC3045 # dash, bash and busybox have it
  [ -z "${given-}" ] || ulimit -S -v "$given"
  # shellcheck disable=SC2086 # the word of $switch that names the groups
  case $switch in
  none) exec setsid env -i "$@" "$command_file" ;;
  setpriv*) exec setsid setpriv --reuid "$uid" --regid "$gid" ${switch#setpriv } env -i "$@" "$command_file" ;;
  su) exec setsid su -s /bin/sh -c 'exec "$@"' -- "$login" sh env -i "$@" "$command_file" ;;
  esac
}

# `env` would end with 127 and no word in the result. It looks on the PATH that it gives; what is there and cannot be run is its own to say.
has_shell() { # has_shell VARIABLE... [SHELL WORD...]
  search=/bin:/usr/bin shell=
  for word; do
    case $word in
    PATH=*) search=${word#PATH=} ;;
    *=*) ;;
    *)
      shell=$word
      break
      ;;
    esac
  done
  case $shell in
  '') return ;;
  */*)
    [ -e "$shell" ]
    return
    ;;
  esac
  search=$search:
  while [ -n "$search" ]; do
    place=${search%%:*}
    [ ! -e "${place:-.}/$shell" ] || return 0
    search=${search#*:}
  done
  return 1
}

no_shell() {
  shown=
  [ "${#shell}" -gt 500 ] || shown=" $(in_json "$shell")"
  printf 'unfit the shell%s is not in the machine: use another one, or an image that has it\n' "$shown" >&8
  exit 127
}

# The end that the supervisor has heard of first counts: the command was never begun.
no_directory() {
  why='does not exist'
  [ ! -e "$directory" ] || why='cannot be entered: it is no directory'
  shown=
  [ "${#directory}" -gt 500 ] || shown=" $(in_json "$directory")"
  printf 'unfit the working directory%s %s\n' "$shown" "$why" >&8
  exit 126
}

# shellcheck shell=sh
# Becomes the job: a session of its own, a clean environment, the log as its stdout and stderr.
# shellcheck disable=SC2120 # its arguments come from the file it reads
launch() {
  started_at self
  leader=$pid
  printf 'leader %s\n' "$leader" >&8
  exec </dev/null >"$output" 2>&1 # waits for the one that reads
  cd "$directory" || exit 126
  # The words of `env`: variables, and the shell behind them.
  for part in $parts; do
    case $part in exported) part=$exported ;; *) part=$own/$part ;; esac
    # shellcheck source=/dev/null
    [ ! -s "$part" ] || . "$part"
  done
  exec 8>&-
  # shellcheck disable=SC2086 # the word of $switch that names the groups
  case $switch in
  none) exec setsid env -i "$@" "$command_file" ;;
  setpriv*) exec setsid setpriv --reuid "$uid" --regid "$gid" ${switch#setpriv } env -i "$@" "$command_file" ;;
  su) exec setsid su -s /bin/sh -c 'exec "$@"' -- "$login" sh env -i "$@" "$command_file" ;;
  esac
}

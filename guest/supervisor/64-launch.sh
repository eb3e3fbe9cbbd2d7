# shellcheck shell=sh
# Becomes the job: a session of its own, a clean environment, the log as its stdout and stderr.
# shellcheck disable=SC2120 # its arguments come from the file it reads
launch() {
  started_at self
  leader=$pid
  printf 'leader %s\n' "$leader" >&8
  exec </dev/null >"$state/output" 2>&1 # waits for the one that reads
  cd "$workspace" || exit 126
  # shellcheck source=/dev/null
  . "$own/environment"
  exec 8>&-
  # shellcheck disable=SC2086 # the word of $switch that names the groups
  case $switch in
  none) exec setsid env -i "$@" /bin/sh "$public/command" ;;
  setpriv*) exec setsid setpriv --reuid "$uid" --regid "$gid" ${switch#setpriv } env -i "$@" /bin/sh "$public/command" ;;
  su) exec setsid su -s /bin/sh -c 'exec "$@"' -- "$login" sh env -i "$@" /bin/sh "$public/command" ;;
  esac
}

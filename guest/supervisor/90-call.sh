# shellcheck shell=sh
number() { # number TEXT: at most 18 digits and none of them a leading 0, which arithmetic would take for octal
  case $1 in 0) ;; '' | 0* | *[!0-9]* | ???????????????????*) refuse 64 usage "a whole number was expected" ;; esac
}

if [ "${1-}" = --step ]; then
  exec 3>&2
  step=${2-}
  case $step in '' | *[!a-z0-9._-]* | [!a-z0-9]* | ????????????????????????????????????????????????????????????????*) refuse 64 usage 'the id of a step was expected' ;; esac
  case ${3-} in run | supervise | follow | status | cancel | secrets | forget) ;; *) refuse 64 usage 'run, follow, status, cancel, secrets or forget of a step was expected' ;; esac
  state=$machine/steps/$step public=$machine-job/steps/$step log=$machine/steps/$step/guest.log
  has_begun="the step $step was run before; use follow or status"
  shift 2
fi

case ${1-} in run | supervise | await-ready) ;; *) hold_memory ;; esac
case ${1-} in
run | supervise)
  self=$0
  case $self in /*) ;; *) self=$PWD/$self ;; esac
  "$@"
  ;;
await-ready)
  shift
  await_each "$@"
  ;;
follow)
  exec 3>&2 2>/dev/null
  number "${2-}"
  follow "$2"
  ;;
status) print_status ;;
cancel)
  exec 3>&2
  [ -z "${2-}" ] || number "$2"
  cancel "${2-}"
  ;;
secrets) print_secrets ;;
forget)
  exec 3>&2
  forget_secrets
  ;;
list)
  exec 3>&2
  shift
  list "$@"
  ;;
pack) pack ;;
put | unpack | trust)
  exec 3>&2 2>/dev/null
  # The first process of a call is killed when its connection drops. What it has begun is a child's, which finds that its input has ended
  # before its time, and takes it away.
  ("$@")
  exit "$?"
  ;;
steps) list_steps ;;
*)
  printf 'usage: pikaci-incus-run [--step ID] run | follow OFFSET | status | cancel [GRACE] | secrets | forget\n       pikaci-incus-run list [--directories] PATH... | pack | put PATH MODE [--size BYTES] [--new] [--at-once] [--writable WORKSPACE] [--root | --user NAME] | unpack DIR [--at-once] [--writable WORKSPACE] [--root | --user NAME] | trust --size BYTES | steps\n' >&2
  exit 64
  ;;
esac

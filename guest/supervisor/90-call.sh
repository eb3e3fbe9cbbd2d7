# shellcheck shell=sh
number() { # number TEXT: at most 18 digits and none of them a leading 0, which arithmetic would take for octal
  case $1 in 0) ;; '' | 0* | *[!0-9]* | ???????????????????*) refuse 64 usage "a whole number was expected" ;; esac
}

case ${1-} in
run | supervise)
  self=$0
  case $self in /*) ;; *) self=$PWD/$self ;; esac
  "$@"
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
list)
  exec 3>&2
  shift
  list "$@"
  ;;
pack) pack ;;
*)
  printf 'usage: pikaci-incus-run run | follow OFFSET | status | cancel [GRACE] | secrets | list PATH... | pack\n' >&2
  exit 64
  ;;
esac

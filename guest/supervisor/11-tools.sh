# shellcheck shell=sh
# What an image may lack. Debian's busybox has no `install`; of it is used: `install -d [-m MODE] [-o OWNER] [-g GROUP] DIRECTORY…`.
# The directories above those are made for all to pass, whatever the umask, as `install` does it.
command -v install >/dev/null || install() (
  mode=0755 owner='' group=''
  while :; do
    case $1 in
    -d) shift && continue ;;
    -m) mode=$2 ;;
    -o) owner=$2 ;;
    -g) group=$2 ;;
    *) break ;;
    esac
    shift 2
  done
  umask 022
  mkdir -p "$@" && { [ -z "$owner$group" ] || chown "$owner:$group" "$@"; } && chmod "$mode" "$@"
)

# shellcheck shell=sh
# An entry is `TYPE SIZE PATH`. GNU find says all that itself; elsewhere stat says the mode in hexadecimal, a line for each file, so that
# names with a newline are asked for one by one.
list() { # list [--directories] PATH...
  only='! -type d'
  if [ "${1-}" = --directories ]; then
    only=
    shift
  fi
  for path; do
    shift
    case $path in /*) ;; *) refuse 64 usage 'list takes absolute paths' ;; esac
    [ -z "$only" ] || ! leads_through_link "$path" || continue
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; fi
  done
  [ "$#" -gt 0 ] || return 0
  mine=/proc
  ! is_own_result || mine=$artifacts/result.json
  # shellcheck disable=SC2086 # words of find
  case $(find / -version 2>/dev/null | head -c 100) in
  *GNU*) find "$@" \( -path /proc -o -path /sys -o -path /dev -o -path "$artifacts/.pikaci" -o -path "$mine" \) -prune -o $only -printf '%y %s %p\0' ;;
  *)
    find "$@" \( -path /proc -o -path /sys -o -path /dev -o -path "$artifacts/.pikaci" -o -path "$mine" \) -prune -o $only -print0 |
      xargs -0 -r sh -c 'case $* in
      *"
"*) for file; do said=$(stat -c "%f %s" "$file" | head -c 100) && printf "%s %s\0" "$said" "$file"; done ;;
      *) stat -c "%f %s %n" "$@" | tr "\n" "\0" ;;
      esac
      :' sh
    ;;
  esac
}

# What is below a link has a name of its own, by which it is matched: whether it is found must not depend on where a pattern begins. The
# places that artifacts come from may lie behind one.
leads_through_link() { # leads_through_link PATH
  case $1 in
  "$artifacts"/*) at=$artifacts ;;
  /workspace/snapshot/*) at=/workspace/snapshot ;;
  *) at= ;;
  esac
  way=${1#"$at"/}
  while :; do
    case $way in */*) ;; *) return 1 ;; esac
    at=$at/${way%%/*} way=${way#*/}
    [ ! -L "$at" ] || return 0
  done
}

# The result has a second name among the artifacts, unless the job has put something there: that is the job's.
is_own_result() {
  # shellcheck disable=SC2046 # two numbers
  set -- $(stat -c %d:%i "$artifacts/.pikaci/result.json" "$artifacts/result.json" 2>/dev/null | head -c 100)
  [ "$#" = 2 ] && [ "$1" = "$2" ]
}

pack() {
  unset TAR_OPTIONS
  case $(tar --version 2>/dev/null </dev/null | head -c 100) in
  'tar (GNU tar)'*) exec tar -C / --format=gnu --null --no-recursion --ignore-failed-read --hard-dereference --quoting-style=c -cf - -T - ;;
  esac
  # busybox: some builds have no -T, and those that have it take no name with a newline. So the names become arguments, in as
  # many archives as that takes, joined by leaving out the two empty blocks that end each, but the last. A file that has become shorter
  # ends the archive there; one with several names has to be alone in its own, to be more than a link.
  xargs -0 -r sh -c 'exec 4>&1
    part() {
      said=$({ tar -C / --no-recursion -cf - "$@" | head -c -1024 >&4; } 2>&1)
      [ -z "$said" ] || printf "%s\n" "$said" >&2
      case $said in *"short read"*) exit 255 ;; esac
    }
    case $(stat -c %h "$@" 2>/dev/null | sort -u | head -c 100) in
    1) part "$@" ;;
    *) for file; do part "$file"; done ;;
    esac
    :' sh && head -c 1024 /dev/zero
}

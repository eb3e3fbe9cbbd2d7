# shellcheck shell=sh
list() { # inside the view
  for path; do
    shift
    case $path in /artifacts | /artifacts/* | /workspace | /workspace/*) ;; *) continue ;; esac
    case /$path/ in */../*) continue ;; esac
    path=${path#/}
    [ ! -e "$path" ] || set -- "$@" "$path"
  done
  [ "$#" -gt 0 ] || return 0
  find "$@" ! -type d -printf '/%p\0'
}

pack() { # inside the view
  sed -z 's|^/||' | tar --format=gnu --null --no-recursion --ignore-failed-read --hard-dereference -cf - -T -
}

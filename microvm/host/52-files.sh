# shellcheck shell=sh
list() { # inside the view
  for path; do
    shift
    case $path in /artifacts | /artifacts/* | /workspace | /workspace/*) ;; *) continue ;; esac
    case /$path/ in */../*) continue ;; esac
    path=${path#/}
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; fi
  done
  [ "$#" -gt 0 ] || return 0
  print_not_whole
  mine=artifacts/.pikaci
  ! is_own_result || mine=artifacts/result.json
  find "$@" \( -path artifacts/.pikaci -o -path "$mine" \) -prune -o ! -type d -printf '%y %s /%p\0'
}

# What the guest could not set aside of the workspace, and what it was at when it ended.
print_not_whole() {
  for file in artifacts/.pikaci/not-copied artifacts/.pikaci/copying; do
    ! is_roots "$file" || head -c 16777216 "$file" | sed -z 's|^\./|x 0 /workspace/snapshot/|'
  done
}

# What the supervisor said when it was given certificates. Before the job began root alone could write there.
trusted() { # inside the view
  file=artifacts/.pikaci/trusted
  ! is_roots "$file" || head -c 8192 "$file"
}

# As in the supervisor: the second name of the result, unless the job has put something there.
is_own_result() {
  # shellcheck disable=SC2046 # two numbers
  set -- $(stat -c %d:%i artifacts/.pikaci/result.json artifacts/result.json 2>/dev/null)
  [ "$#" = 2 ] && [ "$1" = "$2" ]
}

pack() { # inside the view
  unset TAR_OPTIONS
  sed -z 's|^/||' | tar --format=gnu --null --no-recursion --ignore-failed-read --hard-dereference --quoting-style=c -cf - -T -
}

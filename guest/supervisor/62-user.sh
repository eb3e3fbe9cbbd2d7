# shellcheck shell=sh
# How this image becomes the job's user: what `launch` and `as_user` know.
choose_switch() {
  if stands_alone setpriv && [ -z "${nameless-}" ]; then switch='setpriv --init-groups'
  elif setpriv --reuid "$uid" --regid "$gid" --init-groups true; then switch='setpriv --init-groups'
  elif setpriv --reuid "$uid" --regid "$gid" --clear-groups true; then switch='setpriv --clear-groups'
  elif command -v su >/dev/null; then switch=su
  else give_up 'neither setpriv nor su can switch to the user of the job'; fi
}

# Sets uid and gid of the login name; creates the default user where the image lacks it.
find_user() {
  uid=$(id -u "$login" | head -c 20) gid=$(id -g "$login" | head -c 20)
  case $uid/$gid in /* | */ | *[!0-9/]*) ;; *) return ;; esac
  if [ "$login" != pikaci ]; then
    give_up "the image has no user $login"
    return
  fi
  uid=1000 gid=1000
  case $home in *:*) passwd_home=/ ;; *) passwd_home=$home ;; esac
  # In an image that is read-only here the user has a number and no name; that does, too.
  enlist /etc/group 'pikaci:x:1000:' && enlist /etc/passwd "pikaci:x:1000:1000:pikaci:$passwd_home:/bin/sh" || nameless=yes
}

# Of several names of a number the first one counts: where somebody has it already, the line goes before theirs.
enlist() { # enlist FILE LINE
  if ! grep -q '^[^:]*:[^:]*:1000:' "$1"; then
    append "$1" "$2"
    return
  fi
  list=$machine/${1##*/}
  { printf '%s\n' "$2" && cat "$1"; } >"$list" && chmod 0644 "$list" || return
  # Whoever reads it meanwhile finds the old list or the new one. Where nothing can be put in its place it is covered.
  { [ -w "$1" ] && cp -p "$1" "$1.pikaci" && cat "$list" >"$1.pikaci" && mv -f "$1.pikaci" "$1"; } || {
    rm -f "$1.pikaci"
    mount -o bind "$list" "$1"
  }
}

append() { # append FILE LINE, behind a last line that may lack its end
  [ -w "$1" ] || return
  [ -z "$(tail -c 1 "$1" | head -c 1)" ] || printf '\n' >>"$1"
  printf '%s\n' "$2" >>"$1"
}

# Runs a command as the user of the job.
as_user() {
  # shellcheck disable=SC2086 # the word of $switch that names the groups
  case $switch in
  none) "$@" ;;
  setpriv*) setpriv --reuid "$uid" --regid "$gid" ${switch#setpriv } "$@" ;;
  su) su -s /bin/sh -c 'exec "$@"' -- "$login" sh "$@" ;;
  esac
}

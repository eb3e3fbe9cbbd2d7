# shellcheck shell=sh
# The owner of what is sent: root, a user, or the default user. Installs the text that came along, too: this may be the first call.
begin_transfer() { # begin_transfer [--at-once] [--writable WORKSPACE] [--root | --user NAME]
  on_failure=refuse login=pikaci home=/home/pikaci uid='' gid='' switch=none
  workspace='' at_once=
  if [ "${1-}" = --at-once ]; then
    at_once=yes
    shift
  fi
  if [ "${1-}" = --writable ]; then
    workspace=${2-}
    check_path "$workspace"
    shift 2
  fi
  case ${1-}/$# in
  /0) ;;
  --root/1) login=root uid=0 gid=0 ;;
  --user/2)
    login=$2 home=/home/$2
    case $2 in '' | *[!A-Za-z0-9_.-]* | [!A-Za-z_]*) refuse 64 usage 'a login name was expected' ;; esac
    ;;
  *) refuse 64 usage 'only --root or --user NAME may follow' ;;
  esac
  await_mounts
  install_text
  [ -n "$at_once" ] || await_init
  # A test without root has only its own user to give files to.
  if [ "$(id -u)" != 0 ]; then uid=$(id -u | head -c 20) gid=$(id -g | head -c 20); elif [ -z "$uid" ]; then
    find_user
    choose_switch
  fi
  read -r nonce </proc/sys/kernel/random/uuid
  if [ -n "$workspace" ] && [ -d "$workspace" ]; then
    root=false is_transfer=yes
    [ "$(id -u)" != 0 ] || root=true
    make_writable_alone </dev/null
  fi
}

# What an upload has left that was killed: its name has its process, so that none under way is taken for one.
drop_stale() { # drop_stale PREFIX
  for left in "$1".*; do
    [ -e "$left" ] || [ -L "$left" ] || continue
    left_pid=${left##*/"${1##*/}".}
    left_start=${left_pid#*.}
    left_start=${left_start%%.*} left_pid=${left_pid%%.*}
    case $left_pid$left_start in '' | *[!0-9]*) continue ;; esac
    if started_at "$left_pid" && [ "$start" = "$left_start" ]; then continue; fi
    rm -rf "$left"
  done
}

install_text() {
  [ ! -e "$machine/pikaci-incus-run" ] && [ -n "${PIKACI_SUPERVISOR_TEXT-}" ] || return 0
  read -r nonce </proc/sys/kernel/random/uuid
  text=$machine/text.$nonce
  { install -d -m 0700 "$machine" && printf '%s\n' "$PIKACI_SUPERVISOR_TEXT" >"$text"; } || {
    say_why 'the supervisor could not be written' "$machine"
    rm -f "$text"
    refuse 70 setup "$fault"
  }
  # A link, like that of `run`: the file is whole, whoever comes first.
  ln "$text" "$machine/pikaci-incus-run" || [ -e "$machine/pikaci-incus-run" ] || mv "$text" "$machine/pikaci-incus-run"
  rm -f "$text"
}

check_path() {
  case $1 in
  *'
'*) ;;
  //* | */ | *//* | */. | */./* | */.. | */../*) ;;
  /*) return ;;
  esac
  refuse 64 usage 'an absolute, normalised path was expected'
}

# Goes to a directory, name by name, and makes what is missing. From then on all happens relative to it. A link on the way is
# followed when it is root's own, such as /var/run; one that a user has put there could lead root anywhere.
enter() { # enter DIRECTORY
  cd / || refuse 70 setup 'the root directory cannot be entered'
  way=${1#/} at=
  while [ -n "$way" ]; do
    name=${way%%/*}
    case $way in */*) way=${way#*/} ;; *) way= ;; esac
    if [ -L "./$name" ]; then
      [ "$(stat -c %u "./$name" | head -c 20)" = 0 ] || refuse 70 setup "$1 leads over a link that is not root's"
      cd -P "./$name" || refuse 70 setup "$1 cannot be entered"
      at=$(pwd -P)
      at=${at%/}
    else
      [ -d "./$name" ] || install -d -m 0755 -o "$uid" -g "$gid" "./$name" || {
        say_why "$1 cannot be made" . "$at"
        refuse 70 setup "$fault"
      }
      at=$at/$name
      { cd -P "./$name" && [ "$(pwd -P)" = "$at" ]; } || refuse 70 setup "$1 cannot be entered"
    fi
  done
}

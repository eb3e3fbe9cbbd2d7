# shellcheck shell=sh
put() { # put PATH MODE [--root | --user NAME]; the content is stdin
  [ "$#" -ge 2 ] || refuse 64 usage 'put PATH MODE [--root | --user NAME]'
  path=$1 mode=$2
  check_path "$path"
  case $mode in '' | *[!0-7]* | ?????*) refuse 64 usage 'the mode is an octal number such as 644' ;; esac
  shift 2
  begin_transfer "$@"
  enter "${path%/*}"
  name=${path##*/}
  [ ! -d "./$name" ] || refuse 70 setup "$path is a directory"
  part=./.pikaci-put.$nonce
  umask 077
  set -C
  # By its descriptor: the name may be somebody else's by now.
  { cat >&6 && chown "$uid:$gid" /proc/self/fd/6 && chmod "$mode" /proc/self/fd/6; } 6>"$part" || drop_put
  set +C
  mv -fT "$part" "./$name" || { [ ! -d "./$name" ] && mv -f "$part" "./$name"; } || drop_put
}

drop_put() {
  rm -f "$part"
  refuse 70 setup "$path could not be written: is the disk full?"
}

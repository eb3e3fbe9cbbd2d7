# shellcheck shell=sh
put() { # put PATH MODE [--size BYTES] [--new] [--at-once] [--writable WORKSPACE] [--root | --user NAME]; the content is stdin
  [ "$#" -ge 2 ] || refuse 64 usage 'put PATH MODE [--size BYTES] [--new] [--at-once] [--writable WORKSPACE] [--root | --user NAME]'
  path=$1 mode=$2
  check_path "$path"
  case $mode in '' | *[!0-7]* | ?????*) refuse 64 usage 'the mode is an octal number such as 644' ;; esac
  shift 2
  size=
  if [ "${1-}" = --size ]; then
    size=${2-}
    number "$size"
    shift 2
  fi
  unless_there=
  if [ "${1-}" = --new ]; then
    unless_there=yes
    shift
  fi
  begin_transfer "$@"
  enter "${path%/*}"
  name=${path##*/}
  if [ -n "$unless_there" ] && { [ -e "./$name" ] || [ -L "./$name" ]; }; then exit 0; fi
  [ ! -d "./$name" ] || refuse 70 setup "$path is a directory"
  drop_stale ./.pikaci-put
  started_at self
  part=./.pikaci-put.$pid.$start.$nonce
  umask 077
  set -C
  # By its descriptor: the name may be somebody else's by now.
  { cat >&6 && chown "$uid:$gid" /proc/self/fd/6 && chmod "$mode" /proc/self/fd/6; } 6>"$part" || drop_put
  set +C
  # The end of stdin may be that of the caller, or of this call: $$ is its first process.
  if [ -n "$size" ] && [ "$(stat -c %s "$part" | head -c 20)" != "$size" ] || ! started_at "$$"; then
    rm -f "$part"
    refuse 65 truncated "$path did not arrive whole: nothing was written"
  fi
  mv -fT "$part" "./$name" || { [ ! -d "./$name" ] && mv -f "$part" "./$name"; } || drop_put
}

drop_put() {
  say_why "$path could not be written" . "${path%/*}"
  rm -f "$part"
  refuse 70 setup "$fault"
}

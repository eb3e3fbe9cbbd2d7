# shellcheck shell=sh
# unpack DIR [--at-once] [--writable WORKSPACE] [--root | --user NAME]; stdin is an uncompressed tar. tar leaves the names below DIR that are absolute or have `..`.
unpack() {
  [ "$#" -ge 1 ] || refuse 64 usage 'unpack DIR [--at-once] [--writable WORKSPACE] [--root | --user NAME]'
  directory=$1
  [ "$directory" = / ] || check_path "$directory"
  shift
  begin_transfer "$@"
  enter "$directory"
  unset TAR_OPTIONS
  umask 022
  if [ "$switch" = none ]; then extract
  elif as_user test -w .; then as_user tar -xpof -
  else
    # The directory is another user's: what comes is made this user's first, and then put among the rest, unless the first process of this
    # call is gone: the end of stdin may be that of the caller.
    drop_stale ./.pikaci-unpack
    started_at self
    aside=./.pikaci-unpack.$pid.$start.$nonce
    { mkdir -m 0700 "$aside" && (cd "$aside" && extract && chown -hR "$uid:$gid" .) && started_at "$$" && cp -a "$aside/." . && chmod 0755 .; }
    ended=$?
    rm -rf "$aside"
    [ "$ended" = 0 ]
  fi || refuse 70 setup "the archive could not be unpacked into $directory"
}

extract() { tar -xpof -; }

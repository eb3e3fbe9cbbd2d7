# shellcheck shell=sh
# Caches: each is a directory of its own below WORKDIR/cache/volumes, with `config`, one line that the runner makes sense of, and `data`, which
# a machine gets as a share. A directory appears with its config by one rename; changes compare the line under a lock. What a guest has
# left in `data` is copied where no link is followed and no device opened, and without what could do harm later.
most_files=1000000
longest_copy_secs=1200

caches_at() { # caches_at WORKDIR
  case $1 in /*) ;; *) refuse 64 usage 'a work directory is an absolute path' ;; esac
  work=$1
  volumes=$work/cache/volumes
  kind=cache
}

volume_at() { # volume_at WORKDIR NAME
  caches_at "$1"
  case $2 in
  */* | *..*) refuse 64 usage 'a cache has a name without a slash' ;;
  pikaci-cache-?* | pikaci-cachecopy-?*) volume=$2 ;;
  *) refuse 64 usage 'the name of a cache begins with "pikaci-cache"' ;;
  esac
}

no_such_volume() { refuse 66 not_found "there is no $kind $1 in $volumes"; }

# Only the lock is held here: what takes long is done without it.
lock_volumes() {
  mkdir -p "$work/cache" && { [ -d "$volumes" ] || mkdir -m 0700 "$volumes" || [ -d "$volumes" ]; } ||
    refuse 70 setup "$volumes cannot be made"
  [ ! -L "$volumes" ] && [ -O "$volumes" ] || refuse 70 setup "$volumes is a link, or somebody else's: nothing is put there"
  exec 9>>"$volumes/lock"
  flock -w 30 9 || refuse 70 setup "somebody else has held $volumes/lock for 30 s"
}

unlock_volumes() { exec 9>&-; }

# Names of those that machines were given, each with a space around it.
volumes_in_use() {
  printf ' '
  sources "$work" | tr '\0' '\n' | sed -n "s|^.*/cache/volumes/\(pikaci-cachecopy-[0-9a-f]*\)/data\$|\1|p" | tr '\n' ' '
}

print_volume() { # print_volume NAME USED
  config=
  { IFS= read -r config <"$volumes/$1/config"; } 2>/dev/null
  [ -n "$config" ] || return 1
  printf '%s %s %s\n' "$1" "$2" "$config"
}

is_in_use() { case $used in *" $1 "*) echo 1 ;; *) echo 0 ;; esac }

# caches WORKDIR: a line for each: name, 1 when a machine has it, and its config. What killed calls have left is removed.
caches() {
  [ -d "$volumes" ] || return 0
  find "$volumes" -mindepth 1 -maxdepth 1 -name '.*' -mmin +60 -exec rm -rf {} +
  used=$(volumes_in_use)
  for directory in "$volumes"/pikaci-cache*; do
    [ -d "$directory" ] || continue
    directory=${directory##*/}
    print_volume "$directory" "$(is_in_use "$directory")"
  done
  return 0
}

# cache WORKDIR NAME: its line.
cache() {
  used=$(volumes_in_use)
  print_volume "$volume" "$(is_in_use "$volume")" || no_such_volume "$volume"
}

# cache-make WORKDIR NAME CONFIG [FROM]: a new one, empty or with what FROM has.
cache_make() {
  from=${2-}
  [ -z "$from" ] || [ -d "$volumes/$from/data" ] || no_such_volume "$from"
  lock_volumes
  [ ! -e "$volumes/$volume" ] || refuse 75 already_exists "there is a cache $volume already"
  new=$volumes/.new-$volume.$$
  rm -rf "$new"
  mkdir -m 0700 "$new" && mkdir -m 0755 "$new/data" && printf '%s\n' "$1" >"$new/config" && mv -T "$new" "$volumes/$volume" || {
    rm -rf "$new"
    refuse 70 setup "$volumes/$volume cannot be made"
  }
  unlock_volumes
  [ -n "$from" ] || return 0
  why=$(unshare --mount --propagation private /bin/sh "$0" cache-copy "$work" "$volume" "$from" 2>&1) && return
  rm -rf "${volumes:?}/$volume"
  refuse 70 copy_failed "the files of $from could not be copied: $(printf '%s' "$why" | tail -n 1 | head -c 500)"
}

# In a mount namespace of its own. Blocks are shared where the file system can, which also needs both to be below one mount. No extended
# attributes: a capability of a file is one. Nothing of root's is left that runs as root, nor anything but files, directories and links.
cache_copy() {
  mount --bind -- "$volumes" "$volumes" && mount -o remount,bind,nodev,nosuid,noexec,nosymfollow "$volumes" ||
    refuse 70 setup 'mount needs the option nosymfollow (Linux 5.10, util-linux 2.38)'
  cd "$volumes" || refuse 70 setup "there is no $volumes"
  timeout -k 10 "$longest_copy_secs" cp -dR --preserve=mode,ownership,timestamps,links --reflink=auto -- "$1/data/." "$volume/data/" || {
    [ "$?" != 124 ] || printf 'it took longer than %s s\n' "$longest_copy_secs" >&2
    exit 1
  }
  find "$volume/data" -xdev \( ! -type f ! -type d ! -type l -delete \) -o \( -type f -perm /6000 -exec chmod ug-s {} + \)
}

# cache-swap WORKDIR NAME OLD NEW: compares the config and writes it under a lock.
cache_swap() {
  [ -d "$volumes/$volume" ] || no_such_volume "$volume"
  lock_volumes
  config=
  { IFS= read -r config <"$volumes/$volume/config"; } 2>/dev/null
  [ -n "$config" ] || no_such_volume "$volume"
  [ "$config" = "$1" ] || refuse 65 stale "the $kind $volume was changed meanwhile"
  printf '%s\n' "$2" >"$volumes/$volume/config.new" && mv -f "$volumes/$volume/config.new" "$volumes/$volume/config" ||
    refuse 70 setup "$volumes/$volume/config cannot be written"
}

# cache-remove WORKDIR NAME: unless a machine has it.
cache_remove() {
  [ -d "$volumes/$volume" ] || no_such_volume "$volume"
  lock_volumes
  used=$(volumes_in_use)
  [ "$(is_in_use "$volume")" = 0 ] || refuse 75 in_use "a machine has the cache $volume"
  gone=$volumes/.gone-$volume.$$
  mv -T "$volumes/$volume" "$gone" 2>/dev/null || no_such_volume "$volume"
  unlock_volumes
  rm -rf "$gone" || refuse 70 setup "$gone cannot be removed"
}

# cache-size WORKDIR NAME: what its files take, in KiB; refuses more files than are kept.
cache_size() {
  [ -d "$volumes/$volume/data" ] || no_such_volume "$volume"
  kib=$(timeout 50 du -skx "$volumes/$volume/data") && count=$(timeout 50 du -sx --inodes "$volumes/$volume/data") ||
    refuse 70 setup "the size of $volumes/$volume cannot be found out"
  count=${count%%[!0-9]*}
  [ "$count" -le "$most_files" ] || refuse 70 too_many_files "it has $count files, and at most $most_files are kept"
  printf '%s\n' "${kib%%[!0-9]*}"
}

# The copies that the machine of this job's directory was given go with it.
remove_copies() {
  caches_at "${job%/runs/*/jobs/*}"
  for copy in $(tr '\0' '\n' <"$vm/sources" 2>/dev/null | sed -n "s|^.*/cache/volumes/\(pikaci-cachecopy-[0-9a-f]*\)/data\$|\1|p"); do
    rm -rf "${volumes:?}/$copy"
  done
}

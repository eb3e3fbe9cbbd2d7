# shellcheck shell=sh
prepare() {
  switch=none
  if [ "$root" = true ] && [ "$as_root" = false ]; then
    [ -n "$uid" ] || find_user
    choose_switch
  fi
  [ -d "$workspace" ]
  had_workspace=$?
  own_mount_parents
  # The home directory that goes with the request is made, and made this user's. One of the list of users is left as it is.
  requested_home=
  [ "$home" != "$home_given" ] || requested_home=$home
  [ -z "$cache_dirs" ] || [ "$switch" = none ] || each_cache own_restored_cache
  if [ "$switch" = none ]; then mkdir -p "$cargo_home" "$target" "$xdg_state" ${requested_home:+"$requested_home"}
  elif [ -n "$step" ] && [ -e "$machine/prepared" ]; then
    # They are of the user of the first step; the home directory may be another one's.
    mkdir -p "$cargo_home" "$target" "$xdg_state" && { [ -z "$requested_home" ] || install -d -o "$uid" -g "$gid" "$requested_home"; }
  else install -d -o "$uid" -g "$gid" "$cargo_home" "$target" "$xdg_state" ${requested_home:+"$requested_home"}; fi || check_directories
  [ -n "$requested_home" ] || make_home
  [ -z "$cache_dirs" ] || each_cache make_cache
  [ -z "$step" ] || true >"$machine/prepared"
  [ "$had_workspace" = 0 ] || mkdir -p "$workspace" || give_up_unwritable 'the workspace directory cannot be created' "$workspace"
  if [ -n "$secrets" ]; then
    chmod -R u=rX,go= "$secrets/files"
    [ "$switch" = none ] || chown -R "$uid:$gid" "$secrets/files" || give_up 'the secrets cannot be handed to the user of the job'
  fi
  if [ "$writable" = true ]; then
    if [ "$had_workspace" = 0 ]; then make_writable_alone
    elif [ "$switch" != none ]; then chown "$uid:$gid" "$workspace"; fi
    [ -z "$step" ] || printf '%s\n' "$workspace" >"$machine/writable"
  fi
}

# What an output is mounted at read-only is as it is (`test -w` of busybox does not see it). Everything else is the job's own, or there is no job.
check_directories() {
  for directory_of_job in "$cargo_home" "$target" "$xdg_state" ${requested_home:+"$requested_home"}; do
    if [ "$switch" = none ]; then mkdir -p "$directory_of_job"
    elif [ -n "$step" ] && [ -e "$machine/prepared" ] && [ "$directory_of_job" != "$home" ]; then mkdir -p "$directory_of_job"
    else install -d -o "$uid" -g "$gid" "$directory_of_job"; fi && continue
    if [ ! -d "$directory_of_job" ] || touch -c "$directory_of_job"; then
      give_up_unwritable "the directory $(in_json "$directory_of_job") of the job cannot be created" "$directory_of_job"
    fi
  done
}

# What the list of users names is made where it is missing, but for what no one is to have.
make_home() {
  [ ! -e "$home" ] || return 0
  case $home in
  /nonexistent | /nonexistent/*) ;;
  *)
    if [ "$switch" = none ]; then mkdir -p "$home"; else install -d -o "$uid" -g "$gid" "$home"; fi ||
      give_up_unwritable 'the home directory cannot be created' "$home"
    ;;
  esac
}

own_parents() { # own_parents DIRECTORY: it and those above it are the user's, up to the job's directory
  parent=$1
  while [ "$parent" != "$home" ] && [ "$parent" != "$cargo_home" ] && [ "$parent" != "$target" ] && [ -n "$parent" ]; do
    [ -L "$parent" ] || [ "$(stat -c %u "$parent")" != 0 ] || chown "$uid:$gid" "$parent"
    parent=${parent%/*}
  done
}

# What another user's job has left in a cache becomes this one's. Its links are what changes owners, never what they lead to.
own_restored_cache() {
  [ ! -d "$1" ] || [ "$(stat -c %u "$1")" = "$uid" ] || chown -hR "$uid:$gid" "$1" ||
    give_up "the cache $(in_json "$1") cannot be handed to the user of the job"
}

make_cache() {
  if [ "$switch" = none ]; then mkdir -p "$1"
  else
    install -d -o "$uid" -g "$gid" "$1" && case $1 in "$home"/* | "$cargo_home"/* | "$target"/*) own_parents "${1%/*}" ;; esac
  fi || give_up_unwritable "the directory $(in_json "$1") of a cache cannot be created" "$1"
}

each_cache() { # each_cache FUNCTION
  newline='
'
  rest=$cache_dirs
  while [ -n "$rest" ]; do
    "$1" "${rest%%"$newline"*}"
    case $rest in *"$newline"*) rest=${rest#*"$newline"} ;; *) rest= ;; esac
  done
}

# The parents of what is mounted below the job's directories were made by root. No step has run yet that could move them.
own_mount_parents() {
  [ "$switch" != none ] && [ ! -e "$machine/prepared" ] || return 0
  while read -r _ _ _ _ point _; do
    case $point in "$home"/* | "$cargo_home"/* | "$target"/*) ;; *) continue ;; esac
    parent=$(printf '%s.' "${point%/*}" | sed 's/%/%%/g')
    # shellcheck disable=SC2059 # the octal escapes of the kernel
    parent=$(printf "$parent")
    own_parents "${parent%.}"
  done </proc/self/mountinfo
}

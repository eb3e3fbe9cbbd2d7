# shellcheck shell=sh
prepare() {
  switch=none
  if [ "$root" = true ] && [ "$as_root" = false ]; then
    [ -n "$uid" ] || find_user
    choose_switch
  fi
  [ -d "$workspace" ]
  had_workspace=$?
  if [ "$switch" = none ]; then mkdir -p "$cargo_home" "$target" "$xdg_state" "$home"
  elif [ -n "$step" ] && [ -e "$machine/prepared" ]; then
    # They are of the user of the first step; the home directory may be another one's.
    mkdir -p "$cargo_home" "$target" "$xdg_state" && install -d -o "$uid" -g "$gid" "$home"
  else install -d -o "$uid" -g "$gid" "$cargo_home" "$target" "$xdg_state" "$home"; fi || give_up 'a directory of the job cannot be created'
  [ -z "$step" ] || true >"$machine/prepared"
  [ "$had_workspace" = 0 ] || mkdir -p "$workspace" || give_up 'the workspace directory cannot be created'
  if [ -n "$secrets" ]; then
    chmod -R u=rX,go= "$secrets/files"
    [ "$switch" = none ] || chown -R "$uid:$gid" "$secrets/files" || give_up 'the secrets cannot be handed to the user of the job'
  fi
  if [ "$writable" = true ]; then
    if [ "$had_workspace" = 0 ]; then make_writable
    elif [ "$switch" != none ]; then chown "$uid:$gid" "$workspace"; fi
    [ -z "$step" ] || printf '%s\n' "$workspace" >"$machine/writable"
  fi
}

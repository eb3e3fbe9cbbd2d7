# shellcheck shell=sh
# Begins the step whose number it reads. At the end of the numbers the one that decides is gone.
launch_steps() {
  exec 4>&-
  on_failure=unfit served=$login
  while read -r n; do
    # shellcheck source=/dev/null
    . "$own/step.$n"
    output=$pipes/output.$n
    command_file=$public/commands/$step_id
    ready_step
    [ -z "$unfit" ] || continue
    begin_drain
    printf 'drain %s\n' "$drain" >&8
    run_command
  done
  [ -z "$drain" ] || has_result || kill "$drain"
}

# What the step needs before its command: its user, and files that are this user's.
ready_step() {
  unfit='' switch=none
  if [ "$root" = true ] && [ "$as_root" = false ]; then
    [ -n "$uid" ] || find_user
    [ -n "$unfit" ] || choose_switch
  fi
  [ -z "$unfit" ] || return
  if [ "$served" != "$login" ] && [ "$switch" != none ]; then
    make_home
    [ -z "$secrets" ] || chown -R "$uid:$gid" "$secrets/files" || give_up 'the secrets cannot be handed to its user'
    served=$login
  fi
  offer_exports "$public/env/$step_id"
  ln "$own/command.$n" "$command_file" || cp "$own/command.$n" "$command_file" || give_up_unwritable 'its command cannot be written' "$public"
  mkfifo -m 0666 "$output" || { output=$state/output.$n && mkfifo -m 0666 "$output"; } || give_up_unwritable 'the state directory cannot be written' "$state"
}

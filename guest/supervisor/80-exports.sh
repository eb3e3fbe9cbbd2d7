# shellcheck shell=sh
# The file that PIKACI_ENV names: the user's, in a directory that is root's, so that nothing else can take its place.
offer_exports() {
  true >"$1" || give_up_unwritable 'the file for exported variables cannot be created' "${1%/*}"
  [ "$switch" = none ] || chown "$uid:$gid" "$1" || give_up 'the file for exported variables cannot be handed to its user'
}

# take_exports FILE: what the step that has ended exports, for all later ones. Nothing in it is evaluated. Adds to `warnings`.
take_exports() {
  warnings=
  [ -s "$1" ] || return 0
  taken=$own/taken
  head -c 2097153 <"$1" >"$taken"
  size=$(stat -c %s "$taken")
  if [ "$size" -gt 2097152 ]; then echo "PIKACI_ENV of ${step:-$step_id}: ignored: it is longer than 2097152 bytes"
  elif [ "$(tr -d '\000' <"$taken" | wc -c)" -ne "$size" ]; then echo "PIKACI_ENV of ${step:-$step_id}: ignored: it has a NUL"
  else
    PIKACI_EXPORTED=$exported PIKACI_TAKEN=$taken PIKACI_OF=${step:-$step_id} awk "$json_awk$words_awk$exports_awk" &&
      mv -f "$exported.list.new" "$exported.list" && mv -f "$exported.new" "$exported"
  fi >"$own/ignored"
  # What is said here has neither quotes nor anything of the file.
  while IFS= read -r ignored; do
    printf '%s\n' "$ignored" >&2
    warnings=${warnings:+$warnings,}\"$ignored\"
  done <"$own/ignored"
}

# shellcheck shell=sh
print_secrets() {
  secrets=
  # shellcheck source=/dev/null
  [ ! -r "$state/plan" ] || . "$state/plan"
  if [ -n "$secrets" ]; then cat "$secrets/json/secrets"; else printf '{}\n'; fi
}

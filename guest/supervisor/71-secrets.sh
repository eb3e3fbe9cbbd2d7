# shellcheck shell=sh
# Sets `secrets` to their directory; empty when the job was given none, or they are gone.
find_secrets() {
  secrets='' nonce=''
  # The place in memory and the directory of the request have the same mark.
  { read -r _ _ spare <"$state/started"; } 2>/dev/null && nonce=${spare##*.}
  # shellcheck source=/dev/null
  [ -z "$nonce" ] || [ ! -r "$state/request.$nonce/plan" ] || . "$state/request.$nonce/plan"
  [ -e "$secrets/json/secrets" ] || secrets=
}

print_secrets() {
  find_secrets
  if [ -n "$secrets" ]; then cat "$secrets/json/secrets"; else printf '{}\n'; fi
}

# For whoever has recorded the end: nobody will have to mask them any more.
forget_secrets() {
  check_state
  [ "$phase" != running ] || refuse 75 running 'the step runs: it still needs its secrets'
  find_secrets
  [ -z "$secrets" ] || rm -rf "$secrets"
}

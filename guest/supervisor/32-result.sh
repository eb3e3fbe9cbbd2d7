# shellcheck shell=sh
# finish passed|failed EXIT_CODE|null CAUSE MESSAGE (as it stands in a JSON string).
finish() {
  has_result && return
  all_warnings=${ready_warning-}${ready_warning:+${step_warnings:+,}}${step_warnings-}
  json="{\"schema_version\":1,\"status\":\"$1\",\"exit_code\":$2,\"finished_at\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\",\"message\":\"$4\",\"cause\":\"$3\"${all_warnings:+,\"warnings\":[$all_warnings]}${step_lines:+,\"steps\":[$step_lines]}}"
  size=
  ! has_log || size=$(stat -c %s "$log" 2>/dev/null)
  size=${size:-0}
  printf '%s\n' "$size" >"$state/log-bytes" && printf '%s\n' "$json" >"$state/result.new"
  on_disk=$?
  [ -n "$step" ] || show_result
  [ "$on_disk" = 0 ] && mv -f "$state/result.new" "$state/result.json" && return
  # The disk is full. The file in memory has had its page from the start, and is not truncated here: it fits even when
  # the job has filled the tmpfs, too.
  printf '%s %s\n' "$size" "$json" 1<>"$spare/reserved" && mv -f "$spare/reserved" "$spare/result"
}

# The result's own place is a directory of root's: created exclusively under a name nobody knows, and what lies in its place, put there before
# the directory was closed, is moved away first. Its second name, which readers of old know, is the job's where the job has taken it.
show_result() {
  place=$artifacts/.pikaci
  read -r nonce </proc/sys/kernel/random/uuid
  set -C
  printf '%s\n' "$json" >"$place/.result-$nonce"
  among_artifacts=$?
  set +C
  if [ -e "$place/result.json" ] || [ -L "$place/result.json" ]; then
    if mv "$place/result.json" "$place/.planted-$nonce"; then rm -rf "$place/.planted-$nonce" &
    else rm -rf "$place/result.json"; fi
  fi
  if [ "$among_artifacts" = 0 ]; then
    mv -fT "$place/.result-$nonce" "$place/result.json" || mv -f "$place/.result-$nonce" "$place/result.json"
    # Fails where there is something, and goes through no link.
    [ -d "$artifacts/result.json" ] || ln -n "$place/result.json" "$artifacts/result.json"
  else
    rm -f "$place/.result-$nonce"
  fi
}
